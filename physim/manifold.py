"""Where two convex shapes touch, or nearly do: contact points, normals and gaps. Geometry alone, and differentiable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from physim.scenes.frames import rotated
from physim.scenes.scene import POLYGON, Scene

FAR = 1e9
"""Farther than anything, in metres: what corners that only fill up a row are put at."""
TINY = 1e-9
"""Lengths under it have no direction."""


@final
@dataclass(frozen=True)
class Hulls:
    """Convex shapes, the hulls of their corners, rounded by radii. A circle or point has one corner, a segment two.

    Shapes: corner [P, V, 2], counter-clockwise, of which the first `count` [P] count (at least one; the rest are any
    finite numbers); radius [P].
    """

    corner: Tensor
    count: Tensor
    radius: Tensor

    @classmethod
    def of(cls, scene: Scene) -> Hulls:
        """The shapes of all objects, in the frames of their bodies; V is the most corners that one has."""
        polygon, long = scene.shape == POLYGON, (scene.extent != 0).any(dim=-1)
        corners = torch.bincount(scene.corner_index, minlength=scene.num_bodies)
        count = torch.where(polygon, corners, 1 + long.long())
        corner = scene.extent[:, None].repeat(1, max([1, *count.tolist()]), 1)
        corner[:, 0] *= -1  # of segments, whose last corner is repeated
        owner, order = scene.corner_index.sort(stable=True)
        place = torch.arange(len(owner)) - (corners.cumsum(0) - corners)[owner]
        corner[owner, place] = scene.corner[order]
        return cls(corner, count, scene.radius)

    def placed(self, pos: Tensor, angle: Tensor) -> Hulls:
        """Where shapes in the frames of bodies lie in the world when these are at pos [P, 2], turned by angle [P]."""
        return Hulls(rotated(self.corner, angle[:, None]) + pos[:, None], self.count, self.radius)

    def __getitem__(self, chosen: Tensor) -> Hulls:
        return Hulls(self.corner[chosen], self.count[chosen], self.radius[chosen])

    @property
    def filled(self) -> Tensor:
        """Which corners count [P, V]."""
        return torch.arange(self.corner.shape[1]) < self.count[:, None]

    @property
    def following(self) -> Tensor:
        """The corner after each corner, the first after the last [P, V, 2]."""
        place = torch.arange(self.corner.shape[1])
        after = torch.where(place + 1 < self.count[:, None], place + 1, 0)
        return self.corner.gather(1, after[..., None].expand(-1, -1, 2))

    @property
    def boxes(self) -> tuple[Tensor, Tensor]:
        """The lowest and highest coordinates of each shape [P, 2]."""
        out = ~self.filled[..., None]
        low, high = self.corner.masked_fill(out, FAR).amin(1), self.corner.masked_fill(out, -FAR).amax(1)
        return low - self.radius[:, None], high + self.radius[:, None]

    @property
    def outward(self) -> Tensor:
        """The unit normals of the edges from each corner to the following, outward [P, V, 2]; 0 for circles."""
        along = self.following - self.corner
        return _unit(torch.stack([along[..., 1], -along[..., 0]], dim=-1))


@final
@dataclass(frozen=True)
class Manifold:
    """How P pairs of shapes meet: at most two points each.

    Shapes: normal [P, 2], the unit vector from the first to the second; first, second [P, 2, 2], the points on their
    surfaces; gap [P, 2] between these along the normal, negative where they overlap; two [P] bool, whether the second
    point differs from the first.
    """

    normal: Tensor
    first: Tensor
    second: Tensor
    gap: Tensor
    two: Tensor


def manifold(first: Hulls, second: Hulls) -> Manifold:
    """How pairs of shapes meet, the first of P with the second of P.

    The normal joins the two nearest points, or crosses the edge of least overlap where the hulls within the radii
    overlap. The points are the ends of what the edges that face each other share along it.
    """
    normal = _normal(first, second)
    own, other = _facing(first, normal), _facing(second, -normal)  # [P, 2, 2]
    across = torch.stack([-normal[:, 1], normal[:, 0]], dim=-1)[:, None]
    reach, beside = (own * across).sum(-1), (other * across).sum(-1)  # [P, 2]
    low = torch.maximum(reach.amin(1), beside.amin(1))
    high = torch.minimum(reach.amax(1), beside.amax(1))
    ends = torch.stack([low, high], dim=1)
    here = _at(own, reach, ends) + (normal * first.radius[:, None])[:, None]
    there = _at(other, beside, ends) - (normal * second.radius[:, None])[:, None]
    gap = ((there - here) * normal[:, None]).sum(-1)
    return Manifold(normal, here, there, gap, high - low > TINY)


def _normal(first: Hulls, second: Hulls) -> Tensor:
    """The directions [P, 2] along which pairs are nearest, or overlap least."""
    apart = torch.cat([_to_edges(first, second), -_to_edges(second, first)], dim=1)
    square = apart.square().sum(-1)
    nearest = _chosen(apart, square.argmin(1))
    overlap = torch.cat([_separation(first, second), _separation(second, first)], dim=1)
    axes = torch.cat([first.outward, -second.outward], dim=1)
    least = overlap.argmax(1)
    inside = (overlap.amax(1) <= 0) & (overlap.amax(1) > -FAR)
    touching = square.amin(1) < TINY**2
    return torch.where((inside | touching)[:, None], _chosen(axes, least), _unit(nearest))


def _to_edges(points: Hulls, edges: Hulls) -> Tensor:
    """From each corner of the ones to the nearest point of each edge of the others [P, V * W, 2]; else FAR."""
    start, along = edges.corner, edges.following - edges.corner
    ahead = points.corner[:, :, None] - start[:, None]  # [P, V, W, 2]
    length = along.square().sum(-1).clamp(min=TINY**2)
    share = ((ahead * along[:, None]).sum(-1) / length[:, None]).clamp(0, 1)
    apart = share[..., None] * along[:, None] - ahead
    counted = points.filled[:, :, None] & edges.filled[:, None]
    return torch.where(counted[..., None], apart, FAR).flatten(1, 2)


def _separation(own: Hulls, other: Hulls) -> Tensor:
    """How far the others lie beyond each edge of the ones [P, V]; -2 FAR for what is no edge."""
    beyond = own.outward @ other.corner.mT  # [P, V, W]
    nearest = torch.where(other.filled[:, None], beyond, FAR).amin(-1)
    edge = own.filled & (own.count[:, None] > 1)
    return torch.where(edge, nearest - (own.outward * own.corner).sum(-1), -2 * FAR)


def _facing(hulls: Hulls, direction: Tensor) -> Tensor:
    """The ends of the edge that faces a direction most [P, 2, 2]; for circles, twice the centre."""
    faces = (hulls.outward * direction[:, None]).sum(-1)
    edge = torch.where(hulls.filled, faces, -FAR).argmax(1)
    return torch.stack([_chosen(hulls.corner, edge), _chosen(hulls.following, edge)], dim=1)


def _at(ends: Tensor, where: Tensor, wanted: Tensor) -> Tensor:
    """The points of segments `ends` [P, 2, 2], at coordinates `where` [P, 2], at those wanted [P, 2]: [P, 2, 2]."""
    length = where[:, 1] - where[:, 0]
    safe = torch.where(length.abs() > TINY, length, torch.inf)
    share = ((wanted - where[:, :1]) / safe[:, None]).clamp(0, 1)
    return ends[:, :1] + share[..., None] * (ends[:, 1:] - ends[:, :1])


def _chosen(rows: Tensor, place: Tensor) -> Tensor:
    """Of each row [P, V, 2] the one at its place [P]."""
    return rows[torch.arange(len(rows)), place]


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm(dim=-1, keepdim=True).clamp(min=TINY)
