from __future__ import annotations

import math
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from learners.sequences.kept import trained
from learners.sequences.rows import Batch, Crops, SymbolRow
from learners.sequences.training import Diverged, SequenceTraining
from learners.sequences.wavenet import wavenet
from physim.errors import PhysimError
from physim.graph import ModuleGraph, save_graph

CROPS = Crops([SymbolRow(torch.randint(0, 8, (200,), generator=torch.Generator().manual_seed(0)))], 20, 4, 8)
SETTINGS = SequenceTraining(6, every=2)


def fresh() -> ModuleGraph:
    torch.manual_seed(0)
    return wavenet(8, 4, 4, (1, 2))


def test_what_was_trained_is_read_and_not_trained_again(tmp_path: Path) -> None:
    path, net, again = tmp_path / "nets" / "net.safetensors", fresh(), fresh()
    first = trained(path, net, SETTINGS, CROPS, lambda judged: 1.0)
    assert [row["judged"] for row in first.curve] == [1.0, 1.0, 1.0]
    second = trained(path, again, SETTINGS, lambda update: pytest.fail("trained again") if update else CROPS(0))
    assert second == first
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in net.state_dict().items())
    assert [each.name for each in path.parent.iterdir()] == ["net.safetensors"]


def test_what_was_trained_otherwise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    trained(path, fresh(), SETTINGS, CROPS)
    with pytest.raises(PhysimError, match=r"was trained with settings .*rate=0.001.*, wanted .*rate=0.1"):
        trained(path, fresh(), replace(SETTINGS, rate=0.1), CROPS)
    with pytest.raises(PhysimError, match="was trained with graph"):
        trained(path, wavenet(8, 4, 4, (1, 4)), SETTINGS, CROPS)
    with pytest.raises(PhysimError, match="was trained with the first batch"):
        trained(path, fresh(), SETTINGS, replace(CROPS, seed=9))
    save_graph(path, fresh())
    with pytest.raises(PhysimError, match="was trained with graph untold, wanted"):
        trained(path, fresh(), SETTINGS, CROPS)


def test_what_diverged_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learners.sequences.training.SAVE_EVERY", 0.0)
    verdicts = iter([1.0, math.nan])
    with pytest.raises(Diverged):
        trained(tmp_path / "net.safetensors", fresh(), SETTINGS, CROPS, lambda judged: next(verdicts))
    assert not list(tmp_path.iterdir())


def test_what_was_interrupted_goes_on(tmp_path: Path) -> None:
    path, asked = tmp_path / "net.safetensors", list[int]()

    def told(update: int) -> Batch:
        asked.append(update)
        if asked.count(3) == 1 and update == 3:
            signal.raise_signal(signal.SIGINT)
        return CROPS(update)

    with pytest.raises(KeyboardInterrupt):
        trained(path, fresh(), SETTINGS, told)
    asked.clear()
    net, whole = fresh(), fresh()
    trained(path, net, SETTINGS, told)
    assert set(asked) == {0, 4, 5}  # the first one tells whether it is the same training
    trained(tmp_path / "whole.safetensors", whole, SETTINGS, CROPS)
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in net.state_dict().items())
