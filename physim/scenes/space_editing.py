"""A Space of one scene made into that of another, with the contacts of what stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pymunk
import torch

from physim.scenes.scene import PAIR, STATIC, Scene
from physim.scenes.spaces import bodies_of_scene, joints_collide, joints_of_scene, set_space_fields, shapes_of_scene

_OUTLINE = ("body_type", "shape", "radius", "extent")
_PLACE = ("pos", "angle")
_SURFACE = ("elasticity", "friction", "filter")


def edit_space(
    space: pymunk.Space, bodies: Sequence[pymunk.Body], before: Scene, after: Scene, kept: Sequence[int]
) -> list[pymunk.Body]:
    """Make `space`, whose `bodies` stand for the objects of the scene `before`, one of the scene `after`.

    `kept` says which object of `before` each object of `after` is, -1 where it is new. Of those that keep their shape
    and type (and their place, where they are static), pymunk keeps the contacts, and of joints between them that stay
    as they are, the impulses. Joints stand in the order of the scene again. Gives the bodies of `after`.
    """
    fresh, same = bodies_of_scene(after), _same(before, after, kept)
    chosen = [bodies[old] if stays else new for old, stays, new in zip(kept, same, fresh, strict=True)]
    joints = _joints(space, bodies, before, chosen, after)
    staying = set(chosen)
    gone = [body for body in bodies if body not in staying]
    space.remove(*space.constraints, *(shape for body in gone for shape in body.shapes), *gone)
    shapes = {shape.body: shape for shape in shapes_of_scene(after, fresh)}
    for body, new, stays in zip(chosen, fresh, same, strict=True):
        if stays:
            _change(body, new, shapes.get(new))
        else:
            space.add(body, *([shapes[body]] if body in shapes else []))
    space.add(*joints)
    set_space_fields(space, after)
    return chosen


def _same(before: Scene, after: Scene, kept: Sequence[int]) -> list[bool]:
    """Which objects of `after` are one of `before` in shape and type."""
    old = torch.tensor(kept, dtype=torch.int64).clamp(min=0)
    same = torch.tensor(kept, dtype=torch.int64) >= 0
    moves = (after.body_type != STATIC)[:, None]
    for name in (*_OUTLINE, *_PLACE) if before.num_bodies else ():
        equal = (before[name][old] == after[name]).reshape(len(old), -1)
        same &= (equal | moves if name in _PLACE else equal).all(dim=1)
    corners, others = _corners(before), _corners(after)
    return [equal and corners[kept[number]] == others[number] for number, equal in enumerate(same.tolist())]


def _corners(scene: Scene) -> dict[int, list[list[float]]]:
    """The corners of each object that has some; of others none."""
    found = defaultdict(list)
    for number, corner in zip(scene.corner_index.tolist(), scene.corner.tolist(), strict=True):
        found[number].append(corner)
    return found


def _change(body: pymunk.Body, like: pymunk.Body, surface: pymunk.Shape | None) -> None:
    """Let a body, and its shape, be as another that has the same outline."""
    if body.body_type == pymunk.Body.DYNAMIC:
        body.mass, body.moment = like.mass, like.moment
    body.position, body.angle = like.position, like.angle
    body.velocity, body.angular_velocity = like.velocity, like.angular_velocity
    for shape in body.shapes:
        for name in _SURFACE:
            setattr(shape, name, getattr(surface, name))


def _joints(
    space: pymunk.Space, bodies: Sequence[pymunk.Body], before: Scene, chosen: Sequence[pymunk.Body], after: Scene
) -> list[pymunk.Constraint]:
    """The joints of `after`, those among them that `before` had too."""
    known: dict[tuple[object, ...], list[pymunk.Constraint]] = defaultdict(list)
    for key, joint in zip(_keys(before, bodies), list(space.constraints), strict=True):
        known[key].append(joint)
    made = joints_of_scene(after, list(chosen))
    return [known[key].pop(0) if known[key] else joint for key, joint in zip(_keys(after, chosen), made, strict=True)]


def _keys(scene: Scene, bodies: Sequence[pymunk.Body]) -> list[tuple[object, ...]]:
    """All that a joint is, for each joint of a scene."""
    rows = (scene.edge_kind != PAIR).nonzero().ravel()[::2]
    columns = torch.cat([scene.edge_kind[rows, None], scene.edge_attr[rows], scene.edge_anchor[rows]], dim=1).tolist()
    ends = scene.edge_index[:, rows]
    return [
        (bodies[first], bodies[second], collide, *like)
        for (first, second), collide, like in zip(ends.T.tolist(), joints_collide(scene, ends), columns, strict=True)
    ]
