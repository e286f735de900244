"""Run by `pytest tests/benchmarks`: what the module graph costs."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from learners.physics import bench
from learners.physics.timing import compare
from physim.graph import LSTM, ModuleGraph, State
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


def test_a_steps_cost_grows_with_the_number_of_modules_and_no_faster() -> None:
    x, few, many = torch.randn(1, 8), chain(8), chain(64)
    with torch.no_grad():
        long, short = compare(lambda: many.step({"x": x}), lambda: few.step({"x": x}))
    assert long <= 10 * short, (long, short)


def test_an_lstm_runs_a_window_at_the_speed_of_a_fused_one() -> None:
    net, x = ModuleGraph(), torch.randn(16, 100, 32)
    net.add("core", LSTM(32, 64), net.input("x"))
    fused = nn.LSTM(32, 64, batch_first=True)

    def tick_by_tick() -> None:
        state: State = {}
        for tick in range(x.shape[1]):
            _, state = net.step({"x": x[:, tick]}, state)

    with torch.no_grad():
        whole, bare = compare(lambda: net({"x": x}), lambda: fused(x))
        again, ticks = compare(lambda: net({"x": x}), tick_by_tick)
    assert whole <= 1.5 * bare, (whole, bare)
    assert again <= ticks / 3, (again, ticks)


def chain(modules: int) -> ModuleGraph:
    """Small modules in a row."""
    net = ModuleGraph()
    port = net.input("x")
    for number in range(modules):
        port = net.add(f"module{number}", nn.Linear(8, 8), port)
    return net
