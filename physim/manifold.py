"""Where two convex shapes touch, or nearly do: contact points, normals and gaps. Geometry alone, and differentiable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from physim.meeting import FAR, TINY, Direction, Outlines
from physim.scenes.frames import rotated
from physim.scenes.scene import POLYGON, Scene

STRAIGHT = 1 - 1e-14
"""The cosine between edges in one line, up to rounding: no finer turn changes how far an edge is seen to face a way."""


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
        """The shapes of all objects, in the frames of their bodies; V is the most corners that one has.

        Corners in the middle of an edge are left out: to which of its parts another shape comes no direction tells.
        """
        polygon, long = scene.shape == POLYGON, (scene.extent != 0).any(dim=-1)
        owner, order = scene.corner_index.sort(stable=True)
        turns = _turning(scene.corner[order], owner, scene.num_bodies)
        owner, order = owner[turns], order[turns]
        corners = torch.bincount(owner, minlength=scene.num_bodies)
        count = torch.where(polygon, corners, 1 + long.long())
        corner = scene.extent[:, None].repeat(1, max([1, *count.tolist()]), 1)
        corner[:, 0] *= -1  # of segments, whose last corner is repeated
        corner[owner, _places(owner, corners)] = scene.corner[order]
        return cls(corner, count, scene.radius)

    def placed(self, pos: Tensor, angle: Tensor) -> Hulls:
        """Where shapes in the frames of bodies lie in the world when these are at pos [P, 2], turned by angle [P]."""
        return Hulls(rotated(self.corner, angle[:, None]) + pos[:, None], self.count, self.radius)

    def __getitem__(self, chosen: Tensor) -> Hulls:
        return Hulls(self.corner[chosen], self.count[chosen], self.radius[chosen])

    @property
    def half_widths(self) -> Tensor:
        """Half of the least width of each hull, without its radius [P]; infinite of circles."""
        x, y = _numbers(self.corner.permute(2, 1, 0)[:, None])
        return torch.from_numpy(Outlines.of(x, y, _numbers(self.count[None])).half_widths[0])

    @property
    def boxes(self) -> tuple[Tensor, Tensor]:
        """The lowest and highest coordinates of each shape [P, 2]."""
        out = (torch.arange(self.corner.shape[1]) >= self.count[:, None])[..., None]
        low, high = self.corner.masked_fill(out, FAR).amin(1), self.corner.masked_fill(out, -FAR).amax(1)
        return low - self.radius[:, None], high + self.radius[:, None]


def _places(owner: Tensor, counts: Tensor) -> Tensor:
    """The number of each corner [C] among those of the object that owns it, which stand in a row."""
    return torch.arange(len(owner)) - (counts.cumsum(0) - counts)[owner]


def _turning(corner: Tensor, owner: Tensor, objects: int) -> Tensor:
    """At which corners [C, 2], in a row by the objects that own them, an outline turns: [C] bool."""
    counts = torch.bincount(owner, minlength=objects)
    place = _places(owner, counts)
    first = torch.arange(len(owner)) - place
    after, before = (first + (place + step) % counts[owner] for step in (1, -1))
    edge = corner[after] - corner
    edge = edge / edge.norm(dim=-1, keepdim=True).clamp(min=TINY)
    return (edge * edge[before]).sum(-1) <= STRAIGHT


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
    overlap; it is [1, 0] where centres coincide. The points are the ends of what the edges that face each other share
    along it.
    """
    corner = _stacked(first.corner, second.corner)  # [x and y, 2 shapes, V, P]
    x, y = _numbers(corner)
    outlines = Outlines.of(x, y, _numbers(torch.stack([first.count, second.count])))
    corner = corner.flatten(1)
    normal = _normal(corner, outlines.direction())
    east, north = normal
    edge = corner[:, torch.from_numpy(outlines.facing(_numbers(east), _numbers(north)))]  # [2, 2 shapes, 2 ends, P]
    reach = edge[1] * east - edge[0] * north  # along the faces
    low, high = reach.amin(1).amax(0), reach.amax(1).amin(0)
    share = _share(reach, torch.stack([low, high]))  # [2 shapes, 2 points, P]
    thick = torch.stack([first.radius, -second.radius]) * normal[:, None]
    point = edge[:, :, :1].lerp(edge[:, :, 1:], share) + thick[:, :, None]
    gap = ((point[:, 1] - point[:, 0]) * normal[:, None]).sum(0)
    here, there = point.permute(1, 3, 2, 0)
    return Manifold(normal.T, here, there, gap.T, high - low > TINY)


def _stacked(first: Tensor, second: Tensor) -> Tensor:
    """The corners of both shapes of pairs, as many of each [2, 2 shapes, V, P]."""
    short = first.shape[1] - second.shape[1]
    if short:
        first, second = pad(first, (0, 0, 0, max(0, -short))), pad(second, (0, 0, 0, max(0, short)))
    return torch.stack([first, second]).permute(3, 0, 2, 1).contiguous()


def _normal(corner: Tensor, direction: Direction) -> Tensor:
    """The directions [2, P] along which pairs are nearest, or overlap least, from their corners [2, C]."""
    ends, edge = torch.from_numpy(direction.ends), torch.from_numpy(direction.edge)
    outward = np.where(direction.turned, -1.0, 1.0)
    start, end = corner[:, ends].unbind(1)
    way = end - start
    way = torch.where(edge, torch.from_numpy(np.stack([outward, -outward])) * way.flip(0), way)
    length = way.norm(dim=0)
    beside = way.new_tensor([[1.0], [0.0]])  # of what lies in one place
    return torch.where(length > TINY, way / length.clamp(min=TINY), beside)


def _share(reach: Tensor, wanted: Tensor) -> Tensor:
    """What share of edges, from and to coordinates `reach` [2, 2, P], lies before points wanted [2, P]: [2, 2, P]."""
    length = reach[:, 1:] - reach[:, :1]
    return ((wanted - reach[:, :1]) / torch.where(length.abs() > TINY, length, torch.inf)).clamp(0, 1)


def _numbers(values: Tensor) -> npt.NDArray[Any]:
    return values.detach().numpy()
