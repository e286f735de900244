from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from learners.experiment import Cell
from learners.sequences.training import Diverged
from learners.sequences.video_pixels import FrameLikelihood
from physim.errors import PhysimError
from worlds.real_data.catalogue import MNIST


def blots(train: bool) -> tuple[Any, Any]:
    """Digits of noise, as many as tests want."""
    images = np.random.default_rng(int(train)).integers(0, 256, (40, 8, 8)).astype(np.uint8)
    return images, np.zeros(len(images), np.int64)


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("video_pixel_networks")
    changes: dict[str, dict[str, Any]] = {
        "digits_foretold": {"SIDE": 6, "FRAMES": 3, "SEEN": 1, "WIDTH": 2, "DECODER": 2, "UPDATES": 100, "TESTED": 4,
                            "VALID": 2, "DRAWN": 2, "SHOWN": 2, "HELD_OUT": 10, "mnist": blots,
                            "MARGIN": 0, "SMALLER": 2, "WAYS": 5},
        "tables_pushed": {"SIDE": 12, "FRAMES": 3, "BATCH": 2, "UPDATES": 100, "VALID": 2, "TESTED": 3, "WIDTH": 3},
    }  # fmt: skip
    sizes = {"FRAMES": 2, "SIDE": 8, "UPDATES": 100, "VALID": 2, "DECODER": 1}
    for name, value in (sizes | {"WIDTHS": {"vpn": 3, "baseline": 3}}).items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr("worlds.moving_digits.PARTICLES", 10)
    for part, settings in changes.items():
        for name, value in settings.items():
            monkeypatch.setattr(importlib.import_module(f"parts.{part}"), name, value)
    digits = importlib.import_module("parts.digits_foretold")
    for arm in ("baseline", "convolutional LSTM", "vpn, rectified", "vpn, two stacks"):
        monkeypatch.setitem(digits.NETS, arm, digits.NETS[arm] | {"width": 2})
    balls = importlib.import_module("parts.pixels_and_graphs")
    changes = {"EVERY": 5, "FRAMES": 4, "SEEN": 2, "SIDE": 12, "TRAINED": 4, "TESTED": 2, "SAMPLES": 1, "BATCH": 2}
    for name, value in (changes | {"WIDTH": 2, "ENCODER": (1,), "DECODER": 1, "UPDATES": 100}).items():
        monkeypatch.setattr(balls, name, value)
    balls.videos.cache_clear()
    digits.images.cache_clear()
    digits.reader.cache_clear()
    return module


@pytest.fixture
def digits(script: ModuleType) -> ModuleType:
    """The part of digits."""
    return importlib.import_module("parts.digits_foretold")


PICTURES = {
    "sprites": "sprites_two_ways_baseline",
    "pushing": "pushing_novel",
    "digits": "digits_convolutional_lstm",
    "balls": "balls",
}
"""One that each part draws."""


@pytest.mark.parametrize(
    "parts", [("sprites",), pytest.param(tuple(PICTURES), marks=pytest.mark.slow)], ids=["one", "all"]
)
def test_every_part_fills_its_table(
    script: ModuleType, digits: ModuleType, tmp_path: Path, parts: tuple[str, ...]
) -> None:
    script.main(script.Args(parts=parts, quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    wanted = {"sprites": 7, "pushing": 17, "digits": 4 * len(digits.ARMS) + 28, "balls": 8}
    lines = {part: (folder / f"{part}.md").read_text().splitlines() for part in parts}
    assert {part: len(text) - 2 for part, text in lines.items()} == {part: wanted[part] for part in parts}
    pictures = [PICTURES[part] for part in parts]
    assert all((folder / f"{name}.png").stat().st_size > 2000 for name in pictures)
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    tables = [(folder / f"{part}.md").read_text() for part in parts]
    shutil.rmtree(folder / "nets")
    script.main(script.Args(parts=parts, quick=True, workers=1, out=tmp_path))  # by the rows alone
    assert tables == [(folder / f"{part}.md").read_text() for part in parts]
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


@pytest.mark.parametrize("part", ["sprites", "digits", "pushing", "balls"])
def test_tables_say_which_trainings_diverged(
    script: ModuleType, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverges(*_: object) -> None:
        raise Diverged("the training diverged: at update 1 the loss is nan")

    monkeypatch.setattr("parts.films.trained", diverges)
    script.main(script.Args(parts=(part,), quick=True, workers=1, out=tmp_path))
    assert " diverged |" in (tmp_path / "quick" / f"{part}.md").read_text()
    assert "the training diverged: at update 1" in (tmp_path / "quick" / f"{part}.csv").read_text()


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_here, reason="mnist was not fetched")
def test_true_digits_are_read_and_others_are_not(paper: Callable[[str], ModuleType]) -> None:
    paper("video_pixel_networks")
    digits = importlib.import_module("parts.digits_foretold")
    digits.images.cache_clear()
    digits.reader.cache_clear()
    videos = digits.videos_of("test", 40, 0)

    def kept(after: Tensor) -> tuple[float, float]:
        found = digits.kept(videos[:, :4], after)
        return tuple(sum(found[f"{what} {frame}"] for frame in range(4)) / 4 for what in ("two", "same"))

    two, same = kept(videos[:, 4:])
    assert 0.3 < two < 0.95  # the others meet
    assert same > 0.75 * two
    assert kept(videos[:, 4:].roll(1, 0))[1] < 0.2
    assert kept(torch.zeros_like(videos[:, 4:])) == (0, 0)


def test_pixels_that_stray_are_no_digits(digits: ModuleType) -> None:
    reader, frame = digits.reader(), np.zeros((12, 12), np.uint8)
    assert reader.read(frame) == ()
    frame[1:5, 1:5] = 255
    told = reader.read(frame)
    frame[8, 8:11] = 255  # three stray
    assert len(told) == 1
    assert reader.read(frame) == told
    frame[9, 8:11] = 255  # six are a digit
    assert len(reader.read(frame)) == 2


def test_networks_that_are_compared_have_as_many_parameters(paper: Callable[[str], ModuleType]) -> None:
    script = paper("video_pixel_networks")
    digits, size_of = (
        importlib.import_module("parts.digits_foretold"),
        importlib.import_module("parts.sequence_cells").size_of,
    )
    for nets in (
        [digits.network(arm) for arm in digits.NETS],
        *([script.network(arm, video) for arm in script.ARMS] for video in script.SPRITES),
    ):
        sizes = [size_of(net) for net in nets]
        assert max(sizes) < 1.05 * min(sizes)


def test_weights_that_masks_keep_at_zero_are_not_counted(paper: Callable[[str], ModuleType]) -> None:
    paper("video_pixel_networks")
    size_of = importlib.import_module("parts.sequence_cells").size_of
    net = importlib.import_module("parts.digits_foretold").network("vpn")
    videos = torch.rand(2, 3, 5, 5, 1)
    FrameLikelihood(net.outputs[0]).value((net({"frame": videos}),), {"frame": videos}).backward()
    assert all(value.grad is not None for value in net.parameters())
    moved = sum(int((value.grad != 0).sum()) for value in net.parameters() if value.grad is not None)
    assert moved <= size_of(net) < 1.01 * moved


def test_copies_cost_what_their_pixels_flip(digits: ModuleType) -> None:
    videos = digits.videos_of("test", 20, 0)
    assert set(videos.unique().tolist()) == {0, 1}
    flips = float((videos[:, digits.SEEN :] != videos[:, digits.SEEN - 1 : -1]).float().mean())
    least = -36 * (flips * np.log(flips) + (1 - flips) * np.log(1 - flips))
    assert digits.copied(videos, videos) == pytest.approx(least, rel=1e-4)
    still = videos[:, :1].round().expand(-1, 3, -1, -1, -1)
    assert digits.copied(still, still) == pytest.approx(-36 * np.log(1 - digits.SURE), rel=1e-2)


def test_held_out_digits_are_not_trained_with(digits: ModuleType) -> None:
    parts = [torch.from_numpy(digits.images(part)).flatten(1).tolist() for part in ("train", "held out")]
    assert len(parts[0]) == 30
    assert not {tuple(row) for row in parts[0]} & {tuple(row) for row in parts[1]}


def test_unknown_arms_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--arms: got \['gpt'\], wanted some of \['vpn', 'baseline'"):
        script.main(script.Args(arms=("gpt",), out=tmp_path))


def test_balls_that_a_good_engine_moves_overlap_with_the_truths(script: ModuleType, tmp_path: Path) -> None:
    balls = importlib.import_module("parts.pixels_and_graphs")
    truth = balls.videos(90_000, 2)
    assert set(truth.unique().tolist()) == {0, balls.WALL, balls.BALL}
    frames = truth[0, balls.SEEN :]
    assert (balls.unpacked(balls.packed(frames)) == (frames[..., 0] == balls.BALL).numpy()).all()
    assert float(balls.overlap(truth, truth).min()) == 1
    found = {
        arm: [row["value"] for row in balls.run(tmp_path, Cell(arm, 0, (("updates", 0),))) if row["name"] == "overlap"]
        for arm in (balls.ENGINE, balls.LAST)
    }
    assert min(found[balls.ENGINE]) > 0.9
    assert all(one >= other for one, other in zip(found[balls.ENGINE], found[balls.LAST], strict=True))
