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
    x, y = _stacked(first.corner, second.corner).unbind(-1)
    outlines = Outlines.of(_numbers(x), _numbers(y), _numbers(torch.stack([first.count, second.count])))
    x, y = x.flatten(), y.flatten()
    east, north = _normal(x, y, outlines.direction())
    facing = torch.from_numpy(outlines.facing(_numbers(east), _numbers(north)))
    x, y = x[facing], y[facing]  # [2 shapes, 2 ends, P]
    reach = y * east - x * north  # along the faces
    low, high = reach.amin(1).amax(0), reach.amax(1).amin(0)
    share = _share(reach, torch.stack([low, high]))  # [2 shapes, 2 points, P]
    thick = torch.stack([first.radius, -second.radius])[:, None]
    x = x[:, :1] + share * (x[:, 1:] - x[:, :1]) + thick * east
    y = y[:, :1] + share * (y[:, 1:] - y[:, :1]) + thick * north
    gap = (x[1] - x[0]) * east + (y[1] - y[0]) * north
    here, there = torch.stack([x, y], dim=-1).transpose(1, 2)
    return Manifold(torch.stack([east, north], dim=-1), here, there, gap.T, high - low > TINY)


def _stacked(first: Tensor, second: Tensor) -> Tensor:
    """The corners of both shapes of pairs, as many of each [2, V, P, 2]."""
    short = first.shape[1] - second.shape[1]
    if short:
        first, second = pad(first, (0, 0, 0, max(0, -short))), pad(second, (0, 0, 0, max(0, short)))
    return torch.stack([first, second]).transpose(1, 2)


def _normal(x: Tensor, y: Tensor, direction: Direction) -> tuple[Tensor, Tensor]:
    """The directions [P] along which pairs are nearest, or overlap least, from their corners [C]."""
    ends, edge = torch.from_numpy(direction.ends), torch.from_numpy(direction.edge)
    outward = torch.from_numpy(np.where(direction.turned, -1.0, 1.0))
    (from_x, to_x), (from_y, to_y) = x[ends], y[ends]
    east, north = to_x - from_x, to_y - from_y
    east, north = torch.where(edge, outward * north, east), torch.where(edge, -outward * east, north)
    length = torch.stack([east, north]).norm(dim=0)
    safe = length.clamp(min=TINY)
    return torch.where(length > TINY, east / safe, 1.0), torch.where(length > TINY, north / safe, 0.0)


def _share(reach: Tensor, wanted: Tensor) -> Tensor:
    """What share of edges, from and to coordinates `reach` [2, 2, P], lies before points wanted [2, P]: [2, 2, P]."""
    length = reach[:, 1:] - reach[:, :1]
    return ((wanted - reach[:, :1]) / torch.where(length.abs() > TINY, length, torch.inf)).clamp(0, 1)


def _numbers(values: Tensor) -> npt.NDArray[Any]:
    return values.detach().numpy()
