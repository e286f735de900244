from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from learners.checkpoints import Checkpoint, Identity, Progress
from physim.errors import PhysimError

PROGRESS = Progress(updates=3, seconds=1.5, curve=[{"updates": 3, "ratio": 0.1}])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[[int], Checkpoint]:
    def make(width: int = 4) -> Checkpoint:
        graph = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
        optimiser = torch.optim.Adam(graph.parameters())
        graph(torch.randn(5, 2)).sum().backward()
        optimiser.step()
        return Checkpoint(tmp_path / "a.checkpoint", {"config": "best", "seed": 0}, graph, optimiser)

    return make


Make = Callable[..., Checkpoint]


def test_weights_optimiser_and_progress_come_back_bit_for_bit(checkpoint: Make) -> None:
    first, second = checkpoint(), checkpoint()
    first.save(PROGRESS)
    assert second.load() == PROGRESS
    torch.testing.assert_close(second.graph.state_dict(), first.graph.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(second.optimiser.state_dict(), first.optimiser.state_dict(), rtol=0, atol=0)


def test_the_next_step_is_the_same_after_coming_back(checkpoint: Make) -> None:
    first, second = checkpoint(), checkpoint()
    first.save(PROGRESS)
    second.load()
    for one in (first, second):
        one.optimiser.zero_grad()
        one.graph(torch.ones(5, 2)).square().sum().backward()
        one.optimiser.step()
    assert torch.equal(*(one.graph.state_dict()["0.weight"] for one in (first, second)))


def test_saving_leaves_one_file(checkpoint: Make, tmp_path: Path) -> None:
    checkpoint().save(PROGRESS)
    checkpoint().save(PROGRESS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.checkpoint"]


def test_a_missing_checkpoint_is_refused(checkpoint: Make) -> None:
    with pytest.raises(PhysimError, match=r"^resume: there is no checkpoint .*a\.checkpoint"):
        checkpoint().load()


@pytest.mark.parametrize(("field", "value"), [("config", "paper"), ("seed", 7)])
def test_a_checkpoint_of_another_training_is_refused_by_what_differs(
    field: str, value: str | int, checkpoint: Make
) -> None:
    first = checkpoint()
    replace(first, identity={**first.identity, field: value}).save(PROGRESS)
    with pytest.raises(PhysimError, match=f"is of a training with {field} {value}, not {first.identity[field]}"):
        first.load()


def test_weights_of_another_graph_are_refused_in_one_sentence(checkpoint: Make) -> None:
    checkpoint(5).save(PROGRESS)
    with pytest.raises(PhysimError, match=r"do not fit this training's graph$"):
        checkpoint(4).load()


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_truncated_file_is_refused(kept: int, checkpoint: Make) -> None:
    first = checkpoint()
    first.save(PROGRESS)
    first.path.write_bytes(first.path.read_bytes()[:kept])
    with pytest.raises(PhysimError, match="is no checkpoint, or it is cut off"):
        first.load()


def test_another_safetensors_file_is_refused(checkpoint: Make) -> None:
    save_file({"graph.0.weight": torch.ones(2)}, checkpoint().path)
    with pytest.raises(PhysimError, match="is not a checkpoint, but some other safetensors file"):
        checkpoint().load()


def test_a_checkpoint_that_does_not_say_whose_it_is_is_refused(checkpoint: Make) -> None:
    first = checkpoint()
    first.save(PROGRESS)
    save_file(load_file(first.path), first.path, {"progress": '{"updates": 3, "seconds": 1.5, "curve": []}'})
    with pytest.raises(PhysimError, match="is not a checkpoint, but some other safetensors file"):
        first.load()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"config": "paper", "seed": 1}, "config paper, not best; seed 1, not 0$"),
        ({"config": "best"}, "seed untold, not 0"),
        ({"config": "best", "seed": 0, "data": "a"}, "data a, not untold"),
    ],
)
def test_a_checkpoint_that_tells_less_or_more_is_refused_by_what_differs(
    told: Identity, reason: str, checkpoint: Make
) -> None:
    first = checkpoint()
    replace(first, identity=told).save(PROGRESS)
    with pytest.raises(PhysimError, match=f"is of a training with {reason}"):
        first.load()


def test_a_folder_that_takes_no_files_is_refused(checkpoint: Make, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="cannot be written"):
        replace(checkpoint(), path=tmp_path / "gone" / "a.checkpoint").save(PROGRESS)
