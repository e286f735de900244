from __future__ import annotations

import time

import gymnasium
import numpy as np
import pygame
import pytest

import worlds  # noqa: F401 (registers the ids)
from physim.errors import PhysimError
from worlds.maze.env import MazeEnv

BLOCKS = "physim/NavMazeBlocks01-v0"


def shown() -> np.ndarray:
    return pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)


def test_the_window_for_people_shows_what_the_picture_shows_as_fast_as_one_walks() -> None:
    window, picture = (gymnasium.make(BLOCKS, render_mode=mode, size=(8, 6)) for mode in ("human", "rgb_array"))
    for env in (window, picture):
        env.reset(seed=3)
    assert np.array_equal(shown(), picture.render())
    started = time.perf_counter()
    for action in (2, 2, 0, 6):
        window.step(action)
        picture.step(action)
        assert window.render() is None
        assert np.array_equal(shown(), picture.render())
    assert time.perf_counter() - started > 3 * 4 / 60
    window.close()
    assert not pygame.display.get_init()
    window.close()


def test_another_episode_keeps_the_window() -> None:
    env = MazeEnv(render_mode="human", width=3, height=2, size=(8, 6))
    env.reset(seed=0)
    before = env._window
    env.reset(seed=1)
    assert env._window is before is not None
    env.close()


def test_without_a_display_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PhysimError, match="no window can be opened here"):
        MazeEnv(render_mode="human", size=(8, 6)).reset(seed=0)
    assert MazeEnv(render_mode=None, size=(8, 6)).reset(seed=0)
