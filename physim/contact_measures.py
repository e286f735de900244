"""What solid bodies must not do: sink into one another, or leave the box they are in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from physim.measures import Motion
from physim.outlines import half_widths, outlines, separation
from physim.scenes.edges import all_pairs, among, undirected
from physim.scenes.frames import rotated
from physim.scenes.scene import CIRCLE, DYNAMIC, POINT, POLYGON, SEGMENT, STATE_FIELDS, STATIC, Scene
from physim.scenes.trajectory import Trajectory

TOGETHER = 2_000_000
"""About how many pairs are looked at together, of all instants."""
MEETING = 1e-9
"""How far apart in metres, beyond their radii, the ends of two walls may be that meet."""


def penetration(motion: Trajectory) -> Tensor:
    """How deep each moving body is in another shape of its scene, the deepest, as a share of the smaller body's radius.

    Only bodies that can move count as the smaller one; a polygon counts by half of its least width, a thin rod by half
    of its length. Shapes of one group, or that a joint lets pass, do not touch, and static bodies have 0. What is not
    finite is infinitely deep.

    Shapes: [T + 1, N].
    """
    scene = motion.scene
    deepest = torch.zeros(motion.pos.shape[:-1], dtype=torch.float64)
    for instant, pair, depth in _touching(motion):
        for end in pair:
            np.maximum.at(deepest.numpy(), (instant.numpy(), end.numpy()), depth.numpy())
    moves = scene.body_type == DYNAMIC
    lost = ~torch.isfinite(motion.pos).all(dim=-1)
    return torch.where(moves, torch.where(lost, math.inf, deepest), 0.0)


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


def _colliding(scene: Scene) -> Tensor:
    """All pairs of shapes that may touch, of which one can move, each once [2, P]."""
    pairs = undirected(all_pairs(scene.counts))
    solid = (scene.shape[pairs] != POINT).all(dim=0)
    moves = (scene.body_type[pairs] == DYNAMIC).any(dim=0)
    first, second = scene.group[pairs]
    parted = among(pairs, scene.apart, scene.num_bodies)
    return pairs[:, solid & moves & ((first != second) | (first == 0)) & ~parted]


def _sizes(scene: Scene) -> Tensor:
    """What depths are measured by: the radius of each body that can move, infinite of all others [N]."""
    size = torch.where(scene.radius > 0, scene.radius, scene.extent.norm(dim=-1))
    size = torch.where(scene.shape == POLYGON, half_widths(outlines(scene)) + scene.radius, size)
    return torch.where(scene.body_type == DYNAMIC, size, math.inf)


def _touching(motion: Trajectory) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The instants [K], the two ends [2, K] and the depths [K] of shapes that touch, a part of the motion at a time."""
    scene, pairs = motion.scene, _colliding(motion.scene)
    size = _sizes(scene)
    polygons = (scene.shape[pairs] == POLYGON).any(dim=0)
    circles = (scene.shape[pairs] == CIRCLE).all(dim=0)
    outline = outlines(scene)
    for chosen, gaps, width in (
        (pairs[:, polygons], partial(_polygon_gaps, outline), outline.shape[1]),
        (pairs[:, circles & ~polygons], _circle_gaps, 1),
        (pairs[:, ~circles & ~polygons], _segment_gaps, 1),
    ):
        reach = scene.radius[chosen].sum(dim=0)
        instants = max(1, TOGETHER // max(1, width * chosen.shape[1]))
        for first in range(0, len(motion) if chosen.shape[1] else 0, instants):
            apart = gaps(motion, slice(first, first + instants), chosen)
            instant, pair = (apart < reach).nonzero(as_tuple=True)  # few of all pairs touch
            depth = (reach[pair] - apart[instant, pair]) / size[chosen].amin(dim=0)[pair]
            yield instant + first, chosen[:, pair], depth


def _polygon_gaps(outline: Tensor, motion: Trajectory, part: slice, pairs: Tensor) -> Tensor:
    """How far apart pairs are, of which one is a polygon at least, without their radii [t, P]; below 0 inside."""
    corners = rotated(outline, motion.angle[part, :, None]) + motion.pos[part, :, None]
    return separation(*(corners[:, end] for end in pairs))


def _circle_gaps(motion: Trajectory, part: slice, pairs: Tensor) -> Tensor:
    return _nearest(motion.pos[part], pairs, None).sqrt()


def _segment_gaps(motion: Trajectory, part: slice, pairs: Tensor) -> Tensor:
    return _nearest(motion.pos[part], pairs, motion.scene.half_extents(motion.angle[part])).sqrt()


def _nearest(pos: Tensor, pairs: Tensor, halves: Tensor | None) -> Tensor:
    """The squared distance of each pair's centres, or of its segments of half extents [t, N, 2]: [t, P]."""
    first, second = pairs
    apart = pos[:, second] - pos[:, first]
    if halves is None:
        return apart.square().sum(dim=-1)
    own, other = halves[:, first], halves[:, second]
    ends = [_to_segment(apart + sign * other, own) for sign in (-1, 1)]
    ends += [_to_segment(apart + sign * own, other) for sign in (-1, 1)]
    return torch.where(_crossing(apart, own, other), 0.0, torch.stack(ends).amin(dim=0))


def _to_segment(point: Tensor, half: Tensor) -> Tensor:
    """The squared distance of a point from the segment +- half around the origin, which may be a point itself."""
    length = half.square().sum(dim=-1)
    along = (point * half).sum(dim=-1) / torch.where(length > 0, length, 1.0)
    return (point - along.clamp(-1, 1)[..., None] * half).square().sum(dim=-1)


def _crossing(apart: Tensor, own: Tensor, other: Tensor) -> Tensor:
    """Whether the segments +- own around the origin and +- other around `apart` cut one another."""
    area = _cross(own, other)
    safe = torch.where(area == 0, 1.0, area)
    along, across = _cross(apart, other) / safe, _cross(apart, own) / safe
    return (area != 0) & (along.abs() <= 1) & (across.abs() <= 1)


def _cross(first: Tensor, second: Tensor) -> Tensor:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


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
