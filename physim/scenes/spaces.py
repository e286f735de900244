"""A pymunk.Space made from a scene."""

from __future__ import annotations

import pymunk

from physim.errors import PhysimError
from physim.scenes.scene import BODY_TYPES, RELATION_KINDS, SHAPE_FIELDS, SHAPE_KINDS, SOLVER_FIELDS, Scene
from physim.scenes.space_reading import COLUMNS_OF_BODIES, scene_of

__all__ = ["scene_of", "space_of"]

_TYPES = {"dynamic": pymunk.Body.DYNAMIC, "kinematic": pymunk.Body.KINEMATIC, "static": pymunk.Body.STATIC}


def space_of(scene: Scene) -> pymunk.Space:
    """Make a Space whose bodies stand in the scene's order, with its shapes, springs and pins.

    It has no contacts cached: for resting contact it is not the Space that the scene was read from.
    """
    if "ptr" in scene and len(scene.ptr) != 2:
        raise PhysimError(f"a Space holds one scene, got a batch of {len(scene.ptr) - 1}")
    space = pymunk.Space()
    space.gravity = tuple(scene.gravity[0].tolist())
    space.damping = float(scene.damping)
    for name, value in zip(SOLVER_FIELDS, scene.solver[0].tolist(), strict=True):
        setattr(space, name, value if name.startswith("collision_slop") or name == "collision_bias" else int(value))
    bodies = _bodies(scene)
    for body in bodies:
        space.add(body)
    space.add(*_shapes(scene, bodies))
    space.add(*_joints(scene, bodies))
    return space


def _bodies(scene: Scene) -> list[pymunk.Body]:
    names = ("pos", "vel", "angle", "angular_velocity", "mass", "moment", "body_type")
    bodies = []
    for pos, vel, angle, turning, mass, moment, kind in zip(*(scene[name].tolist() for name in names), strict=True):
        body_type = _TYPES[BODY_TYPES[kind]]
        body = pymunk.Body(mass, moment) if body_type == pymunk.Body.DYNAMIC else pymunk.Body(body_type=body_type)
        body.position, body.angle = pos, angle
        body.velocity, body.angular_velocity = vel, turning
        bodies.append(body)
    for name in set(scene.columns) - COLUMNS_OF_BODIES:
        for body, value in zip(bodies, scene[name].tolist(), strict=True):
            setattr(body, name, value)
    return bodies


def _shapes(scene: Scene, bodies: list[pymunk.Body]) -> list[pymunk.Shape]:
    shapes: list[pymunk.Shape] = []
    columns = (scene[name].tolist() for name in SHAPE_FIELDS)
    for body, kind, radius, (x, y), elasticity, friction, group in zip(bodies, *columns, strict=True):
        if SHAPE_KINDS[kind] == "point":
            continue
        circle = SHAPE_KINDS[kind] == "circle"
        shape = pymunk.Circle(body, radius) if circle else pymunk.Segment(body, (-x, -y), (x, y), radius)
        shape.elasticity, shape.friction = elasticity, friction
        shape.filter = pymunk.ShapeFilter(group=group)
        shapes.append(shape)
    return shapes


def _joints(scene: Scene, bodies: list[pymunk.Body]) -> list[pymunk.Constraint]:
    """One constraint for every two relations: springs and pins stand in the scene as neighbours, there and back."""
    chosen = (scene.edge_kind != RELATION_KINDS.index("pair")).nonzero().ravel()
    ends, kinds, columns = scene.edge_index[:, chosen].T, scene.edge_kind[chosen], scene.edge_attr[chosen]
    if len(chosen) % 2 or not (ends[::2] == ends[1::2].flip(1)).all():
        raise PhysimError("edge_index must name each spring and pin twice in a row, there and back")
    joints: list[pymunk.Constraint] = []
    for (first, second), kind, values in zip(
        ends[::2].tolist(), kinds[::2].tolist(), columns[::2].tolist(), strict=True
    ):
        a, b = bodies[first], bodies[second]
        if RELATION_KINDS[kind] == "spring":
            joints.append(pymunk.DampedSpring(a, b, (0, 0), (0, 0), *values))
        else:
            joint = pymunk.PinJoint(a, b)
            joint.distance = values[0]
            joints.append(joint)
    return joints
