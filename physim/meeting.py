"""Which corners and edges of two convex shapes meet: choices alone, through which no gradient flows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self, final

import torch
from torch import Tensor

FAR = 1e300
"""Beyond everything, in metres."""
TINY = 1e-9
"""Lengths under it have no direction."""


class Direction(NamedTuple):
    """Along what two shapes meet.

    Shapes: ends [2, P], the places of two corners: the direction leads from the one to the other, or, where `edge` [P]
    bool, out of the edge that does; turned [P] bool, whether that is an edge of the second shape.
    """

    ends: Tensor
    edge: Tensor
    turned: Tensor


@final
@dataclass(frozen=True)
class Outlines:
    """The edges of P first and P second shapes, from each of V corners to the next; those of circles have no length.

    Pairs are the last axis, which is long, and so what is computed for all of them is fast.

    Shapes [2, V, P]: start, end, the places of the corners in a row of all; x, y, where the edges start; east, north,
    where they lead, a unit vector or 0; length (m).
    """

    start: Tensor
    end: Tensor
    x: Tensor
    y: Tensor
    east: Tensor
    north: Tensor
    length: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, x: Tensor, y: Tensor, count: Tensor) -> Self:
        """Of corners at x, y [2, V, P], counter-clockwise, of which the first `count` [2, P] count."""
        sides, corners, shapes = x.shape
        place = torch.arange(corners, device=x.device)[:, None]
        start = torch.minimum(place, count[:, None] - 1)  # what only fills up repeats the last edge
        end = torch.where(start + 1 < count[:, None], start + 1, 0)
        until_x, until_y, x, y = x.gather(1, end), y.gather(1, end), x.gather(1, start), y.gather(1, start)
        east, north = until_x - x, until_y - y
        length = (east * east + north * north).sqrt()
        safe = length.masked_fill(length <= TINY, torch.inf)
        side = corners * shapes * torch.arange(sides, device=x.device)[:, None, None]
        column = side + torch.arange(shapes, device=x.device)
        return cls(start * shapes + column, end * shapes + column, x, y, east / safe, north / safe, length)

    @property
    def half_widths(self) -> Tensor:
        """Half of the least width [2, P]; infinite of circles, 0 of segments."""
        heights = self._heights(self.x, self.y)
        widths = heights.amax(2) - heights.amin(2)
        return widths.masked_fill(self.length <= TINY, torch.inf).amin(1) / 2

    @torch.no_grad()
    def direction(self) -> Direction:
        """The edge that the other shape is farthest beyond, or the two nearest corners.

        Shapes that overlap do so least across that edge; others are nearest there, if what of the other is nearest to
        it lies beside it.
        """
        beyond, edge, beside = self._farthest()
        ends, square = self._nearest()
        turned, farthest = beyond[1] > beyond[0], beyond.amax(0)
        crossed = torch.where(turned, beside[1], beside[0]) | (farthest < -TINY) | (square < TINY**2)
        crossed &= farthest > -FAR
        first, second = torch.stack([self.start.gather(1, edge), self.end.gather(1, edge)], dim=2)[:, 0]
        return Direction(torch.where(crossed, torch.where(turned, second, first), ends), crossed, turned)

    def _farthest(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of both shapes the edge that the other is farthest beyond, how far, and whether it is nearest beside it.

        Shapes: [2, P] (-FAR for circles), [2, 1, P], [2, P] bool.
        """
        x, y = self.x.flip(0), self.y.flip(0)  # the other's
        heights = self._heights(x, y)
        beyond = heights.amin(2) - (self.north * self.x - self.east * self.y)
        farthest, edge = beyond.masked_fill_(self.length <= TINY, -FAR).max(1, keepdim=True)
        height = heights.gather(1, edge[:, None].expand(-1, -1, heights.shape[2], -1))[:, 0]  # [2, V, P]
        own_x, own_y, east, north, length = (
            part.gather(1, edge) for part in (self.x, self.y, self.east, self.north, self.length)
        )
        along = east * (x - own_x) + north * (y - own_y)
        above = height > height.amin(1, keepdim=True) + TINY
        low, high = along.masked_fill(above, FAR).amin(1), along.masked_fill(above, -FAR).amax(1)
        return farthest[:, 0], edge, (high >= -TINY) & (low <= length[:, 0] + TINY)

    def _heights(self, x: Tensor, y: Tensor) -> Tensor:
        """How far out of each edge corners at x, y [2, V, P] lie, from a line through 0: [2, V edges, V, P]."""
        return self.north[:, :, None] * x[:, None] - self.east[:, :, None] * y[:, None]

    def _nearest(self) -> tuple[Tensor, Tensor]:
        """The corners of both shapes that are nearest to one another [2, P], and the square of how far they are [P]."""
        east, north = (own[1] - own[0][:, None] for own in (self.x, self.y))  # [V, V, P]
        square, pair = (east * east + north * north).flatten(0, 1).min(0, keepdim=True)
        corners = self.x.shape[1]
        ends = [self.start[0].gather(0, pair // corners), self.start[1].gather(0, pair % corners)]
        return torch.cat(ends), square[0]

    @torch.no_grad()
    def facing(self, x: Tensor, y: Tensor) -> Tensor:
        """The ends of the edges that face one another most along directions [P]; of circles twice the centre.

        Where a segment lies along the direction, its nearer end comes first.

        Shapes: [2 shapes, 2 ends, P].
        """
        faces = self.north * (x - TINY * y) - self.east * (y + TINY * x)
        edge = torch.stack([faces[0].argmax(0), faces[1].argmin(0)])[:, None]
        return torch.cat([self.start.gather(1, edge), self.end.gather(1, edge)], dim=1)
