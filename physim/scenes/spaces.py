"""A pymunk.Space made from a scene."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pymunk
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.edges import among
from physim.scenes.joints import Point, joint_of
from physim.scenes.scene import (
    BODY_TYPES,
    CIRCLE,
    PAIR,
    POINT,
    POLYGON,
    SEGMENT,
    SHAPE_FIELDS,
    SOLVER_FIELDS,
    Scene,
)
from physim.scenes.space_reading import COLUMNS_OF_BODIES, scene_of

__all__ = ["scene_of", "space_of"]

_TYPES = {"dynamic": pymunk.Body.DYNAMIC, "kinematic": pymunk.Body.KINEMATIC, "static": pymunk.Body.STATIC}

STRAIGHT = 1e-9
"""How far corners that are nearly in line may bend inwards, in parts of the sharpest turn: pymunk's hulls round."""


def space_of(scene: Scene) -> pymunk.Space:
    """Make a Space whose bodies stand in the scene's order, with its shapes, springs, pins, pivots and slides.

    Joints between objects that are no pair of the scene, and share no group, get collide_bodies=False. The Space has
    no contacts cached: for resting contact it is not the Space that the scene was read from. One that was read before
    its first step, with its shapes added in the order of its bodies, takes the same steps bit for bit.
    """
    if "ptr" in scene and len(scene.ptr) != 2:
        raise PhysimError(f"a Space holds one scene, got a batch of {len(scene.ptr) - 1}")
    space = pymunk.Space()
    set_space_fields(space, scene)
    bodies = bodies_of_scene(scene)
    for body in bodies:
        space.add(body)
    space.add(*shapes_of_scene(scene, bodies))
    space.add(*joints_of_scene(scene, bodies))
    return space


def set_space_fields(space: pymunk.Space, scene: Scene) -> None:
    """Give a Space the gravity, the damping and the solver of a scene."""
    space.gravity = tuple(scene.gravity[0].tolist())
    space.damping = float(scene.damping)
    for name, value in zip(SOLVER_FIELDS, scene.solver[0].tolist(), strict=True):
        setattr(space, name, value if name.startswith("collision_slop") or name == "collision_bias" else int(value))


def bodies_of_scene(scene: Scene) -> list[pymunk.Body]:
    """A body for each object, in motion, with the scene's further columns as attributes."""
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


def shapes_of_scene(scene: Scene, bodies: list[pymunk.Body]) -> list[pymunk.Shape]:
    """The shapes of all objects but points, on their bodies; raises PhysimError where a polygon is not convex."""
    shapes: list[pymunk.Shape] = []
    corners = _corners(scene)
    columns = (scene[name].tolist() for name in SHAPE_FIELDS)
    for number, (kind, radius, extent, elasticity, friction, group) in enumerate(zip(*columns, strict=True)):
        if kind == POINT:
            continue
        shape = _shape(bodies[number], kind, radius, extent, corners.get(number, []))
        shape.elasticity, shape.friction = elasticity, friction
        shape.filter = pymunk.ShapeFilter(group=group)
        shapes.append(shape)
    return shapes


def _shape(body: pymunk.Body, kind: int, radius: float, extent: Sequence[float], corners: list[Point]) -> pymunk.Shape:
    if kind == CIRCLE:
        return pymunk.Circle(body, radius)
    if kind == SEGMENT:
        x, y = extent
        return pymunk.Segment(body, (-x, -y), (x, y), radius)
    polygon = pymunk.Poly(body, corners, radius=radius)
    polygon.unsafe_set_vertices(corners)  # as they are: the hull that pymunk makes of them may begin at another
    return polygon


def _corners(scene: Scene) -> dict[int, list[Point]]:
    """The corners of each polygon; raises PhysimError where they do not make a convex one."""
    found: dict[int, list[Point]] = {number: [] for number in (scene.shape == POLYGON).nonzero().ravel().tolist()}
    for number, (x, y) in zip(scene.corner_index.tolist(), scene.corner.tolist(), strict=True):
        if number not in found:
            raise PhysimError(f"corner_index names object {number}, which is no polygon")
        found[number].append((x, y))
    for number, corners in found.items():
        if not _convex(corners):
            raise PhysimError(
                f"corner: object {number} has {corners}, wanted at least 3 of a convex polygon, counter-clockwise"
            )
    return found


def _convex(corners: list[Point]) -> bool:
    """Whether a way round corners turns left at all of them, or hardly to the right where three are nearly in line."""
    if len(corners) < 3:
        return False
    sides = np.diff(np.array([*corners, *corners[:2]]), axis=0)
    turns = sides[:-1, 0] * sides[1:, 1] - sides[:-1, 1] * sides[1:, 0]
    around = np.arctan2(turns, (sides[:-1] * sides[1:]).sum(axis=1)).sum()
    return bool(turns.min() >= -STRAIGHT * turns.max() and math.isclose(around, 2 * math.pi))


def joints_of_scene(scene: Scene, bodies: list[pymunk.Body]) -> list[pymunk.Constraint]:
    """One constraint for every two relations: springs and joints stand in the scene as neighbours, there and back."""
    chosen = (scene.edge_kind != PAIR).nonzero().ravel()
    ends, anchors = scene.edge_index[:, chosen], scene.edge_anchor[chosen].reshape(-1, 2, 2)
    back = slice(1, None, 2)
    if (
        len(chosen) % 2
        or not torch.equal(ends[:, ::2], ends[:, back].flip(0))
        or not torch.equal(anchors[::2], anchors[back].flip(1))
    ):
        raise PhysimError("edge_index must name each spring and joint twice in a row, there and back")
    ends, columns = ends[:, ::2], (scene.edge_kind, scene.edge_attr)
    kinds, likes = (column[chosen][::2].tolist() for column in columns)
    joints: list[pymunk.Constraint] = []
    for (first, second), (own, other), kind, like, collide in zip(
        ends.T.tolist(), anchors[::2].tolist(), kinds, likes, joints_collide(scene, ends), strict=True
    ):
        joint = joint_of(kind, (bodies[first], bodies[second]), (own, other), like)
        joint.collide_bodies = collide
        joints.append(joint)
    return joints


def joints_collide(scene: Scene, ends: Tensor) -> list[bool]:
    """Whether what joints connect is a pair; those of one group are none already, whatever a joint says."""
    first, second = scene.group[ends]
    grouped = (first == second) & (first != 0)
    colliding: list[bool] = (grouped | ~among(ends, scene.apart, scene.num_bodies)).tolist()
    return colliding
