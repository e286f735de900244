from __future__ import annotations

import numpy as np
import pytest

from worlds.maze.carving import carve
from worlds.maze.layout import Layout
from worlds.maze.looks import walls_of
from worlds.maze.raycaster import Mazes


@pytest.fixture
def layout() -> Layout:
    return carve("depth_first", 7, 5, np.random.default_rng(3), braid=0.5)


@pytest.fixture
def mazes(layout: Layout) -> Mazes:
    """One maze, in which nothing lies."""
    return Mazes(walls_of(layout, np.random.default_rng(0))[None], np.zeros((1, 0, 9)))


@pytest.fixture
def places(layout: Layout) -> np.ndarray:
    """Poses [10,000, 3] in free cells, up to their edges."""
    rng = np.random.default_rng(1)
    cells = np.array(layout.free)[rng.integers(len(layout.free), size=10_000)]
    return np.column_stack([cells + rng.uniform(0, 1, size=cells.shape), rng.uniform(-7, 7, size=len(cells))])
