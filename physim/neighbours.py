"""Which bodies are near enough to touch: pairs whose boxes overlap, found anew only when some have moved far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.scene import POINT, Scene

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
MayTouch = Callable[[Integers, Integers], Booleans]

MARGIN = 0.5
"""By what share of the median body's size boxes are widened all round.

Measured, with AHEAD, on discs that move by 1.5 % to 80 % of their radius between two calls: half of it, or no AHEAD,
makes calls a third slower."""
AHEAD = 2.0
"""For how many calls boxes are widened along their motion."""


def may_touch(scene: Scene) -> MayTouch:
    """Says which pairs of bodies of a scene may touch at all, of pairs [P] named smaller number first: [P].

    Those of which both have a shape and one can move, not of one collision group, and that no joint lets pass.
    """
    solid, moves = (scene.shape != POINT).numpy(), (scene.inverse_mass > 0).numpy()
    group, count = scene.group.numpy(), scene.num_bodies
    low, high = np.sort(scene.apart.numpy(), axis=0)
    apart = np.unique(low * count + high)

    def may(first: Integers, second: Integers) -> Booleans:
        free: Booleans = solid[first] & solid[second] & (moves[first] | moves[second])
        free &= (group[first] != group[second]) | (group[first] == 0)
        if len(apart):
            free &= ~np.isin(first * count + second, apart)
        return free

    return may


@final
class Neighbours:
    """Finds the pairs of bodies whose boxes overlap, call after call while the bodies move.

    A list of candidates is made with boxes that are wider than they need to be, and serves until a body's box has left
    its wider one (Verlet's list, of boxes). What comes out is what comparing all boxes would give.
    """

    def __init__(self, owners: Tensor, may: MayTouch) -> None:
        """For bodies of the scenes `owners` [N], of which pairs of one scene are wanted that may touch."""
        self._owners: Integers = owners.numpy()
        self._may = may
        self._last = np.full((4, len(owners)), np.nan)
        self._list: tuple[Floats, Integers] = (self._last, np.zeros((2, 0), dtype=np.int64))

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """For the shapes of a scene, or of a batch of scenes."""
        return cls(scene.owners, may_touch(scene))

    def pairs(self, low: Tensor, high: Tensor) -> Tensor:
        """The pairs whose boxes overlap or touch, smaller number first, sorted; a box that is not finite meets none.

        Shapes: low, high [N, 2] (m), low <= high -> index [2, P] int64.
        Raises: PhysimError where there are not as many boxes as bodies.
        """
        wanted = (len(self._owners), 2)
        if not tuple(low.shape) == tuple(high.shape) == wanted:
            raise PhysimError(f"low and high have shapes {tuple(low.shape)} and {tuple(high.shape)}, wanted {wanted}")
        boxes = np.concatenate([low.detach().numpy().T, high.detach().numpy().T])
        finite = np.isfinite(boxes).all(axis=0)
        boxes[:, ~finite] = np.nan
        wide, candidates = self._list  # kept as one: threads may share them
        if not (_within(boxes, wide) | ~finite).all():
            wide = _widened(boxes, self._last)
            candidates = self._candidates(wide, np.flatnonzero(finite))
            self._list = wide, candidates
        self._last = boxes
        return torch.from_numpy(candidates[:, _overlapping(boxes, *candidates)])

    def _candidates(self, boxes: Floats, rows: Integers) -> Integers:
        """The pairs that overlap and may touch, of some of the boxes [4, N]: [2, P], sorted."""
        pairs = np.sort(rows[_sweep(boxes[:, rows], self._owners[rows])], axis=0)
        first, second = pairs[:, self._may(*pairs)]
        order = np.argsort(first * len(self._owners) + second)
        return np.stack([first[order], second[order]])


def _widened(boxes: Floats, before: Floats) -> Floats:
    """Boxes [4, N] that hold these for some calls more, if they move on as since the last call.

    They are no wider where the fastest would leave its margin in a call: a list would seldom serve twice.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        margin, step = MARGIN * np.nanmedian((boxes[2:] - boxes[:2]).max(axis=0)), boxes - before
        if np.fmax.reduce(np.abs(step), axis=None) > margin:
            return boxes
        ahead = boxes + AHEAD * step
        low, high = np.fmin(boxes[:2], ahead[:2]), np.fmax(boxes[2:], ahead[2:])
        return np.concatenate([low - margin, high + margin])


def _within(boxes: Floats, wide: Floats) -> Booleans:
    """Which boxes [4, N] lie within their wide ones [N]."""
    return np.all((boxes[:2] >= wide[:2]) & (boxes[2:] <= wide[2:]), axis=0)


def _overlapping(boxes: Floats, first: Integers, second: Integers) -> Booleans:
    """Which pairs [P] of boxes [4, N] overlap or touch."""
    left, lower, right, upper = boxes
    beside: Booleans = (left[first] <= right[second]) & (left[second] <= right[first])
    level: Booleans = (lower[first] <= upper[second]) & (lower[second] <= upper[first])
    return beside & level


def _sweep(boxes: Floats, owners: Integers) -> Integers:
    """All pairs [2, P] of boxes [4, N] of one scene that overlap, by a sweep along the axis that tells more apart."""
    sweeps = [_swept(boxes[axis], boxes[axis + 2], owners) for axis in (0, 1)]
    order, follow = min(sweeps, key=lambda swept: swept[1].sum())
    place = np.repeat(np.arange(len(order)), follow)
    number = np.arange(len(place)) - np.repeat(follow.cumsum() - follow, follow)
    pairs = order[np.stack([place, place + 1 + number])]
    return pairs[:, _overlapping(boxes, *pairs)]


def _swept(low: Floats, high: Floats, owners: Integers) -> tuple[Integers, Integers]:
    """Intervals [N] by scene and by where they begin, and how many of those after each one begin in it.

    Scenes are told apart by sorting: to shift them beside one another would round.
    """
    count = len(low)
    ends = np.lexsort((np.repeat([0, 1], count), np.concatenate([low, high]), np.tile(owners, 2)))
    begins = ends < count
    begun, order = begins.cumsum(), ends[begins]
    until = np.empty(count, dtype=np.int64)
    until[ends[~begins] - count] = begun[~begins]
    return order, until[order] - np.arange(1, count + 1)
