from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from learners.sequences.bytenet import byte_model
from learners.sequences.losses import Likelihood
from learners.sequences.recurrent import lstm_model
from learners.sequences.rows import Crops, SymbolRow, bits
from learners.sequences.training import Diverged, SequenceTraining
from learners.sequences.wavenet import wavenet
from physim.errors import PhysimError
from physim.graph import ModuleGraph, check_steps

PERIOD = torch.tensor([0, 1, 2, 3, 2, 1, 0, 0])
ROWS = [SymbolRow(PERIOD.repeat(40))]


def crops(seed: int = 0) -> Crops:
    return Crops(ROWS, length=32, context=8, start=4, batch=4, seed=seed)


def small(seed: int = 0) -> ModuleGraph:
    torch.manual_seed(seed)
    return wavenet(4, 16, 16, (1, 2, 4))


def judged(net: ModuleGraph) -> float:
    return bits(net, ROWS, 4)


@pytest.mark.parametrize("make", [small, lambda: lstm_model(4, 16, 8)])
def test_what_repeats_is_learned(make: object) -> None:
    net: ModuleGraph = make()  # type: ignore[operator]
    progress = SequenceTraining(250, rate=1e-2, every=50).run(net, crops(), judged, progress=False)
    assert progress.curve[-1]["judged"] < 0.1
    assert judged(net) == pytest.approx(min(row["judged"] for row in progress.curve), abs=1e-6)


def test_an_interrupted_training_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = small(), small()
    SequenceTraining(40, every=10).run(whole, crops(), judged, progress=False)
    settings = SequenceTraining(40, every=10, checkpoint=tmp_path / "checkpoint.safetensors")

    def interrupted(update: int) -> object:
        if update == 23:
            monkeypatch.setattr("learners.sequences.training.SAVE_EVERY", 60.0)
            raise KeyboardInterrupt
        return crops()(update)

    monkeypatch.setattr("learners.sequences.training.SAVE_EVERY", 0.0)
    with pytest.raises(KeyboardInterrupt):
        settings.run(parts, interrupted, judged, progress=False)  # type: ignore[arg-type]
    again = small(7)
    progress = settings.run(again, crops(), judged, progress=False)
    assert [row["updates"] for row in progress.curve] == [10, 20, 30, 40]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


@pytest.mark.parametrize("changed", ["dilations", "rate", "clip"])
def test_the_checkpoint_of_another_training_is_refused(changed: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    SequenceTraining(2, checkpoint=path).run(small(), crops(), progress=False)
    other = wavenet(4, 16, 16, (1, 1, 7)) if changed == "dilations" else small()
    settings = SequenceTraining(2, **{"checkpoint": path, **({} if changed == "dilations" else {changed: 0.5})})  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="is of a training with"):
        settings.run(other, crops(), progress=False)


@pytest.mark.parametrize("changed", ["rows", "length", "context", "batch", "seed"])
def test_the_checkpoint_of_a_training_on_other_batches_is_refused(changed: str, tmp_path: Path) -> None:
    settings = SequenceTraining(2, checkpoint=tmp_path / "checkpoint.safetensors")
    settings.run(small(), crops(), progress=False)
    value = [SymbolRow(3 - ROWS[0].symbols)] if changed == "rows" else 5
    with pytest.raises(PhysimError, match="is of a training with the first batch"):
        settings.run(small(), replace(crops(), **{changed: value}), progress=False)  # type: ignore[arg-type]


def test_what_is_dropped_out_depends_on_the_update_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learners.sequences.training.SAVE_EVERY", 0.0)
    nets = [byte_model(4, 4, (1, 2), dropout=0.5) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    settings = SequenceTraining(6, checkpoint=tmp_path / "checkpoint.safetensors")

    def interrupted(update: int) -> object:
        if update == 3:
            raise KeyboardInterrupt
        return crops()(update)

    SequenceTraining(6).run(nets[0], crops(), progress=False)
    with pytest.raises(KeyboardInterrupt):
        settings.run(nets[1], interrupted, progress=False)  # type: ignore[arg-type]
    torch.rand(5)  # others draw, too
    settings.run(nets[1], crops(), progress=False)
    for name, value in nets[0].state_dict().items():
        assert torch.equal(value, nets[1].state_dict()[name])


def test_it_makes_all_updates_and_keeps_the_best() -> None:
    verdicts, seen = iter([3.0, 1.0, 2.0, 2.5]), list[Tensor]()

    def judge(net: ModuleGraph) -> float:
        seen.append(net.state_dict()["embedding.weight"].clone())
        return next(verdicts)

    net = small()
    progress = SequenceTraining(20, every=5).run(net, crops(), judge, progress=False)
    assert [row["judged"] for row in progress.curve] == [3.0, 1.0, 2.0, 2.5]
    assert torch.equal(net.state_dict()["embedding.weight"], seen[1])
    assert not torch.equal(seen[1], seen[3])


def test_what_diverges_is_told() -> None:
    with pytest.raises(Diverged, match=r"the training diverged: at update \d the loss is nan"):
        SequenceTraining(10, rate=1e30, every=5).run(small(), crops(), progress=False)
    with pytest.raises(Diverged, match="the training diverged: after 5 updates the verdict is inf"):
        SequenceTraining(10, every=5).run(small(), crops(), lambda net: math.inf, progress=False)


def test_the_yardstick_steps_as_it_runs() -> None:
    one = lstm_model(5, 4, 3, speakers=2).double()
    check_steps(one, {"symbol": torch.tensor([[5, 1, 2, 0], [5, 0, 0, 4]]), "speaker": torch.tensor([0, 1])}, split=2)


def test_the_checkpoint_of_a_training_by_other_losses_is_refused(tmp_path: Path) -> None:
    settings = SequenceTraining(2, checkpoint=tmp_path / "checkpoint.safetensors")
    settings.run(small(), crops(), progress=False)
    net = small()
    with pytest.raises(PhysimError, match="is of a training with losses"):
        settings.run(net, crops(), losses=[Likelihood(net.outputs[0], "other")], progress=False)
    with pytest.raises(PhysimError, match=r"updates is 2\.5, wanted a whole number"):
        SequenceTraining(2.5)  # type: ignore[arg-type]
