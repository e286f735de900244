from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import LinearSynthesizer, ModuleGraph, decoupled, losses_of
from physim.graph.groups import Interface
from physim.graph.unlocked import Unlocked
from physim.ranks import Placed, launch
from physim.ranks.channels import Message

UPDATES = 12
PROGRAM = str(Path(__file__).parent / "program.py")
program = SimpleNamespace(**runpy.run_path(PROGRAM))
Train = Callable[..., list[int]]


def told(out: Path, rank: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / f"rank_{rank}.json").read_text())
    return found


def learned(out: Path, rank: int = 0) -> dict[str, Tensor]:
    found: dict[str, Tensor] = torch.load(out / f"rank_{rank}.pt", weights_only=True)
    return found


def alone(updates: int = UPDATES, **setting: Any) -> ModuleGraph:
    """What one process learns by one backward pass an update."""
    graph = program.network(setting)
    optimiser = program.optimiser(graph.parameters())
    for version in range(updates):
        inputs, targets, state = program.batch(version, setting.get("ticks", 0))
        optimiser.zero_grad()
        losses, _ = losses_of(graph, program.losses_of(graph), inputs, targets, state=state)
        torch.stack([*losses.values()]).sum().backward()
        optimiser.step()
    return graph


def untaught(wires: list[str], updates: int) -> ModuleGraph:
    """What cuts leave to learn that bring nothing back: the last layer alone."""
    graph = program.chain(wires)
    last = f"layer_{len(wires)}"
    for name, parameter in graph.named_parameters():
        parameter.requires_grad_(last in name)
    optimiser = program.optimiser([one for one in graph.parameters() if one.requires_grad])
    graph.eval()
    for version in range(updates):
        inputs, targets, _ = program.batch(version)
        optimiser.zero_grad()
        functional.cross_entropy(graph(inputs), targets["class"]).backward()
        optimiser.step()
    return graph


@torch.no_grad()
def judged(graph: ModuleGraph) -> float:
    """The loss of an unseen batch."""
    inputs, targets, _ = program.batch(10**6)
    return float(functional.cross_entropy(graph.eval()(inputs), targets["class"]))


def same(one: ModuleGraph, other: dict[str, Tensor]) -> bool:
    return all(torch.allclose(value, other[name], rtol=1e-12, atol=1e-14) for name, value in one.state_dict().items())


@pytest.mark.parametrize("ranks", [[0, 1], [0, 1, 0], [0, 1, 2], [0, 1, 1, 2, 3]], ids=str)
def test_plain_wires_between_processes_learn_what_one_process_does(
    train: Train, tmp_path: Path, ranks: list[int]
) -> None:
    wires = ["plain"] * (len(ranks) - 1)
    assert not any(train(ranks, wires))
    for rank in set(ranks):
        assert same(alone(wires=wires), learned(tmp_path, rank))
        assert told(tmp_path, rank)["version"] == UPDATES - 1


def test_a_program_is_launched_on_several_ranks(tmp_path: Path) -> None:
    setting = {"updates": UPDATES, "out": str(tmp_path), "ranks": [0, 1], "wires": ["plain"]}
    assert launch([PROGRAM, json.dumps(setting)], 2) == [0, 0]
    assert same(alone(wires=["plain"]), learned(tmp_path))


@pytest.mark.parametrize("ranks", [[0, 1, 2], [0, 1, 1], [1, 0, 2]], ids=str)
def test_a_plain_value_that_several_ranks_read_hears_of_all(train: Train, tmp_path: Path, ranks: list[int]) -> None:
    assert not any(train(ranks, ["plain"], heads=2))
    assert same(alone(wires=["plain"], heads=2), learned(tmp_path))


def test_a_cut_value_that_several_ranks_read_teaches_once_all_of_them_spoke(train: Train, tmp_path: Path) -> None:
    pause = [0.01, 0.0, 0.005]
    assert not any(train([0, 1, 2], ["cut"], heads=2, pause=pause, updates=30, bound=30))
    assert [told(tmp_path, rank)["dropped"] for rank in range(3)] == [0, 0, 0]
    assert told(tmp_path, 0)["taught"] == 30


def test_whole_numbers_travel_and_bring_nothing_back(train: Train, tmp_path: Path) -> None:
    assert not any(train([0, 0, 0, 1], net="kinds"))
    assert same(alone(net="kinds"), learned(tmp_path))


def test_windows_begin_with_their_memory_in_every_process(train: Train, tmp_path: Path) -> None:
    assert not any(train([0, 1, 1], net="remembering", ticks=4))
    assert same(alone(net="remembering", ticks=4), learned(tmp_path))


def test_a_reader_that_ignores_a_plain_value_says_so(train: Train, tmp_path: Path) -> None:
    assert not any(train([0, 1], net="deaf"))
    assert same(alone(net="deaf"), learned(tmp_path))


def test_cut_wires_never_wait_and_every_message_arrives_or_is_counted(train: Train, tmp_path: Path) -> None:
    assert not any(train([0, 1], ["cut"], updates=100, bound=2, pause=[0.0, 0.02]))  # the reader is slow
    source, reader = told(tmp_path, 0), told(tmp_path, 1)
    assert source["version"] == reader["version"] == 99  # the newest is never dropped
    assert source["dropped"] > 50
    assert source["updates"] == 100
    assert reader["updates"] == 100 - source["dropped"]
    assert source["taught"] == reader["updates"]  # every gradient that came met its value


@pytest.mark.parametrize("wires", [["cut"], ["imagined"], ["cut", "imagined"]], ids=str)
def test_cuts_within_a_process_learn_what_an_unlocked_one_does(train: Train, tmp_path: Path, wires: list[str]) -> None:
    graph = program.chain(wires)
    unlocked = Unlocked(graph, program.losses_of(graph), program.optimiser)
    for version in range(UPDATES):
        unlocked.update(*program.batch(version))
    assert train([0] * (len(wires) + 1), wires) == [0]
    assert same(graph, learned(tmp_path))


MORE = [pytest.param(wires, marks=pytest.mark.slow) for wires in (["cut"], ["cut", "imagined", "cut"])]


@pytest.mark.parametrize("wires", [["cut", "imagined"], *MORE], ids=str)
def test_cut_and_imagined_wires_learn_in_any_number_of_processes(
    train: Train, tmp_path: Path, wires: list[str]
) -> None:
    assert not any(train([*range(len(wires) + 1)], wires, updates=400, pause=[0.005] * 4))
    graph = program.chain(wires)
    graph.load_state_dict(learned(tmp_path))
    assert judged(graph) < 0.5 * judged(untaught(wires, 400))


def test_what_comes_back_to_a_rank_from_an_imagined_value_is_its_update(train: Train, tmp_path: Path) -> None:
    assert not any(train([0, 1, 0], ["imagined", "cut"], updates=60, pause=[0.005, 0.0]))
    assert told(tmp_path, 0)["version"] == told(tmp_path, 1)["version"] == 59


def test_where_a_process_dies_the_others_end_with_its_name_and_training_goes_on_later(
    train: Train, tmp_path: Path
) -> None:
    wires, folder = ["plain", "plain"], str(tmp_path / "kept")
    codes = train([0, 1, 2], wires, folder=folder, every=3, kill=[2, 8])
    assert codes == [3, 3, -9]
    killed = float((tmp_path / "killed").read_text())
    for rank in (0, 1):
        when, error = (tmp_path / f"rank_{rank}.error").read_text().split(" ", 1)
        assert error == f"rank 2 (layer_2) died; rank {rank} ends too"
        assert float(when) - killed < 10
    assert not any(train([0, 1, 2], wires, folder=folder, every=3))
    assert told(tmp_path, 0)["first"] == 6
    assert same(alone(wires=wires), learned(tmp_path))


PAUSE = [0.01] * 3


def test_a_survivor_goes_on_with_synthetic_gradients(train: Train, tmp_path: Path) -> None:
    assert train([0, 1], ["cut"], updates=40, survive=True, kill=[1, 3], pause=PAUSE) == [0, -9]
    assert told(tmp_path, 0)["version"] == 39


def test_a_survivor_goes_on_with_imagined_values(train: Train, tmp_path: Path) -> None:
    assert train([0, 1], ["imagined"], updates=40, survive=True, kill=[0, 3], pause=PAUSE) == [-9, 0]
    assert told(tmp_path, 1)["version"] == 39


def test_a_survivor_that_has_nothing_to_go_on_with_ends(train: Train, tmp_path: Path) -> None:
    assert train([0, 1], ["cut"], updates=40, survive=True, kill=[0, 3], pause=PAUSE) == [-9, 3]
    assert "rank 0 (layer_0) died" in (tmp_path / "rank_1.error").read_text()


def test_training_that_was_survived_goes_on_later_where_all_still_were(train: Train, tmp_path: Path) -> None:
    setting = {"wires": ["cut"], "updates": 60, "folder": str(tmp_path / "kept"), "pause": PAUSE, "survive": True}
    assert train([0, 2], kill=[2, 23], **setting) == [0, 3, -9]  # rank 1 runs nothing, and gathers
    assert told(tmp_path, 0)["version"] == 59
    assert (tmp_path / "rank_1.error").read_text().endswith("rank 2 (layer_1) died; rank 1 ends too")
    assert len([*(tmp_path / "kept").glob("*.rank0.pt")]) == 2  # the common one, and the newest
    assert not any(train([0, 2], **setting))
    assert 5 <= told(tmp_path, 0)["first"] <= told(tmp_path, 2)["first"] <= 25
    assert told(tmp_path, 2)["version"] == 59


def test_what_was_learned_cannot_be_gathered_after_a_death(train: Train, tmp_path: Path) -> None:
    setting = {"updates": 10, "survive": True, "kill": [1, 3], "gather": True, "pause": PAUSE}
    assert train([0, 1], ["cut"], **setting) == [3, -9]
    assert "rank 1 (layer_1) died" in (tmp_path / "rank_0.error").read_text()


@pytest.mark.slow
def test_torchrun_ends_all_within_ten_seconds_of_a_death(tmp_path: Path) -> None:
    setting = {"updates": 1000, "out": str(tmp_path), "ranks": [0, 1], "wires": ["cut"], "kill": [1, 5]}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", PROGRAM, json.dumps(setting)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert time.time() - float((tmp_path / "killed").read_text()) < 10
    assert re.search(r"Root Cause.*rank +: 1 ", done.stderr, re.DOTALL)


class Token(nn.Module):
    """A learned code, which is the same for all items."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.zeros(2))

    def forward(self, image: Tensor) -> Tensor:
        return self.code.expand(len(image), -1)


@pytest.fixture
def placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Placed]:
    """Two layers joined by a cut wire, in a group of processes that is this one alone."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    try:
        graph = ModuleGraph()
        wire = decoupled(graph.add("code", Token(), graph.input("image")), LinearSynthesizer(2))
        wire.node.synthesizer.line.bias.data.fill_(1.0)
        head = graph.add("head", nn.Linear(2, program.CLASSES), wire)

        def batch(version: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
            return {"image": torch.randn(4, 2)}, {"class": torch.arange(4) % program.CLASSES}

        optimiser = partial(torch.optim.SGD, lr=0.1)
        yield Placed(graph, [program.CrossEntropy("class", head)], optimiser, {"code": 0, "head": 0}, batch)
    finally:
        dist.destroy_process_group()


def test_what_was_sent_stays_as_it_was_when_what_it_is_a_view_of_learns(
    placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[Tensor, Tensor]] = []

    def send(interface: Interface, message: Message) -> list[int]:
        sent.append((message.value, message.value.clone()))
        return []

    monkeypatch.setattr(placed.post, "send", send)
    for _ in range(3):
        placed.update()
    assert all(torch.equal(value, then) for value, then in sent)
    assert not torch.equal(sent[0][0], sent[-1][0])


def test_after_its_end_nothing_is_trained_any_more(placed: Placed) -> None:
    placed.train(3)
    for again in (placed.update, lambda: placed.train(6)):
        with pytest.raises(PhysimError, match="this Placed has finished: make a new one, or train for more updates"):
            again()
