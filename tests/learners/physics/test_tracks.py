from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from learners.physics.path_windows import Windows
from learners.physics.tracks import BentPaths, TracksTask, train_tracks
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.learner import TrainSettings
from physim.scenes.scene import Scene
from physim.scenes.tracks import read_tracks

Settings = Callable[..., TrainSettings]
DT = 0.04


def pulled(scenes: int = 6, steps: int = 50, noise: float = 0.0) -> list[str]:
    """Rows frame,object,x,y,scene of two bodies that a steady pull and a drag act on."""
    rng = np.random.default_rng(0)
    lines = []
    for scene in range(scenes):
        pos, vel = rng.uniform(-3, 3, (2, 2, 2))
        for frame in range(steps + 1):
            seen = pos + noise * rng.standard_normal((2, 2))
            lines += [f"{frame},{body},{float(x)!r},{float(y)!r},{scene}" for body, (x, y) in enumerate(seen)]
            for _ in range(20):
                vel = vel + DT / 20 * (np.array([0.0, -10.0]) - 0.5 * vel)
                pos = pos + DT / 20 * vel
    return lines


@pytest.fixture
def table(tmp_path: Path) -> Callable[[list[str]], Path]:
    def write(lines: list[str]) -> Path:
        path = tmp_path / "tracks.csv"
        path.write_text("\n".join(["frame,object,x,y,scene", *lines]) + "\n")
        return path

    return write


def test_the_order_of_rows_changes_no_byte_of_the_training(
    table: Callable[[list[str]], Path], settings: Settings, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    lines = pulled(noise=0.01)
    first = tensors_of(train_tracks(read_tracks(table(lines), 25.0), settings()))
    random.Random(0).shuffle(lines)
    second = tensors_of(train_tracks(read_tracks(table(lines), 25.0), settings()))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_pull_and_a_drag_are_learned_through_noise(table: Callable[[list[str]], Path], settings: Settings) -> None:
    path = train_tracks(read_tracks(table(pulled(noise=0.02)), 25.0), settings(updates=600))
    engine = LearnedEngine.load(path)
    vel = torch.tensor([[1.0, 0.0], [-1.0, -2.0]], dtype=torch.float64)
    scene = Scene.of(torch.tensor([[0.0, 0.0], [3.0, 1.0]], dtype=torch.float64), vel, torch.ones(2))
    pull = (rollout(engine, scene, 1).vel[1] - vel) / DT
    wanted = torch.tensor([0.0, -10.0], dtype=torch.float64) - 0.5 * vel
    assert float((pull - wanted).norm(dim=-1).max()) < 0.15 * 10


def test_the_weights_say_where_they_come_from_and_what_they_fit(
    table: Callable[[list[str]], Path], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    tracks = read_tracks(table(pulled(noise=0.02)), 25.0)
    terms = LearnedEngine.load(train_tracks(tracks, settings())).terms
    assert (terms.dt, terms.position_rule, terms.columns, terms.shape_kinds) == (DT, 0.5, ("mass",), ("point",))
    assert terms.provenance["tracks"] == tracks.metadata
    assert terms.provenance["tracks"]["file"] == "tracks.csv"
    assert len(terms.provenance["tracks"]["sha256"]) == 64
    assert terms.provenance["noise"] == pytest.approx(0.02, rel=0.1)
    assert (terms.provenance["left_out"], terms.provenance["updates"]) == (0, 10)
    assert "tracks.csv: 6 scenes, noise of 0.0" in capsys.readouterr().err


def test_rows_left_out_are_told(
    table: Callable[[list[str]], Path], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in pulled() if not line.startswith("3,1,")]
    train_tracks(read_tracks(table(lines), 25.0), settings(updates=1))
    # the first three instants of each scene with both bodies, and the fourth with one, are too few to begin with
    assert "42 of 606 rows are left out" in capsys.readouterr().err


def test_going_on_gives_the_losses_of_a_training_without_a_break(
    table: Callable[[list[str]], Path], settings: Settings, stop_after: Callable[[int], None], tmp_path: Path
) -> None:
    tracks = read_tracks(table(pulled(noise=0.01)), 25.0)
    whole = settings(out=tmp_path / "whole.safetensors")
    broken = settings(out=tmp_path / "broken.safetensors")
    train_tracks(tracks, whole)
    stop_after(5)
    with pytest.raises(KeyboardInterrupt):
        train_tracks(tracks, broken)
    stop_after(10**9)
    train_tracks(tracks, settings(out=broken.out, resume=True))
    losses = []
    for settings_of in (whole, broken):
        with settings_of.out.with_suffix(".losses.csv").open() as file:
            losses.append([row["bend"] for row in csv.DictReader(file)])
    assert losses[0] == losses[1]
    assert len(losses[0]) == 10


def test_numbers_too_short_for_the_paths_are_refused(table: Callable[[list[str]], Path], settings: Settings) -> None:
    with pytest.raises(PhysimError, match="precision: bf16-mixed rounds positions"):
        train_tracks(read_tracks(table(pulled()), 25.0), settings(precision="bf16-mixed"))


def test_forces_that_are_true_miss_paths_by_the_noise_alone(
    table: Callable[[list[str]], Path], settings: Settings
) -> None:
    tracks = read_tracks(table(pulled(scenes=40, noise=0.05)), 25.0)
    windows = Windows(tracks, ("mass",))
    task = TracksTask(tracks, settings())
    objective = BentPaths(task.graph, windows, 1.0)
    inputs, targets = windows.examples(torch.arange(40))

    def true_changes(inputs: dict[str, torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
        return (DT * (torch.tensor([0.0, -10.0], dtype=torch.float64) - 0.5 * inputs["vel"]))[rows]

    objective._changes = true_changes  # type: ignore[method-assign]
    missed, bent = objective.squares(inputs, targets, sharpened=True)
    assert float(missed.mean()) == pytest.approx(0.05**2, rel=0.15)
    assert float(bent.mean()) > 100 * float(missed.mean())
