"""Run by `pytest tests/benchmarks`: what the module graph costs."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn

from learners.physics import bench
from physim.graph import LSTM, ModuleGraph
from physim.interaction import interaction_network
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import Scene
from worlds import NBody


def test_a_step_of_small_modules_costs_few_microseconds_a_module() -> None:
    row = bench.step_overhead(range(15))
    assert row["overhead"] < 5, row


def test_the_papers_network_costs_a_few_percent() -> None:
    row = bench.network_overhead(range(25))
    assert row["overhead"] < 5, row


def test_a_compiled_graph_equals_the_plain_one() -> None:
    graph = interaction_network()
    given = graph_inputs(graph, Scene.batch_of(NBody().scenes(1, 10)), ["mass"])
    torch.compiler.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.compile(graph)(given)
    torch.testing.assert_close(compiled, graph(given), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("modules", [8, 64])
def test_step(benchmark: Any, modules: int) -> None:
    net, x = ModuleGraph(), torch.randn(1, 8)
    port = net.input("x")
    for number in range(modules):
        port = net.add(f"module{number}", nn.Linear(8, 8), port)
    with torch.no_grad():
        benchmark(lambda: net.step({"x": x}))


def test_a_fused_lstm_window(benchmark: Any) -> None:
    net, x = ModuleGraph(), torch.randn(16, 100, 32)
    net.add("core", LSTM(32, 64), net.input("x"))
    with torch.no_grad():
        benchmark(lambda: net({"x": x}))
