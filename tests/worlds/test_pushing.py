from __future__ import annotations

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.pushing import NOVEL, THINGS, USUAL, pushes


def test_videos_are_drawn_from_their_number_alone() -> None:
    many, one = pushes(3, 6, seed=4), pushes(1, 6, seed=4)
    assert many.videos.shape == (3, 6, 32, 32, 3)
    assert many.actions.shape == (3, 6, 2)
    assert np.array_equal(many.videos[0], one.videos[0])
    assert np.array_equal(many.actions[0], one.actions[0])
    assert not np.array_equal(many.videos[1], many.videos[0])
    assert not many.actions[:, 0].any()
    assert (np.hypot(*many.actions.T) <= 1.0001).all()


def test_the_arm_moves_as_it_is_told_or_less_and_pushes_things() -> None:
    """What is grey is the arm: its middle moves along the action; what has a colour moves at some time."""
    made = pushes(24, 12, seed=0, side=64)
    grey = (made.videos.max(-1).astype(int) - made.videos.min(-1) < 40) & (made.videos.max(-1) > 60)
    rows, columns = np.arange(64)[:, None], np.arange(64)
    along, pushed = [], 0
    for video, actions, here in zip(made.videos, made.actions, grey, strict=True):
        inner = here.copy()
        inner[:, :3], inner[:, -3:], inner[:, :, :3], inner[:, :, -3:] = False, False, False, False
        middles = np.stack([(inner * columns).sum((1, 2)), -(inner * rows).sum((1, 2))], 1) / inner.sum((1, 2))[:, None]
        moved = np.diff(middles, axis=0)
        along += [float(step @ action / np.hypot(*action)) for step, action in zip(moved, actions[1:], strict=True)]
        coloured = video.max(-1).astype(int) - video.min(-1) >= 40
        pushed += bool((coloured[0] != coloured[-1]).any())
    assert np.mean(along) > 0.5
    assert pushed >= 12


@pytest.mark.parametrize("things", [USUAL, NOVEL])
def test_there_are_as_many_things_as_said(things: tuple[str, ...]) -> None:
    (video,) = pushes(1, 2, seed=1, things=things).videos
    colours = {tuple(pixel) for pixel in video[0].reshape(-1, 3).tolist() if max(pixel) - min(pixel) > 60}
    assert len(colours) >= THINGS


def test_unknown_things_are_refused() -> None:
    with pytest.raises(
        PhysimError, match=r"things: got \['ball'\], wanted some of \['disc', 'box', 'triangle', 'bar'\]"
    ):
        pushes(1, 2, 0, things=("ball",))
