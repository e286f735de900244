from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from worlds.maze.bodies import DAMPING, Bodies
from worlds.maze.carving import carve
from worlds.maze.layout import Layout, middle
from worlds.maze.sliding import RADIUS, slide

DT, STEPS = 1 / 60, 4


def driven(count: int, seed: int) -> npt.NDArray[np.float64]:
    """Accelerations [T, 2] that keep their direction for a while."""
    rng = np.random.default_rng(seed)
    ways = np.repeat(rng.uniform(0, 2 * math.pi, size=count // 10 + 1), 10)[:count]
    return 12.5 * np.column_stack([np.cos(ways), np.sin(ways)])


def side_by_side(layout: Layout, start: tuple[int, int], seed: int, together: bool) -> npt.NDArray[np.float64]:
    """How far the two part [T], over a long way, or (`together`) in each decision by itself."""
    bodies = Bodies(layout)
    motion = np.array([[*middle(start), 0.0, 0.0, 0.0, 0.0]])
    bodies.place(motion[0, :4])
    apart = []
    for drive in driven(500, seed):
        slide(layout.walls.astype(np.uint8)[None], motion, drive[None], (DT, STEPS, DAMPING))
        bodies.move(drive, DT, STEPS)
        apart.append(np.abs(motion[0, :4] - bodies.motion).max())
        if together:
            motion[0, :4] = bodies.motion
    return np.array(apart)


def test_sliding_is_what_pymunk_does_along_walls_and_into_corners() -> None:
    layout = carve("arena", 3, 3, np.random.default_rng(5))
    for seed, cell in enumerate(layout.free[::6]):
        assert side_by_side(layout, cell, seed, together=False).max() < 1e-7


@pytest.mark.parametrize("kind", ["depth_first", "rooms"])
def test_sliding_is_what_pymunk_does_round_corners_too_but_for_a_step_in_some_hundred(kind: str) -> None:
    # where two faces of one corner are touched at once, what pymunk finds depends on which of them it solves first
    layout = carve(kind, 4, 4, np.random.default_rng(5), braid=0.5)
    cells = layout.free[:: len(layout.free) // 4]
    apart = np.concatenate([side_by_side(layout, cell, k, together=True) for k, cell in enumerate(cells)])
    assert (apart > 1e-9).mean() < 0.006
    assert apart.max() < 0.6  # mostly of a velocity (m / s)


def test_walkers_never_come_into_walls() -> None:
    layout = carve("depth_first", 8, 8, np.random.default_rng(2))
    count = 64
    rng = np.random.default_rng(0)
    cells = np.array(layout.free)[rng.integers(len(layout.free), size=count)]
    motion = np.column_stack([cells + 0.5, np.zeros((count, 4))])
    grids = np.repeat(layout.walls.astype(np.uint8)[None], count, axis=0)
    drives = np.stack([driven(1000, seed) for seed in range(count)], axis=1)
    for drive in drives:
        slide(grids, motion, drive, (DT, STEPS, DAMPING))
        inside = np.floor(motion[:, :2]).astype(int)
        assert not layout.walls[inside[:, 1], inside[:, 0]].any()


def test_a_walker_comes_to_the_speed_at_which_drive_and_damping_agree() -> None:
    layout = Layout.from_text("#" * 60 + "\n#" + " " * 58 + "#\n" + "#" * 60)
    motion = np.array([[1.5, 1.5, 0.0, 0.0, 0.0, 0.0]])
    for _ in range(60):
        slide(layout.walls.astype(np.uint8)[None], motion, np.array([[12.5, 0.0]]), (DT, STEPS, DAMPING))
    kept = DAMPING**DT
    assert motion[0, 2] == pytest.approx(12.5 * DT / (1 - kept))
    assert motion[0, 1] == 1.5


def test_a_walker_that_is_driven_into_a_wall_aslant_slides_along_it() -> None:
    layout = Layout.from_text("#" * 60 + "\n#" + " " * 58 + "#\n" + "#" * 60)
    motion = np.array([[1.5, 1.5, 0.0, 0.0, 0.0, 0.0]])
    for _ in range(40):
        slide(layout.walls.astype(np.uint8)[None], motion, np.array([[8.0, 8.0]]), (DT, STEPS, DAMPING))
    assert motion[0, 1] == pytest.approx(2.0 - RADIUS, abs=0.01)
    assert motion[0, 3] == pytest.approx(0.0, abs=1e-9)
    assert motion[0, 2] > 1.5


def test_walkers_move_alone_as_they_do_among_others() -> None:
    layout = carve("wilson", 5, 5, np.random.default_rng(2))
    grids = np.repeat(layout.walls.astype(np.uint8)[None], 3, axis=0)
    together = np.array([[*middle(cell), 1.0, -0.5, 0.0, 0.0] for cell in layout.free[:3]])
    alone = together.copy()
    for drive in driven(100, 0):
        slide(grids, together, np.repeat(drive[None], 3, axis=0), (DT, STEPS, DAMPING))
        for one in range(3):
            slide(grids[:1], alone[one : one + 1], drive[None], (DT, STEPS, DAMPING))
    assert np.array_equal(together, alone)
