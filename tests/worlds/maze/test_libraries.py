"""Mazes in other people's libraries.

In an environment of its own, for moviepy wants an older pillow than `constraints.txt` names:
pip install torch==2.13.0 && pip install '.[test,libraries]' && pytest -m slow tests/worlds/maze/test_libraries.py
"""

from __future__ import annotations

import warnings
from pathlib import Path

import gymnasium
import pytest

import worlds  # noqa: F401 (registers the ids)
from worlds.maze.families import FAMILIES

ID = "physim/NavMazeStatic01-v0"


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_stable_baselines_check_passes(name: str) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Your observation depth has an unconventional shape")
        checker.check_env(gymnasium.make(name))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_stable_baselines_learns_from_a_registered_id() -> None:
    library = pytest.importorskip("stable_baselines3")
    model = library.PPO("MultiInputPolicy", ID, n_steps=250, batch_size=50, n_epochs=1)
    model.learn(10_000)
    assert model.num_timesteps == 10_000


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_gymnasium_records_videos(tmp_path: Path) -> None:
    pytest.importorskip("moviepy")
    env = gymnasium.wrappers.RecordVideo(gymnasium.make(ID, seconds=1.0, render_mode="rgb_array"), str(tmp_path))
    env.reset(seed=0)
    for _ in range(15):
        env.step(2)
    env.close()
    assert list(tmp_path.glob("*.mp4"))
