"""What solid bodies must not do: sink into one another, or leave the box they are in."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from physim.manifold import Hulls, manifold
from physim.measures import Motion
from physim.neighbours import Neighbours, may_touch
from physim.scenes.scene import DYNAMIC, POLYGON, SEGMENT, STATE_FIELDS, STATIC, Scene
from physim.scenes.trajectory import Trajectory

TOGETHER = 50_000
"""About how many bodies are looked at together, of all instants."""
MEETING = 1e-9
"""How far apart in metres, beyond their radii, the ends of two walls may be that meet."""


def penetration(motion: Trajectory) -> Tensor:
    """How deep each moving body is in another shape of its scene, the deepest, as a share of the smaller body's radius.

    Only bodies that can move count as the smaller one; a polygon counts by half of its least width, a thin rod by half
    of its length. Shapes of one group, or that a joint lets pass, do not touch, and static bodies have 0. What is not
    finite is infinitely deep.

    Shapes: [T + 1, N].
    """
    deepest = torch.zeros(motion.angle.shape, dtype=torch.float64)
    for part, pairs, depth in _touching(motion):
        rows = deepest[part].view(-1)
        rows.scatter_reduce_(0, pairs.flatten(), depth.repeat(2), "amax")
    lost = ~(torch.isfinite(motion.pos).all(dim=-1) & torch.isfinite(motion.angle))
    return torch.where(motion.scene.body_type == DYNAMIC, torch.where(lost, math.inf, deepest), 0.0)


def depths(motion: Motion) -> Tensor:
    """How deep each two shapes that touch are in one another, at any instant; measured as by `penetration`.

    Shapes: [K].
    """
    if not isinstance(motion, Trajectory):
        pos, vel, angle, turning = (motion[name][None] for name in STATE_FIELDS)
        motion = Trajectory(motion, pos, vel, angle, turning, torch.zeros(1))
    return torch.cat([torch.zeros(0, dtype=torch.float64), *(depth for _, _, depth in _touching(motion))])


def outside(motion: Motion) -> Tensor:
    """Whether each moving body is beyond the walls that close its scene in; never where none do.

    Shapes: [T + 1, N] bool for a trajectory, [N] for a scene.
    """
    scene = motion.scene if isinstance(motion, Trajectory) else motion
    low, high = boxes(scene)[scene.owners].unbind(dim=1)
    within = ((motion.pos >= low) & (motion.pos <= high)).all(dim=-1)
    return ~within & (scene.body_type == DYNAMIC)


def boxes(scene: Scene) -> Tensor:
    """The lowest and highest corner of the walls that close each scene in, their thickness included; else infinite.

    Walls close a scene in where static segments form an outline: both ends of each meet ends of others, and none of
    these has a free end itself.

    Shapes: [B, 2, 2].
    """
    halves = scene.half_extents(scene.angle)
    walls = (scene.shape == SEGMENT) & (scene.body_type == STATIC)
    found = []
    for rows in torch.split(torch.arange(scene.num_bodies), scene.counts.tolist()):
        chosen = rows[walls[rows]]
        found.append(_box(scene.pos[chosen], halves[chosen], scene.radius[chosen]))
    return torch.stack(found)


def _touching(motion: Trajectory) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Some instants at a time: these, pairs of shapes that overlap [2, K], and how deep [K], as `penetration`.

    Bodies are numbered on through the instants, N of each.
    """
    scene, shapes, size, may = motion.scene, Hulls.of(motion.scene), _sizes(motion.scene), may_touch(motion.scene)
    bodies = scene.num_bodies
    together = max(1, TOGETHER // max(1, bodies))
    for start in range(0, len(motion), together):
        part = slice(start, min(len(motion), start + together))
        instants = part.stop - part.start
        body, scenes = torch.arange(bodies).repeat(instants), len(scene.counts) * torch.arange(instants)
        placed = shapes[body].placed(motion.pos[part].flatten(0, 1), motion.angle[part].flatten())
        owners = (scenes[:, None] + scene.owners).flatten()
        near = Neighbours(owners, lambda first, second: may(first % bodies, second % bodies)).pairs(*placed.boxes)
        gap = manifold(placed[near[0]], placed[near[1]]).gap.amin(dim=1)
        depth = -gap / size[near % bodies].amin(dim=0)
        yield part, near[:, depth > 0], depth[depth > 0]


def _sizes(scene: Scene) -> Tensor:
    """What depths are measured by: the radius of each body that can move, infinite of all others [N]."""
    size = torch.where(scene.radius > 0, scene.radius, scene.extent.norm(dim=-1))
    size = torch.where(scene.shape == POLYGON, Hulls.of(scene).half_widths + scene.radius, size)
    return torch.where(scene.body_type == DYNAMIC, size, math.inf)


def _box(pos: Tensor, half: Tensor, radius: Tensor) -> Tensor:
    """The corners [2, 2] around those of the walls that form an outline; infinite where none do."""
    ends = torch.stack([pos - half, pos + half], dim=1)  # [S, 2, 2]
    apart = (ends[:, :, None, None] - ends).norm(dim=-1)  # [S, 2, S, 2]
    touching = apart <= radius[:, None, None, None] + radius[:, None] + MEETING
    touching[torch.arange(len(pos)), :, torch.arange(len(pos))] = False
    closed = _without_free_ends(touching.any(dim=-1))
    if not closed.any():
        return torch.tensor([[-math.inf] * 2, [math.inf] * 2], dtype=torch.float64)
    corners, thick = ends[closed], radius[closed][:, None, None]
    return torch.stack([(corners - thick).amin(dim=(0, 1)), (corners + thick).amax(dim=(0, 1))])


def _without_free_ends(meets: Tensor) -> Tensor:
    """Which walls are left [S] bool when those with an end that meets no other are taken away until there are none.

    Shapes: meets [S, 2, S] bool, whether an end of a wall meets another wall.
    """
    left = torch.ones(len(meets), dtype=torch.bool)
    while (free := left & ~(meets & left).any(dim=-1).all(dim=-1)).any():
        left = left & ~free
    return left
