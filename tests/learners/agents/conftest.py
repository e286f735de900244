"""Small mazes, small agents, and unrolls of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from learners.agents.environments import Environments, recipe_of
from learners.agents.transports import Playing
from learners.agents.unrolls import Unroll

SMALL = {"width": 3, "height": 3, "seconds": 1.0, "away": 1, "size": (24, 20), "labels": ("loop_closure",)}
HEADS = ("pixel_control", "feature_control", "reward_prediction", "depth_from_features", "depth_from_core",
         "loop_closure", "placebo", "action_values")  # fmt: skip


@pytest.fixture
def playing() -> Callable[..., Playing]:
    """Three small mazes, whose episodes have 15 decisions; `recipe` changes the agent, `maze` the mazes."""

    def make(
        ticks: int = 10, seed: int = 0, count: int = 3, maze: dict[str, Any] | None = None, **recipe: Any
    ) -> Playing:
        environments = Environments("worlds:physim/NavMazeRandomGoal01-v0", count, SMALL | (maze or {}))
        env = environments.make()
        settings = recipe_of(env) | {"cores": (8,), "features": 12} | recipe
        env.close()
        return Playing(environments, settings, ticks, ("loop_closure",), seed)

    return make


@pytest.fixture
def unroll(playing: Callable[..., Playing]) -> Unroll:
    """25 decisions, over the end of an episode."""
    return playing(25).actor().unroll(25)
