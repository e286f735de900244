"""What a pymunk.Space holds beside motion, so that one may ask whether any of it has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import pymunk

from physim.scenes.scene import SOLVER_FIELDS

Contents = tuple[Hashable, ...]
_OF_SPACES = attrgetter("gravity", "damping", "sleep_time_threshold", *SOLVER_FIELDS)
_OF_BODIES = attrgetter("body_type", "mass", "moment", "center_of_gravity", "velocity_func", "position_func")
_OF_STATIC_BODIES = attrgetter("position", "angle", "velocity")
_SHAPE = ("body", "radius", "elasticity", "friction", "filter", "sensor", "surface_velocity")
_JOINT = ("a", "b", "collide_bodies", "max_force", "error_bias", "max_bias", "pre_solve", "post_solve")
_KINDS: dict[type, tuple[str, ...]] = {
    pymunk.Circle: (*_SHAPE, "offset"),
    pymunk.Segment: (*_SHAPE, "a", "b"),
    pymunk.Poly: _SHAPE,
    pymunk.DampedSpring: (*_JOINT, "anchor_a", "anchor_b", "rest_length", "stiffness", "damping", "force_func"),
    pymunk.PinJoint: (*_JOINT, "anchor_a", "anchor_b", "distance"),
    pymunk.PivotJoint: (*_JOINT, "anchor_a", "anchor_b"),
    pymunk.SlideJoint: (*_JOINT, "anchor_a", "anchor_b", "min", "max"),
    pymunk.Constraint: _JOINT,
}


def contents_of(space: pymunk.Space, columns: Sequence[str] = ()) -> Contents:
    """All that `scene_of` reads of a Space but the motion of its bodies, to be compared with what it was before.

    Where static bodies stand is part of it: they do not move unless somebody puts them elsewhere.
    """
    return (
        _OF_SPACES(space),
        bool(space._handlers),
        *((body, _OF_BODIES(body), _further(body, columns), _place(body)) for body in space.bodies),
        *map(_shape, space.shapes),
        *((joint, _reader(type(joint))(joint), _place(joint.a), _place(joint.b)) for joint in space.constraints),
    )


def _further(body: pymunk.Body, columns: Sequence[str]) -> Contents:
    return tuple(vars(body).get(name) for name in columns)


def _shape(shape: pymunk.Shape) -> Contents:
    corners = tuple(shape.get_vertices()) if isinstance(shape, pymunk.Poly) else ()
    assert shape.body is not None
    return shape, _reader(type(shape))(shape), corners, _place(shape.body)


def _place(body: pymunk.Body) -> Contents:
    """Where a static body stands."""
    place: Contents = _OF_STATIC_BODIES(body) if body.body_type == pymunk.Body.STATIC else ()
    return place


@cache
def _reader(kind: type) -> Callable[[Any], Any]:
    """What reads the attributes of a shape or joint; of kinds that no scene knows, what all joints have."""
    return attrgetter(*next((names for known, names in _KINDS.items() if issubclass(kind, known)), ("body",)))
