from __future__ import annotations

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from physim import plugins
from worlds.environments import IDS, STEPS

UNLEARNED = {"physim/Putty-v0", "physim/Rubber-v0"}
"""Worlds whose weights do not ship."""
CASES = [(name, "truth") for name in IDS] + [(name, "learned") for name in IDS if name not in UNLEARNED]


def test_every_world_has_an_id() -> None:
    first_person = {"maze"}  # its ids are those of worlds.maze.families
    assert set(IDS.values()) | first_person == set(plugins.names(plugins.WORLDS))
    assert set(IDS) <= set(gymnasium.registry)


@pytest.mark.parametrize(("name", "engine"), CASES)
def test_gymnasiums_check_has_nothing_to_say(name: str, engine: str) -> None:
    env = gymnasium.make(name, engine=engine)
    assert env.spec is not None
    assert env.spec.max_episode_steps == STEPS[name]
    check_env(env.unwrapped)
