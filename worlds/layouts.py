"""Where things fit into a room: stacks side by side on its floor, all else anywhere above, without overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from physim.scenes.forces import Floats
from worlds.stacks import Stack

FILL = (0.05, 0.3)
"""The share of a room that its things fill, with room to turn."""
ASPECT = (0.6, 1.8)
SMALLEST = 200.0
"""The least area of a room is this squared, in pixels."""
CLEARANCE = 1.0
"""The least distance of two things in pixels."""
TRIES = 200
"""Places tried for a thing before the room is made larger by `GROWTH`."""
GROWTH = 1.1


@final
@dataclass(frozen=True)
class Layout:
    """The sides of a room, where the middles of its stacks are along the floor, and where the centres of the others.

    Shapes: sides [2], middles [S], places [L, 2] (sideways and above the floor).
    """

    sides: Floats
    middles: Floats
    places: Floats


def laid_out(rng: np.random.Generator, stacks: Sequence[Stack], reaches: Sequence[float], rise: float) -> Layout:
    """Lay out stacks, and things that reach that far around their centres, on a floor that rises by `rise` widths."""
    reach = np.asarray(reaches, dtype=np.float64) + CLEARANCE
    widths = np.array([stack.width for stack in stacks]) + 2 * CLEARANCE
    heights = np.array([stack.height for stack in stacks]) + CLEARANCE
    sides = _sides(rng, widths, heights, reach)
    while True:
        middles = _side_by_side(rng, sides[0], widths)
        base = rise * sides[0]
        places = _free_places(rng, sides, reach, base, np.stack([middles, widths / 2, heights], axis=1))
        if places is not None:
            return Layout(sides + np.array([0.0, base]), middles, places)
        sides *= GROWTH


def _sides(rng: np.random.Generator, widths: Floats, heights: Floats, reach: Floats) -> Floats:
    """The sides [2] of a room of a random fill and form, in which each thing has a place of its own."""
    area = float((widths * heights).sum() + math.pi * np.square(reach).sum()) / rng.uniform(*FILL)
    aspect = rng.uniform(*ASPECT)
    sides = math.sqrt(max(area, SMALLEST**2)) * np.array([math.sqrt(aspect), 1 / math.sqrt(aspect)])
    largest = 2 * float(reach.max(initial=0.0))
    return np.maximum(sides, [max(widths.sum(), largest), max(heights.max(initial=0.0), largest)])


def _side_by_side(rng: np.random.Generator, width: float, widths: Floats) -> Floats:
    """The middles [S] of stacks of these widths, in any order, with what is left of the width shared out among them."""
    order = rng.permutation(len(widths))
    gaps = (width - widths.sum()) * rng.dirichlet(np.ones(len(widths) + 1))
    middles = np.empty(len(widths))
    middles[order] = np.cumsum(gaps[:-1]) + np.cumsum(widths[order]) - widths[order] / 2
    return middles


def _free_places(rng: np.random.Generator, sides: Floats, reach: Floats, base: float, stacks: Floats) -> Floats | None:
    """Random places [L, 2] clear of one another and of stacks [S, 3] (middle, half width, height); None: no room."""
    places = np.empty((len(reach), 2))
    order = np.argsort(-reach)
    for rank, number in enumerate(order):
        own, placed = reach[number], order[:rank]
        for _ in range(TRIES):
            here = rng.uniform([own, own], sides - own)
            apart = np.linalg.norm(places[placed] - here, axis=1) > reach[placed] + own
            beside = (np.abs(stacks[:, 0] - here[0]) > stacks[:, 1] + own) | (here[1] > stacks[:, 2] + own)
            if apart.all() and beside.all():
                places[number] = here
                break
        else:
            return None
    return places + np.array([0.0, base])
