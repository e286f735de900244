from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from learners.physics import Physics
from learners.physics.configs import CONFIGS, graph_batch, prepared
from learners.physics.data import OneSteps
from physim.errors import PhysimError
from physim.graph import Edges, losses_of
from physim.interaction import interaction_network
from physim.scenes.trajectory import Trajectory
from worlds.nbody import NBody

Serve = Callable[..., OneSteps]
SOME = (torch.tensor([0, 3]), torch.tensor([2, 1]))


def test_the_learner_names_its_configurations_best_first() -> None:
    assert Physics().configs == ("best", "paper", "mlp", "dynamics_only")


@pytest.mark.parametrize("name", CONFIGS)
def test_every_configuration_has_finite_losses_and_slopes_for_all_parameters(
    name: str, trajectory: Trajectory, serve: Serve
) -> None:
    config, data = CONFIGS[name], serve(trajectory)
    graph = config.build(data, NBody(bodies=3))
    data.serve(graph)
    prepared(graph, data, 0, range(9))
    inputs, targets = data.examples(*SOME)
    marks = {mark: inputs[mark] for mark in ("moves", "mass")}
    losses, _ = losses_of(graph, config.losses(graph, data), graph_batch(graph, inputs), targets | marks)
    torch.stack(list(losses.values())).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in graph.parameters())


def test_an_untrained_best_network_starts_near_constant_velocity(trajectory: Trajectory, serve: Serve) -> None:
    data = serve(trajectory)
    graph = prepared(interaction_network(), data, 0, range(9))
    inputs, _ = data.examples(*SOME)
    assert graph(graph_batch(graph, inputs)).abs().max() < 10 * data.typical_change


def test_normalisers_measure_the_scenes_they_are_given_alone(trajectory: Trajectory, serve: Serve) -> None:
    pos = trajectory.pos.clone()
    pos[:, 27:] *= 1e6
    graphs = [
        prepared(interaction_network(), serve(one), 0, range(9)) for one in (trajectory, replace(trajectory, pos=pos))
    ]
    states = [{name: value for name, value in graph.named_buffers() if "geometry" in name} for graph in graphs]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_in_float64_normalisers_and_scales_are_measured_in_float64(trajectory: Trajectory, serve: Serve) -> None:
    graph = interaction_network().double()
    buffers = dict(prepared(graph, serve(trajectory, graph), 0, range(9)).named_buffers())
    assert {value.dtype for value in buffers.values()} == {torch.float64}
    assert all((value.float().double() != value).any() for name, value in buffers.items() if name.endswith("scale"))


def test_the_mlp_refuses_scenes_of_different_sizes(mixed: Trajectory, serve: Serve) -> None:
    with pytest.raises(PhysimError, match=r"config mlp wants scenes of one size, .* \[2, 3, 4\] bodies"):
        CONFIGS["mlp"].build(serve(mixed), 1e-3)


def test_relations_reach_the_graph_as_edges(trajectory: Trajectory, serve: Serve) -> None:
    graph = interaction_network()
    given = graph_batch(graph, serve(trajectory, graph).examples(*SOME)[0])
    assert set(given) == {*graph.inputs, "pairs"}
    assert isinstance(given["pairs"], Edges)
