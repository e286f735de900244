from __future__ import annotations

import math

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.maze.env import MazeEnv
from worlds.maze.explorer import RAYS, Explorer, look
from worlds.maze.game import Game
from worlds.maze.raycaster import Mazes
from worlds.maze.scores import explorer_of, oracle_of, played, wandering

ROOMS = {"kind": "rooms", "width": 3, "height": 2, "goal": "episode", "fresh": True, "seconds": 60.0, "test": True}


def slowly_seen(grid: np.ndarray, x: float, y: float, heading: float) -> np.ndarray:
    """The cells that rays meet, by small steps."""
    seen = np.zeros(grid.shape, np.bool_)
    for angle in np.linspace(heading - math.pi / 4, heading + math.pi / 4, RAYS):
        cell, away = (int(x), int(y)), 0.0
        while not grid[cell[::-1]]:
            seen[cell[::-1]] = True
            away += 0.001
            cell = int(x + away * math.cos(angle)), int(y + away * math.sin(angle))
        seen[cell[::-1]] = True
    return seen


def test_it_knows_what_its_rays_meet(mazes: Mazes, places: np.ndarray) -> None:
    grid = mazes.grids[0]
    for x, y, heading in places[:8]:
        known = np.zeros(grid.shape, np.bool_)
        look(grid, known, x, y, heading, math.pi / 2)
        differing = known != slowly_seen(grid, x, y, heading)
        assert differing.sum() <= 1  # small steps may miss a corner


def test_it_goes_by_nothing_that_it_has_not_seen() -> None:
    game = Game.of(**ROOMS)
    episodes, told = game.episodes(1), set()
    episodes.begin({0: game.beginning(np.random.default_rng(0))})
    explorer = Explorer(episodes)
    goal = next(cell for cell, symbol in episodes.beginnings[0].items.items() if symbol == "G")
    for _ in range(300):
        barred, wanted = explorer.asked(0)
        known = explorer.known[0]
        knows = bool(known[goal[::-1]])
        assert (barred <= known).all()
        assert barred[[0, -1]].all()  # a way never leads out of the maze
        assert barred[:, [0, -1]].all()
        assert np.argwhere(wanted).tolist() == ([[goal[1], goal[0]]] if knows else np.argwhere(~known).tolist())
        episodes.step(explorer.actions(), np.zeros(1, np.bool_))
        told.add(knows)
    assert told == {False, True}


def test_it_finds_every_goal_later_than_who_knows_the_maze() -> None:
    chance, explorer, oracle = (played(Game.of(**ROOMS), policy, 8) for policy in (wandering, explorer_of, oracle_of))
    assert np.isfinite(explorer.first).all()
    assert 3 * chance.returns.mean() < explorer.returns.mean() < oracle.returns.mean()
    assert oracle.first.mean() < explorer.first.mean()


def test_who_takes_its_advice_does_as_it_does() -> None:
    env = MazeEnv(**ROOMS, labels=("advice",), size=(8, 6))
    _, info = env.reset(seed=90_000)
    score = 0.0
    for _ in range(300):
        _, reward, *_, info = env.step(int(info["advice"]))
        score += float(reward)
    assert score >= 10


def test_where_doors_move_an_oracle_is_to_be_asked() -> None:
    game = Game.of(**ROOMS | {"blocks": 2})
    with pytest.raises(PhysimError, match="knows no doors, blocks or obstacles"):
        played(game, explorer_of, 1)
