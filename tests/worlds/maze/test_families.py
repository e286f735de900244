from __future__ import annotations

import numpy as np
import pytest

from worlds.maze.families import FAMILIES
from worlds.maze.game import Game
from worlds.maze.scores import maze_scores, oracle_of, played, wandering


@pytest.mark.parametrize("name", FAMILIES)
def test_who_knows_the_maze_reaches_the_goal_and_far_more_than_by_chance(name: str) -> None:
    settings = FAMILIES[name] | ({"seconds": 60.0} if FAMILIES[name]["goal"] else {})
    game = Game.of(**settings)
    oracle, random = played(game, oracle_of, 4), played(game, wandering, 4)
    if game.task.goal:
        assert np.isfinite(oracle.first).all()
    assert oracle.returns.mean() > 3 * max(random.returns.mean(), 1.0)


@pytest.mark.slow
def test_every_family_is_solved_from_two_hundred_seeds() -> None:
    for row in maze_scores(progress=False):
        assert row["goal_found"] in (None, 1.0), row
        assert row["ratio"] is None or float(str(row["value"])) > 3 * float(str(row["against_value"])), row


def test_scores_are_told_for_each_family() -> None:
    rows = maze_scores(progress=False, episodes=2, names=["physim/SeekAvoidArena01-v0", "physim/IMaze-v0"])
    assert [row["family"] for row in rows] == ["physim/SeekAvoidArena01-v0", "physim/IMaze-v0"]
    assert [row["goal_found"] for row in rows] == [None, 1.0]
