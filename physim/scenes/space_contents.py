"""What a pymunk.Space holds beside motion, so that one may ask whether any of it has changed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import attrgetter

import pymunk

from physim.scenes.scene import SOLVER_FIELDS

Contents = tuple[Hashable, ...]
_OF_SPACES = attrgetter("gravity", "damping", "sleep_time_threshold", *SOLVER_FIELDS)
_OF_BODIES = attrgetter("body_type", "mass", "moment", "center_of_gravity", "velocity_func", "position_func")
_OF_STATIC_BODIES = attrgetter("position", "angle", "velocity")
_SHAPE = ("body", "radius", "elasticity", "friction", "filter", "sensor", "surface_velocity")
_SPRING = ("anchor_a", "anchor_b", "rest_length", "stiffness", "damping", "force_func")
_JOINT = ("a", "b", "collide_bodies", "max_force", "error_bias", "max_bias", "pre_solve", "post_solve")
_OF_KINDS = {
    pymunk.Circle: attrgetter(*_SHAPE, "offset"),
    pymunk.Segment: attrgetter(*_SHAPE, "a", "b"),
    pymunk.Shape: attrgetter(*_SHAPE),
    pymunk.DampedSpring: attrgetter(*_JOINT, *_SPRING),
    pymunk.PinJoint: attrgetter(*_JOINT, "anchor_a", "anchor_b", "distance"),
    pymunk.PivotJoint: attrgetter(*_JOINT, "anchor_a", "anchor_b"),
    pymunk.SlideJoint: attrgetter(*_JOINT, "anchor_a", "anchor_b", "min", "max"),
    pymunk.Constraint: attrgetter(*_JOINT),
}
"""What reads the attributes of each kind of shape and joint, the more special kinds first."""


def contents_of(space: pymunk.Space, columns: Sequence[str] = ()) -> Contents:
    """All that `scene_of` reads of a Space but the motion of its bodies, to be compared with what it was before.

    Where static bodies stand is part of it: they do not move unless somebody puts them elsewhere.
    """
    return (
        _OF_SPACES(space),
        bool(space._handlers),
        *((body, _OF_BODIES(body), _further(body, columns), _place(body)) for body in space.bodies),
        *map(_shape, space.shapes),
        *((joint, _attributes(joint), _place(joint.a), _place(joint.b)) for joint in space.constraints),
    )


def _further(body: pymunk.Body, columns: Sequence[str]) -> Contents:
    return tuple(vars(body).get(name) for name in columns)


def _shape(shape: pymunk.Shape) -> Contents:
    corners = tuple(shape.get_vertices()) if isinstance(shape, pymunk.Poly) else ()
    assert shape.body is not None
    return shape, _attributes(shape), corners, _place(shape.body)


def _place(body: pymunk.Body) -> Contents:
    """Where a static body stands."""
    place: Contents = _OF_STATIC_BODIES(body) if body.body_type == pymunk.Body.STATIC else ()
    return place


def _attributes(item: pymunk.Shape | pymunk.Constraint) -> Contents:
    attributes: Contents = next(read for kind, read in _OF_KINDS.items() if isinstance(item, kind))(item)
    return attributes
