"""A scene read from a pymunk.Space; what a scene cannot express is refused by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pymunk
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.edges import all_pairs, among
from physim.scenes.joints import Columns, Joint, Point, checked, columns_of
from physim.scenes.scene import (
    CIRCLE,
    DYNAMIC,
    KINEMATIC,
    PAIR,
    POINT,
    POLYGON,
    RELATION_COLUMNS,
    SEGMENT,
    SOLVER_FIELDS,
    STATIC,
    Scene,
)

COLUMNS_OF_BODIES = {"angle", "angular_velocity", "mass", "moment", "radius", "elasticity", "friction"}
_TYPES = {
    pymunk.Body.DYNAMIC: DYNAMIC,
    pymunk.Body.KINEMATIC: KINEMATIC,
    pymunk.Body.STATIC: STATIC,
}


@dataclass(frozen=True)
class _Object:
    """A body with at most one shape; shapes and anchors of static bodies are objects of their own.

    Circles and segments are centred on their objects; polygons may lie anywhere around theirs.
    """

    body: pymunk.Body
    shape: pymunk.Shape | None
    position: Point
    angle: float
    extent: Point = (0.0, 0.0)

    @property
    def origin(self) -> Origin:
        static = self.body.body_type == pymunk.Body.STATIC
        return Origin(self.body, self.shape, self.position if static else None)


@dataclass(frozen=True)
class _Link:
    """A spring, pin, pivot or slide between two objects, and where it holds them; `apart`: they do not collide."""

    ends: tuple[int, int]
    anchors: tuple[Point, Point]
    kind: int
    columns: Columns
    apart: bool

    @property
    def back(self) -> _Link:
        """The same from the other end."""
        return replace(self, ends=self.ends[::-1], anchors=self.anchors[::-1])


def scene_of(space: pymunk.Space, dt: float = math.nan, columns: Sequence[str] = ()) -> Scene:
    """Read a Space as a scene; `columns` names further attributes of the bodies to take along, such as charge.

    Objects stand in the order of `space.bodies`; then come the shapes of `space.static_body`, each a static object of
    its own, then the points of static bodies that springs and joints hang from. Relations: all pairs but those within a
    collision group and those that a joint keeps from colliding, then springs, pins, pivots and slides, there and back.

    Forces that wait on bodies for the next step stay behind (`check_no_forces` refuses them): give their impulses to
    `Engine.pushed`.

    Raises: PhysimError naming what a scene cannot express.
    """
    return scene_and_origins(space, dt, columns)[0]


class Origin(NamedTuple):
    """What an object of a scene was in the Space: a body, or a shape or the point of a joint on a static one."""

    body: pymunk.Body
    shape: pymunk.Shape | None
    held_at: Point | None


def scene_and_origins(
    space: pymunk.Space, dt: float = math.nan, columns: Sequence[str] = ()
) -> tuple[Scene, list[Origin]]:
    """Read a Space as `scene_of` does, and say what each object of the scene was in it; no two were the same."""
    _check_space(space)
    objects = _objects(space)
    links = _links(space, objects)
    fields = _object_fields(objects, columns)
    fields |= _corner_fields(objects)
    fields |= _relation_fields(fields["group"], links)
    fields |= {
        "gravity": torch.tensor([space.gravity], dtype=torch.float64),
        "damping": torch.tensor([space.damping], dtype=torch.float64),
        "dt": torch.tensor([dt], dtype=torch.float64),
        "solver": torch.tensor([[getattr(space, name) for name in SOLVER_FIELDS]], dtype=torch.float64),
    }
    scene = Scene.of(fields.pop("pos"), fields.pop("vel"), fields.pop("mass"), **fields)
    return scene, [item.origin for item in objects]


def check_no_forces(space: pymunk.Space) -> None:
    """Raise PhysimError where a force or torque waits for the next step, which a scene alone would lose."""
    for number, body in enumerate(space.bodies):
        if body.body_type == pymunk.Body.DYNAMIC and (body.force != (0, 0) or body.torque != 0):
            raise PhysimError(
                f"body {number} waits with force {list(body.force)} and torque {body.torque} for the first step, and a "
                "scene has none: give it a velocity, or the Space a gravity"
            )


def _objects(space: pymunk.Space) -> list[_Object]:
    shapes: dict[pymunk.Body, list[pymunk.Shape]] = {body: [] for body in space.bodies}
    for shape in space.shapes:
        _check_shape(shape)
        assert shape.body is not None
        shapes.setdefault(shape.body, []).append(shape)
    objects = []
    for number, (body, its_shapes) in enumerate(shapes.items()):
        _check_body(body, number)
        if body in space.bodies and len(its_shapes) <= 1 and not any(map(_off_centre, its_shapes)):
            objects.append(_object(body, its_shapes[0] if its_shapes else None))
        elif body.body_type == pymunk.Body.STATIC:
            objects.extend(_static_object(body, shape) for shape in its_shapes)
        elif len(its_shapes) > 1:
            raise PhysimError(f"body {number} has {len(its_shapes)} shapes, wanted at most one on a body that moves")
        else:
            raise PhysimError(
                f"the shape of body {number} is not centred on its body, wanted offset 0 on a body that moves"
            )
    return objects


def _object(body: pymunk.Body, shape: pymunk.Shape | None) -> _Object:
    extent = (shape.b - shape.a) / 2 if isinstance(shape, pymunk.Segment) else pymunk.Vec2d.zero()
    return _Object(body, shape, body.position, body.angle, extent)


def _static_object(body: pymunk.Body, shape: pymunk.Shape) -> _Object:
    """A shape of a static body stands at its own centre, but for polygons, whose corners stay as they are."""
    if isinstance(shape, pymunk.Segment):
        a, b = body.local_to_world(shape.a), body.local_to_world(shape.b)
        return _Object(body, shape, (a + b) / 2, 0.0, (b - a) / 2)
    if isinstance(shape, pymunk.Poly):
        return _Object(body, shape, body.position, body.angle)
    assert isinstance(shape, pymunk.Circle)
    return _Object(body, shape, body.local_to_world(shape.offset), body.angle)


def _off_centre(shape: pymunk.Shape) -> bool:
    if isinstance(shape, pymunk.Poly):
        return False
    centre = shape.a + shape.b if isinstance(shape, pymunk.Segment) else shape.offset
    return bool(centre != (0, 0))


def _object_fields(objects: list[_Object], columns: Sequence[str]) -> dict[str, Tensor]:
    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64)

    bodies, shapes = [item.body for item in objects], [item.shape for item in objects]
    moves = [body.body_type == pymunk.Body.DYNAMIC for body in bodies]
    fields = {
        "pos": torch.tensor([item.position for item in objects], dtype=torch.float64).reshape(-1, 2),
        "vel": torch.tensor([body.velocity for body in bodies], dtype=torch.float64).reshape(-1, 2),
        "angle": column([item.angle for item in objects]),
        "angular_velocity": column([body.angular_velocity for body in bodies]),
        "mass": column([body.mass if free else 0.0 for body, free in zip(bodies, moves, strict=True)]),
        "moment": column([body.moment if free else math.inf for body, free in zip(bodies, moves, strict=True)]),
        "body_type": torch.tensor([_TYPES[body.body_type] for body in bodies], dtype=torch.int64),
        "shape": torch.tensor([_kind(shape) for shape in shapes], dtype=torch.int64),
        "radius": column([shape.radius if shape else 0.0 for shape in shapes]),
        "extent": torch.tensor([item.extent for item in objects], dtype=torch.float64).reshape(-1, 2),
        "elasticity": column([shape.elasticity if shape else 0.0 for shape in shapes]),
        "friction": column([shape.friction if shape else 0.0 for shape in shapes]),
        "group": torch.tensor([shape.filter.group if shape else 0 for shape in shapes], dtype=torch.int64),
    }
    for name in columns:
        fields[name] = column([vars(body).get(name, 0.0) for body in bodies])
    return fields


def _kind(shape: pymunk.Shape | None) -> int:
    if shape is None:
        return POINT
    return CIRCLE if isinstance(shape, pymunk.Circle) else SEGMENT if isinstance(shape, pymunk.Segment) else POLYGON


def _corner_fields(objects: list[_Object]) -> dict[str, Tensor]:
    polygons = [(number, item.shape) for number, item in enumerate(objects) if isinstance(item.shape, pymunk.Poly)]
    corners = [(number, corner) for number, shape in polygons for corner in shape.get_vertices()]
    return {
        "corner": torch.tensor([corner for _, corner in corners], dtype=torch.float64).reshape(-1, 2),
        "corner_index": torch.tensor([number for number, _ in corners], dtype=torch.int64),
    }


def _links(space: pymunk.Space, objects: list[_Object]) -> list[_Link]:
    """The springs and joints of a Space; adds objects for static anchors."""
    links = []
    for constraint in space.constraints:
        joint = checked(constraint)
        first, own = _end(objects, joint.a, joint.anchor_a)
        second, other = _end(objects, joint.b, joint.anchor_b)
        kind, columns = columns_of(joint)
        links.append(_Link((first, second), (own, other), kind, columns, apart=not joint.collide_bodies))
        if not joint.collide_bodies:
            _check_apart(joint, objects, (first, second))
    return links


def _end(objects: list[_Object], body: pymunk.Body, anchor: Point) -> tuple[int, Point]:
    """The object that a joint holds, and where in its frame: static bodies are held at points of their own."""
    static = body.body_type == pymunk.Body.STATIC
    position = body.local_to_world(anchor)
    for number, item in enumerate(objects):
        if item.body is body and (not static or item.position == position):
            return number, (0.0, 0.0) if static else anchor
    if not static:
        raise PhysimError("a spring or joint holds a moving body that is not in the Space, wanted one that was added")
    objects.append(_Object(body, None, position, 0.0))
    return len(objects) - 1, (0.0, 0.0)


def _check_apart(joint: Joint, objects: list[_Object], ends: tuple[int, ...]) -> None:
    """A static body is many objects, of which a joint holds one: nothing would say that the others let pass."""
    for number, item in enumerate(objects):
        if item.body in (joint.a, joint.b) and item.shape is not None and number not in ends:
            raise PhysimError(
                f"a {type(joint).__name__} has collide_bodies=False to a static body that has shapes elsewhere than "
                "where it is held, wanted a body of its own for these shapes"
            )


def _relation_fields(group: Tensor, links: list[_Link]) -> dict[str, Tensor]:
    pairs = _pairs(group, [link.ends for link in links if link.apart])
    ways = [way for link in links for way in (link, link.back)]
    ends = torch.tensor([way.ends for way in ways], dtype=torch.int64).reshape(-1, 2).T
    kinds = torch.tensor([way.kind for way in ways], dtype=torch.int64)
    count = pairs.shape[1]
    return {
        "edge_index": torch.cat([pairs, ends], dim=1),
        "edge_kind": torch.cat([torch.full((count,), PAIR), kinds]),
        "edge_attr": _under_zeros(count, [way.columns for way in ways], len(RELATION_COLUMNS)),
        "edge_anchor": _under_zeros(count, [(*way.anchors[0], *way.anchors[1]) for way in ways], 4),
    }


def _pairs(group: Tensor, apart: list[tuple[int, int]]) -> Tensor:
    """All pairs but those of one collision group and those that joints keep from colliding [2, E]."""
    pairs = all_pairs([len(group)])
    if not apart and not group.any():
        return pairs
    first, second = group[pairs]
    kept_apart = among(pairs, torch.tensor(apart, dtype=torch.int64).reshape(-1, 2).T, len(group))
    return pairs[:, ((first != second) | (first == 0)) & ~kept_apart]


def _under_zeros(pairs: int, rows: list[Columns], width: int) -> Tensor:
    """Rows of links under the pairs', which are zeros [E, width]."""
    zeros = torch.zeros(1, width, dtype=torch.float64).expand(pairs, -1)  # of many pairs, all zeros are one row
    return torch.cat([zeros, torch.tensor(rows, dtype=torch.float64)]) if rows else zeros


def _check_space(space: pymunk.Space) -> None:
    if space._handlers:
        raise PhysimError("the Space has collision callbacks, which a scene cannot express")
    if math.isfinite(space.sleep_time_threshold):
        raise PhysimError(
            f"sleep_time_threshold is {space.sleep_time_threshold}, wanted inf: a scene has no sleeping bodies"
        )


def _check_body(body: pymunk.Body, number: int) -> None:
    if body.velocity_func is not pymunk.Body.update_velocity or body.position_func is not pymunk.Body.update_position:
        raise PhysimError(f"body {number} has its own velocity_func or position_func, which a scene cannot express")
    if body.center_of_gravity != (0, 0):
        raise PhysimError(f"center_of_gravity of body {number} is {tuple(body.center_of_gravity)}, wanted (0, 0)")
    if body.body_type == pymunk.Body.DYNAMIC and not (body.mass > 0 and body.moment > 0):
        raise PhysimError(f"body {number} has mass {body.mass} and moment {body.moment}, wanted both above 0")


def _check_shape(shape: pymunk.Shape) -> None:
    if not isinstance(shape, pymunk.Circle | pymunk.Segment | pymunk.Poly):
        raise PhysimError(f"a scene cannot express the shape {type(shape).__name__}, wanted Circle, Segment or Poly")
    if isinstance(shape, pymunk.Poly) and len(shape.get_vertices()) < 3:
        raise PhysimError(f"a Poly has {len(shape.get_vertices())} corners, wanted at least 3 that are not in line")
    if shape.sensor:
        raise PhysimError("a scene cannot express sensors, got a shape with sensor=True")
    if shape.filter != pymunk.ShapeFilter(group=shape.filter.group):
        raise PhysimError(f"a scene cannot express categories and masks of collision filters, got {shape.filter}")
    if shape.surface_velocity != (0, 0):
        raise PhysimError(f"a scene cannot express surface_velocity, got {tuple(shape.surface_velocity)}")
