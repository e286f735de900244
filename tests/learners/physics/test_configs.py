from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from learners.physics import Physics
from learners.physics.acting import Acting
from learners.physics.configs import CANDIDATES, CONFIGS, Config, graph_batch, prepared
from learners.physics.data import OneSteps
from learners.physics.training import Objective
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph
from physim.interaction import interaction_network
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World
from worlds import Balls, NBody, Strings

Serve = Callable[..., OneSteps]
Make = Callable[..., tuple[ModuleGraph, OneSteps]]
SOME = (torch.tensor([0, 3]), torch.tensor([2, 1]))


WORLDS: tuple[World, ...] = (NBody(bodies=3), Balls(balls=3), Strings(masses=4))


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: world.name)
def few(request: pytest.FixtureRequest) -> tuple[World, Trajectory]:
    """A world and four scenes of it, long enough for a few contacts."""
    world: World = request.param
    return world, rollout(world.engine(), Scene.batch_of(world.scenes(seed=1, count=4)), 60)


@pytest.fixture
def examples_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[ModuleGraph, OneSteps]]:
    """A configuration's graph, with normalisers measured on a few examples, and the data that it reads."""
    monkeypatch.setattr(OneSteps, "at_most", lambda data, examples: 64)

    def make(config: Config, world: World, trajectory: Trajectory) -> tuple[ModuleGraph, OneSteps]:
        data = OneSteps(trajectory, Acting.of(world, trajectory.scene).message_columns)
        graph = config.build(data, world)
        data.serve(graph)
        return prepared(graph, data, 0, range(4)), data

    return make


def test_the_learner_names_its_configurations_best_first() -> None:
    assert Physics().configs[:4] == ("best", "paper", "mlp", "dynamics_only")


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_configuration_has_finite_losses_and_slopes_for_all_parameters(
    name: str, few: tuple[World, Trajectory], examples_of: Make
) -> None:
    config, (world, trajectory) = CONFIGS[name], few
    graph, data = examples_of(config, world, trajectory)
    objective = Objective(graph, config.losses(graph, data), world)
    scenes, ticks = data.draw_balanced(np.random.default_rng(0), 16, range(4))
    losses = objective(*data.examples(scenes, ticks.clamp(max=data.steps - config.window), config.window))
    losses.sum().backward()
    assert losses.isfinite().all()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in graph.parameters())


@pytest.mark.parametrize("name", ["paper", "gns", "egnn", "plain", "dynamics_only"])
def test_examples_in_another_order_have_the_same_predictions(
    name: str, few: tuple[World, Trajectory], examples_of: Make
) -> None:
    graph, data = examples_of(CONFIGS[name], *few)
    outputs = []
    for scenes in ([0, 1, 2], [2, 0, 1]):
        inputs, _ = data.examples(torch.tensor(scenes), torch.tensor([3, 3, 3]))
        outputs.append(graph(graph_batch(graph, inputs)).detach().reshape(3, -1))
    torch.testing.assert_close(outputs[1], outputs[0][[2, 0, 1]])


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
        CONFIGS["mlp"].build(serve(mixed), NBody())


def test_relations_reach_the_graph_as_edges(trajectory: Trajectory, serve: Serve) -> None:
    graph = interaction_network()
    given = graph_batch(graph, serve(trajectory, graph).examples(*SOME)[0])
    assert set(given) == {*graph.inputs, "pairs"}
    assert isinstance(given["pairs"], Edges)
