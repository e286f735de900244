from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from learners.experiment import Cell
from physim.errors import PhysimError
from worlds.moving_digits import least
from worlds.real_data.catalogue import MNIST


def blots(train: bool) -> tuple[Any, Any]:
    """Digits of noise, as many as tests want."""
    images = np.random.default_rng(int(train)).integers(0, 256, (40, 4, 4)).astype(np.uint8)
    return images, np.zeros(len(images), np.int64)


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("video_pixel_networks")
    changes = {"SPRITE_FRAMES": 2, "SPRITE_SIDE": 7, "SPRITE_UPDATES": 100, "SPRITE_TEST": 4, "SPRITE_WIDTH": 3}
    changes |= {"SPRITE_DECODER": 1, "SIDE": 6, "FRAMES": 3, "SEEN": 1, "DIGIT_WIDTH": 2, "DIGIT_DECODER": 2}
    changes |= {"DIGIT_UPDATES": 100, "DIGIT_TEST": 4, "DRAWN": 2, "HELD_OUT": 10, "mnist": blots}
    changes |= {
        "PUSH_SIDE": 12,
        "PUSH_FRAMES": 2,
        "PUSH_BATCH": 2,
        "PUSH_UPDATES": 100,
        "PUSH_TEST": 3,
        "PUSH_WIDTH": 3,
    }
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    balls = importlib.import_module("pixels_and_graphs")
    changes = {"EVERY": 5, "FRAMES": 4, "SEEN": 2, "SIDE": 12, "TRAINED": 4, "TESTED": 2, "SAMPLES": 1, "BATCH": 2}
    for name, value in (changes | {"WIDTH": 2, "ENCODER": (1,), "DECODER": 1, "UPDATES": 100}).items():
        monkeypatch.setattr(balls, name, value)
    balls.videos.cache_clear()
    module.images.cache_clear()
    module.reader.cache_clear()
    return module


def test_every_part_fills_its_table(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    lines = {part: (folder / f"{part}.md").read_text().splitlines() for part in script.PARTS}
    assert {part: len(text) - 2 for part, text in lines.items()} == {
        "sprites": 4,
        "digits": len(script.ARMS) + 2,
        "pushing": 5,
        "bounces": 3,
        "balls": 3,
    }
    assert (folder / "balls.png").stat().st_size > 5000
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    script.main(script.Args(quick=True, workers=1, out=tmp_path))  # nothing is left to do
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


@pytest.mark.skipif(not MNIST.is_here, reason="mnist was not fetched")
def test_true_digits_are_read_and_others_are_not(paper: Callable[[str], ModuleType]) -> None:
    script = paper("video_pixel_networks")
    script.images.cache_clear()
    script.reader.cache_clear()
    videos = script.videos_of("test", 40, 0)
    two, same = script._kept(videos[:, :4], videos[:, 4:])
    assert 0.3 < two < 0.95  # the others meet
    assert same > 0.75 * two
    assert script._kept(videos[:, :4], videos[:, 4:].roll(1, 0))[1] < 0.2
    assert script._kept(videos[:, :4], torch.zeros_like(videos[:, 4:])) == (0, 0)


def test_copies_cannot_be_better_than_the_least(script: ModuleType) -> None:
    videos = script.videos_of("test", 20, 0)
    grey = (255 * videos[:, script.SEEN :, ..., 0]).round().byte().numpy()
    assert script.copied(videos) > least(grey)
    still = videos[:, :1].round().expand(-1, 3, -1, -1, -1)
    assert script.copied(still) == pytest.approx(-36 * np.log(1 - min(script.PROBES)), rel=1e-2)


def test_held_out_digits_are_not_trained_with(script: ModuleType) -> None:
    parts = [torch.from_numpy(script.images(part)).flatten(1).tolist() for part in ("train", "held out")]
    assert len(parts[0]) == 30
    assert not {tuple(row) for row in parts[0]} & {tuple(row) for row in parts[1]}


def test_unknown_arms_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--arms: got \['gpt'\], wanted some of \['vpn', 'baseline'"):
        script.main(script.Args(arms=("gpt",), out=tmp_path))


def test_balls_that_a_good_engine_moves_overlap_with_the_truths(script: ModuleType) -> None:
    balls = importlib.import_module("pixels_and_graphs")
    truth = balls.videos(90_000, 2)
    assert set(truth.unique().tolist()) == {0, balls.WALL, balls.BALL}
    frames = truth[0, balls.SEEN :]
    assert (balls.shown(balls.told(frames)) == (frames[..., 0] == balls.BALL).numpy()).all()
    assert float(balls.overlap(truth, truth).min()) == 1
    found = {
        arm: [row["value"] for row in balls.run(Cell(arm, 0, (("updates", 0),))) if row["name"] == "overlap"]
        for arm in (balls.ENGINE, balls.LAST)
    }
    assert min(found[balls.ENGINE]) > 0.9
    assert all(one >= other for one, other in zip(found[balls.ENGINE], found[balls.LAST], strict=True))
