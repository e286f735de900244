from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from physim.graph import ModuleGraph
from physim.ranks import launch

UPDATES = 12
PROGRAM = str(Path(__file__).parent / "program.py")
program = SimpleNamespace(**runpy.run_path(PROGRAM))


def train(out: Path, ranks: list[int], wires: list[str], **setting: Any) -> list[int]:
    """The exit codes of as many processes as `ranks` need."""
    out.mkdir(exist_ok=True)
    setting = {"updates": UPDATES, "out": str(out), "ranks": ranks, "wires": wires, **setting}
    return launch([PROGRAM, json.dumps(setting)], max(ranks) + 1)


def told(out: Path, rank: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / f"rank_{rank}.json").read_text())
    return found


def learned(out: Path, rank: int = 0) -> dict[str, Tensor]:
    found: dict[str, Tensor] = torch.load(out / f"rank_{rank}.pt", weights_only=True)
    return found


def alone(wires: list[str], updates: int = UPDATES) -> dict[str, Tensor]:
    """What one process learns by one backward pass an update."""
    graph = program.chain(wires)
    optimiser = program.optimiser(graph.parameters())
    for version in range(updates):
        inputs, targets = program.batch(version)
        optimiser.zero_grad()
        functional.cross_entropy(graph(inputs), targets["class"]).backward()
        optimiser.step()
    return graph.state_dict()


@torch.no_grad()
def judged(graph: ModuleGraph) -> float:
    """The loss of an unseen batch."""
    inputs, targets = program.batch(10**6)
    return float(functional.cross_entropy(graph.eval()(inputs), targets["class"]))


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.allclose(value, other[name], rtol=1e-12, atol=1e-14) for name, value in one.items())


MANY: list[Any] = [pytest.param(ranks, marks=pytest.mark.slow) for ranks in ([0, 1], [0, 1, 2])]


@pytest.mark.parametrize("ranks", [[0, 1, 0], [0, 1, 1, 2, 3], *MANY], ids=str)
def test_plain_wires_between_processes_learn_what_one_process_does(tmp_path: Path, ranks: list[int]) -> None:
    wires = ["plain"] * (len(ranks) - 1)
    assert not any(train(tmp_path, ranks, wires))
    for rank in set(ranks):
        assert same(alone(wires), learned(tmp_path, rank))
        assert told(tmp_path, rank)["version"] == UPDATES - 1


def test_cut_wires_never_wait_and_every_message_arrives_or_is_counted(tmp_path: Path) -> None:
    assert not any(train(tmp_path, [0, 1], ["cut"], updates=100, bound=2, pause=[0.0, 0.05]))  # the reader is slow
    source, reader = told(tmp_path, 0), told(tmp_path, 1)
    assert source["version"] == reader["version"] == 99  # the newest is never dropped
    assert source["dropped"] > 50
    assert source["updates"] == 100
    assert reader["updates"] == 100 - source["dropped"]


@pytest.mark.parametrize("ranks", [[0, 1, 2], pytest.param([0, 1, 2, 3], marks=pytest.mark.slow)], ids=str)
def test_cut_and_imagined_wires_learn_in_any_number_of_processes(tmp_path: Path, ranks: list[int]) -> None:
    wires = ["cut", "imagined", "cut"][: len(ranks) - 1]
    before = judged(program.chain(wires))
    assert not any(train(tmp_path, ranks, wires, updates=300, bound=1000, pause=[0.005] * 4))
    assert all(told(tmp_path, rank)["dropped"] == 0 for rank in set(ranks))
    graph = program.chain(wires)
    graph.load_state_dict(learned(tmp_path))
    assert judged(graph) < 0.6 * before


def test_where_a_process_dies_the_others_end_with_its_name_and_training_goes_on_later(tmp_path: Path) -> None:
    wires, folder = ["plain", "plain"], str(tmp_path / "kept")
    codes = train(tmp_path, [0, 1, 2], wires, folder=folder, every=3, kill=[2, 8])
    assert codes == [3, 3, -9]
    killed = float((tmp_path / "killed").read_text())
    for rank in (0, 1):
        when, error = (tmp_path / f"rank_{rank}.error").read_text().split(" ", 1)
        assert error == f"rank 2 (layer_2) died; rank {rank} ends too"
        assert float(when) - killed < 10
    assert not any(train(tmp_path, [0, 1, 2], wires, folder=folder, every=3))
    assert same(alone(wires), learned(tmp_path))


def test_a_survivor_goes_on_with_synthetic_gradients(tmp_path: Path) -> None:
    assert train(tmp_path, [0, 1], ["cut"], updates=40, survive=True, kill=[1, 3], pause=[0.01, 0.01]) == [0, -9]
    assert told(tmp_path, 0)["version"] == 39


def test_a_survivor_goes_on_with_imagined_values(tmp_path: Path) -> None:
    assert train(tmp_path, [0, 1], ["imagined"], updates=40, survive=True, kill=[0, 3], pause=[0.01, 0.01]) == [-9, 0]
    assert told(tmp_path, 1)["version"] == 39


def test_a_survivor_that_has_nothing_to_go_on_with_ends(tmp_path: Path) -> None:
    assert train(tmp_path, [0, 1], ["cut"], updates=40, survive=True, kill=[0, 3], pause=[0.01, 0.01]) == [-9, 3]
    assert "rank 0 (layer_0) died" in (tmp_path / "rank_1.error").read_text()


@pytest.mark.slow
def test_torchrun_ends_all_within_ten_seconds_of_a_death(tmp_path: Path) -> None:
    setting = {"updates": 1000, "out": str(tmp_path), "ranks": [0, 1], "wires": ["cut"], "kill": [1, 5]}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", PROGRAM, json.dumps(setting)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert time.time() - float((tmp_path / "killed").read_text()) < 10
    assert re.search(r"Root Cause.*rank +: 1 ", done.stderr, re.DOTALL)
