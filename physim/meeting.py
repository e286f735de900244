"""Which corners and edges of two convex shapes meet: choices alone, through which no gradient flows.

In numpy, whose steps cost a third of torch's where pairs are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self, final

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

FAR = 1e300
"""Beyond everything, in metres."""
TINY = 1e-9
"""Lengths under it have no direction."""


class Direction(NamedTuple):
    """Along what two shapes meet.

    Shapes: ends [2, P], the places of two corners: the direction leads from the one to the other, or, where `edge` [P]
    bool, out of the edge that does; turned [P] bool, whether that is an edge of the second shape; apart [P], how far
    the shapes are apart along it (m), below 0 where they overlap.
    """

    ends: Integers
    edge: Booleans
    turned: Booleans
    apart: Floats


@final
@dataclass(frozen=True)
class Outlines:
    """The edges of P first and P second shapes, from each of V corners to the next; those of circles have no length.

    Pairs are the last axis, which is long, so that what is computed for all of them is fast.

    Shapes [2, V, P]: start, end, the places of the corners in a row of all; x, y, where the edges start; east, north,
    where they lead, a unit vector or 0; length (m). Column [2, 1, P]: the places of the first corners.
    """

    start: Integers
    end: Integers
    x: Floats
    y: Floats
    east: Floats
    north: Floats
    length: Floats
    column: Integers

    @classmethod
    def of(cls, x: Floats, y: Floats, count: Integers) -> Self:
        """Of corners at x, y [2, V, P], counter-clockwise, of which the first `count` [2, P] count."""
        sides, corners, shapes = x.shape
        place, last = np.arange(corners)[:, None], count[:, None] - 1
        start = np.minimum(place, last)  # what only fills up repeats the last edge
        column = corners * shapes * np.arange(sides)[:, None, None] + np.arange(shapes)
        start, end = start * shapes + column, np.where(start < last, start + 1, 0) * shapes + column
        x_end, y_end, x, y = x.take(end), y.take(end), x.take(start), y.take(start)
        with np.errstate(over="ignore", invalid="ignore"):
            east, north = x_end - x, y_end - y
            length = np.sqrt(east * east + north * north)
            safe = np.where(length > TINY, length, np.inf)
            return cls(start, end, x, y, east / safe, north / safe, length, column)

    @property
    def half_widths(self) -> Floats:
        """Half of the least width [2, P]; infinite of circles, 0 of segments."""
        heights = self._heights(self.x, self.y)
        widths: Floats = np.where(self.length > TINY, heights.max(axis=2) - heights.min(axis=2), np.inf)
        return np.min(widths, axis=1) / 2

    def direction(self) -> Direction:
        """The edge that the other shape is farthest beyond, or the two nearest corners.

        Shapes that overlap do so least across that edge; others are nearest there, if what of the other is nearest to
        it lies beside it.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            beyond, edge, beside = self._farthest()
            ends, square = self._nearest()
            distance = np.sqrt(square)
        turned, farthest = beyond[1] > beyond[0], beyond.max(axis=0)
        crossed = np.where(turned, beside[1], beside[0]) | (farthest < -TINY) | (distance < TINY)
        crossed &= farthest > -FAR
        starts, stops = self.start.take(edge), self.end.take(edge)
        along = np.where(turned, (starts[1], stops[1]), (starts[0], stops[0]))
        return Direction(np.where(crossed, along, ends), crossed, turned, np.where(crossed, farthest, distance))

    def apart(self) -> tuple[Floats, Floats]:
        """The ways from the first shapes to the second, unit vectors, and how far these are apart along them.

        Shapes: [x and y, P], 0 where two points are one; [P] (m), below 0 where shapes overlap.
        """
        met = self.direction()
        (from_x, to_x), (from_y, to_y) = self.x.take(met.ends), self.y.take(met.ends)
        outward = np.where(met.turned, -1.0, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            east, north = to_x - from_x, to_y - from_y
            way = np.where(met.edge, (outward * north, -outward * east), (east, north))
            return way / np.maximum(np.hypot(*way), TINY), met.apart

    def facing(self, x: Floats, y: Floats) -> Integers:
        """The ends [2 shapes, 2 ends, P] of the edges that face one another most along directions [P].

        Of circles both are the centre; where a segment lies along the direction, its nearer end comes first.
        """
        faces = self.north * (x - TINY * y) - self.east * (y + TINY * x)
        edge = self._edge(np.stack([faces[0].argmax(axis=0), faces[1].argmin(axis=0)]))
        return np.stack([self.start.take(edge), self.end.take(edge)], axis=1)

    def _edge(self, number: Integers) -> Integers:
        """The places of edges by their numbers [2, P]."""
        places: Integers = number * self.x.shape[2] + self.column[:, 0]
        return places

    def _farthest(self) -> tuple[Floats, Integers, Booleans]:
        """Of both shapes the edge that the other is farthest beyond, how far, and whether it is nearest beside it.

        Shapes [2, P]: -FAR for circles.
        """
        x, y = self.x[::-1], self.y[::-1]  # the other's
        beyond = self._heights(x, y).min(axis=2) - (self.north * self.x - self.east * self.y)
        beyond = np.where(self.length > TINY, beyond, -FAR)
        edge = self._edge(beyond.argmax(axis=1))
        east, north = self.east.take(edge)[:, None], self.north.take(edge)[:, None]
        height, along = north * x - east * y, east * x + north * y  # [2, V, P]
        start = east[:, 0] * self.x.take(edge) + north[:, 0] * self.y.take(edge)
        above = height > height.min(axis=1, keepdims=True) + TINY
        low, high = np.where(above, FAR, along).min(axis=1), np.where(above, -FAR, along).max(axis=1)
        beside = (high >= start - TINY) & (low <= start + self.length.take(edge) + TINY)
        return beyond.take(edge), edge, beside

    def _nearest(self) -> tuple[Integers, Floats]:
        """The corners of both shapes that are nearest to one another [2, P], and the square of how far they are [P]."""
        east, north = self.x[1] - self.x[0][:, None], self.y[1] - self.y[0][:, None]  # [V, V, P]
        corners, shapes = self.x.shape[1:]
        squares = (east * east + north * north).reshape(corners * corners, shapes)
        pair = squares.argmin(axis=0)
        ends = self.start.take(self._edge(np.stack(np.divmod(pair, corners))))
        return ends, squares.take(pair * shapes + np.arange(shapes))

    def _heights(self, x: Floats, y: Floats) -> Floats:
        """How far out of each edge corners at x, y [2, V, P] lie, from a line through 0: [2, V edges, V, P]."""
        return self.north[:, :, None] * x[:, None] - self.east[:, :, None] * y[:, None]
