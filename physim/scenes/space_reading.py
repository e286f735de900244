"""A scene read from a pymunk.Space; what a scene cannot express is refused by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pymunk
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.edges import all_pairs
from physim.scenes.scene import (
    CIRCLE,
    DYNAMIC,
    KINEMATIC,
    PAIR,
    PIN,
    POINT,
    RELATION_COLUMNS,
    SEGMENT,
    SOLVER_FIELDS,
    SPRING,
    STATIC,
    Scene,
)

COLUMNS_OF_BODIES = {"angle", "angular_velocity", "mass", "moment", "radius", "elasticity", "friction"}
_TYPES = {
    pymunk.Body.DYNAMIC: DYNAMIC,
    pymunk.Body.KINEMATIC: KINEMATIC,
    pymunk.Body.STATIC: STATIC,
}
Joint = tuple[int, int, int, tuple[float, float, float]]
_ERROR_BIAS = pymunk.PinJoint(pymunk.Body(1, 1), pymunk.Body(1, 1)).error_bias


@dataclass(frozen=True)
class _Object:
    """A body with at most one shape, centred on it; shapes and anchors of static bodies are objects of their own."""

    body: pymunk.Body
    shape: pymunk.Shape | None
    position: tuple[float, float]
    angle: float
    extent: tuple[float, float] = (0.0, 0.0)


def scene_of(space: pymunk.Space, dt: float = math.nan, columns: Sequence[str] = ()) -> Scene:
    """Read a Space as a scene; `columns` names further attributes of the bodies to take along, such as charge.

    Objects stand in the order of `space.bodies`; then come the shapes of `space.static_body`, each a static object of
    its own, then the points of static bodies that springs and pins hang from. Relations: all pairs but those within a
    collision group, then those of springs and pins, there and back.

    Raises: PhysimError naming what a scene cannot express.
    """
    _check_space(space)
    objects = _objects(space)
    joints = _joints(space, objects)
    fields = _object_fields(objects, columns)
    fields |= _relation_fields(fields["group"], joints)
    fields |= {
        "gravity": torch.tensor([space.gravity], dtype=torch.float64),
        "damping": torch.tensor([space.damping], dtype=torch.float64),
        "dt": torch.tensor([dt], dtype=torch.float64),
        "solver": torch.tensor([[getattr(space, name) for name in SOLVER_FIELDS]], dtype=torch.float64),
    }
    return Scene.of(fields.pop("pos"), fields.pop("vel"), fields.pop("mass"), **fields)


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
    """A shape of a static body stands at its own centre."""
    if isinstance(shape, pymunk.Segment):
        a, b = body.local_to_world(shape.a), body.local_to_world(shape.b)
        return _Object(body, shape, (a + b) / 2, 0.0, (b - a) / 2)
    assert isinstance(shape, pymunk.Circle)
    return _Object(body, shape, body.local_to_world(shape.offset), body.angle)


def _off_centre(shape: pymunk.Shape) -> bool:
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
    return POINT if shape is None else CIRCLE if isinstance(shape, pymunk.Circle) else SEGMENT


def _joints(space: pymunk.Space, objects: list[_Object]) -> list[Joint]:
    """(first object, second object, kind, relation columns) of each spring and pin; adds objects for static anchors."""
    joints: list[Joint] = []
    for joint in space.constraints:
        _check_joint(joint)
        ends = (_end(objects, joint.a, joint.anchor_a), _end(objects, joint.b, joint.anchor_b))
        if isinstance(joint, pymunk.DampedSpring):
            joints.append((*ends, SPRING, (joint.rest_length, joint.stiffness, joint.damping)))
        elif isinstance(joint, pymunk.PinJoint):
            joints.append((*ends, PIN, (joint.distance, 0.0, 0.0)))
    return joints


def _end(objects: list[_Object], body: pymunk.Body, anchor: tuple[float, float]) -> int:
    position = body.local_to_world(anchor)
    for number, item in enumerate(objects):
        if item.body is body and item.position == position:
            return number
    if body.body_type != pymunk.Body.STATIC:
        raise PhysimError(
            f"a spring or pin holds its body at {tuple(anchor)}, wanted the centre (0, 0) of a body that moves"
        )
    objects.append(_Object(body, None, position, 0.0))
    return len(objects) - 1


def _relation_fields(group: Tensor, joints: list[Joint]) -> dict[str, Tensor]:
    pairs = all_pairs([len(group)])
    first, second = group[pairs]
    pairs = pairs[:, (first != second) | (first == 0)]
    ends = [end for first, second, _, _ in joints for end in ((first, second), (second, first))]
    kinds = [kind for _, _, kind, _ in joints for _ in range(2)]
    values = [columns for _, _, _, columns in joints for _ in range(2)]
    width = len(RELATION_COLUMNS)
    return {
        "edge_index": torch.cat([pairs, torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T], dim=1),
        "edge_kind": torch.cat([torch.full((pairs.shape[1],), PAIR), torch.tensor(kinds, dtype=torch.int64)]),
        "edge_attr": torch.cat(
            [
                torch.zeros(pairs.shape[1], width, dtype=torch.float64),
                torch.tensor(values, dtype=torch.float64).reshape(-1, width),
            ]
        ),
    }


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
    if not isinstance(shape, pymunk.Circle | pymunk.Segment):
        raise PhysimError(f"a scene cannot express the shape {type(shape).__name__}, wanted Circle or Segment")
    if shape.sensor:
        raise PhysimError("a scene cannot express sensors, got a shape with sensor=True")
    if shape.filter != pymunk.ShapeFilter(group=shape.filter.group):
        raise PhysimError(f"a scene cannot express categories and masks of collision filters, got {shape.filter}")
    if shape.surface_velocity != (0, 0):
        raise PhysimError(f"a scene cannot express surface_velocity, got {tuple(shape.surface_velocity)}")


def _check_joint(joint: pymunk.Constraint) -> None:
    if not isinstance(joint, pymunk.DampedSpring | pymunk.PinJoint):
        raise PhysimError(f"a scene cannot express the joint {type(joint).__name__}, wanted DampedSpring or PinJoint")
    plain = math.isinf(joint.max_force) and joint.error_bias == _ERROR_BIAS and math.isinf(joint.max_bias)
    if not (plain and joint.collide_bodies):
        raise PhysimError(
            f"a {type(joint).__name__} has its own max_force, error_bias, max_bias or collide_bodies, "
            "wanted pymunk's defaults"
        )
    if isinstance(joint, pymunk.DampedSpring) and joint.force_func is not pymunk.DampedSpring.spring_force:
        raise PhysimError("a DampedSpring has its own force_func, which a scene cannot express")
