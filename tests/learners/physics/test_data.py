from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pymunk
import pytest
import torch
from torch import Tensor

from learners.physics.data import OneSteps
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph
from physim.interaction import interaction_network, paper_interaction_network
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import Scene, scenes_of
from physim.scenes.spaces import scene_of
from physim.scenes.trajectory import Trajectory

Serve = Callable[..., OneSteps]


def slowly(trajectory: Trajectory, graph: ModuleGraph, scenes: list[int], ticks: list[int]) -> dict[str, Tensor]:
    """What a loop over the examples makes of them."""
    parts = [scenes_of(trajectory.at(tick))[scene] for scene, tick in zip(scenes, ticks, strict=True)]
    after = [scenes_of(trajectory.at(tick + 1))[scene] for scene, tick in zip(scenes, ticks, strict=True)]
    given = graph_inputs(graph, Scene.batch_of(parts), ("mass",))
    tensors = {name: value.index if isinstance(value, Edges) else value for name, value in given.items()}
    return tensors | {"velocity": torch.cat([scene.vel for scene in after])}


@pytest.mark.parametrize("build", [interaction_network, paper_interaction_network])
def test_examples_are_those_of_a_slow_loop(build: Callable[[], ModuleGraph], mixed: Trajectory, serve: Serve) -> None:
    scenes, ticks = [4, 1, 1, 0, 5], [6, 0, 3, 2, 5]
    inputs, targets = serve(mixed, build()).examples(torch.tensor(scenes), torch.tensor(ticks))
    for name, wanted in slowly(mixed, build(), scenes, ticks).items():
        got = targets[name] if name in targets else inputs[name]
        assert _in_order(got).equal(_in_order(wanted)), name
    assert torch.equal(targets["velocity_change"], targets["velocity"] - inputs["vel"])
    assert targets["scene"].tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4]


def test_a_window_brings_the_velocities_after_each_of_its_steps(mixed: Trajectory, serve: Serve) -> None:
    _, targets = serve(mixed).examples(torch.tensor([4, 1]), torch.tensor([3, 0]), 3)
    rows = torch.cat([torch.arange(11, 14), torch.arange(2, 6)])
    wanted = torch.stack([mixed.vel[torch.where(rows > 5, 3, 0) + step, rows] for step in (1, 2, 3)], dim=1)
    assert torch.equal(targets["velocities"], wanted)
    assert torch.equal(targets["velocity"], wanted[:, 0])


def _in_order(value: Tensor) -> Tensor:
    """Relations are the same in any order."""
    return value[:, np.lexsort(value.numpy())] if value.dtype == torch.int64 else value


def test_bodies_that_cannot_move_are_marked(mixed: Trajectory, serve: Serve) -> None:
    inputs, _ = serve(mixed).examples(torch.tensor([0, 2]), torch.tensor([0, 0]))
    assert inputs["moves"].tolist() == [[0.0], [1.0], [0.0], [1.0], [1.0]]


def test_what_the_graph_reads_comes_in_the_graphs_precision(trajectory: Trajectory, serve: Serve) -> None:
    inputs, targets = serve(trajectory, interaction_network().double()).examples(torch.tensor([0]), torch.tensor([0]))
    floats = [value for value in (*inputs.values(), *targets.values()) if value.is_floating_point()]
    assert {value.dtype for value in floats} == {torch.float64}
    assert torch.equal(inputs["mass"][:, 0], trajectory.scene.mass[:3])


@pytest.mark.parametrize("draw", ["draw", "draw_balanced"])
@pytest.mark.parametrize("wanted", [range(7), range(7, 10), range(4, 5)])
def test_only_the_scenes_asked_for_are_drawn_and_all_of_them(
    draw: str, wanted: range, trajectory: Trajectory, serve: Serve
) -> None:
    scenes, ticks = getattr(serve(trajectory), draw)(np.random.default_rng(0), 2000, wanted)
    assert set(scenes.tolist()) == set(wanted)
    assert set(ticks.tolist()) == set(range(12))


def test_the_same_generator_draws_the_same(trajectory: Trajectory, serve: Serve) -> None:
    first, second = (serve(trajectory).draw_balanced(np.random.default_rng(5), 64, range(9)) for _ in range(2))
    assert torch.equal(torch.stack(first), torch.stack(second))


def test_half_of_a_balanced_draw_are_the_states_in_which_something_happens(
    trajectory: Trajectory, serve: Serve
) -> None:
    vel = torch.zeros_like(trajectory.vel)
    vel[6:, 12] = 1.0  # body 0 of scene 4 is hit once, between the instants 5 and 6
    scenes, ticks = serve(replace(trajectory, vel=vel)).draw_balanced(np.random.default_rng(0), 100, range(9))
    assert scenes[:50].tolist() == [4] * 50
    there = ticks[:50].bincount(minlength=7).tolist()
    assert there[5] > 15  # half of them
    assert min(there[4], there[6]) > 5  # nearly, or just before
    assert sum(there[4:7]) == 50
    assert len(set(scenes[50:].tolist())) == 9


def test_falling_and_slowing_down_are_nothing_that_happens() -> None:
    space = pymunk.Space()
    space.gravity, space.damping = (0, -900), 0.5
    body = pymunk.Body(2, math.inf)
    body.position, body.velocity = (0, 100), (300, 0)
    ball, floor = pymunk.Circle(body, 10), pymunk.Segment(space.static_body, (-500, 0), (500, 0), 5)
    ball.elasticity = floor.elasticity = 0.8
    space.add(body, ball, floor)
    truth = rollout(PymunkEngine(1 / 60, substeps=10), scene_of(space, 1 / 60), 40)
    up = truth.vel[:, truth.scene.inverse_mass > 0, 1].squeeze(1) > 0
    bounces = [tick for tick in range(40) if up[tick + 1] and not up[tick]]
    happened = OneSteps(replace(truth, metadata={"substeps": 10}), ("mass",)).weights.diff()
    assert len(bounces) == 1
    assert (happened > 1e-6 * happened.max()).nonzero().flatten().tolist() == bounces


def test_a_single_scene_without_a_batch_is_enough(serve: Serve, trajectory: Trajectory) -> None:
    alone = {name: getattr(trajectory, name)[:, :3] for name in ("pos", "vel", "angle", "angular_velocity")}
    data = serve(replace(trajectory, scene=scenes_of(trajectory.scene)[0], **alone))
    assert (data.scenes, data.steps) == (1, 12)


def test_large_scenes_are_measured_on_fewer_examples(trajectory: Trajectory, serve: Serve) -> None:
    data = serve(trajectory)
    assert data.at_most(4096) == 4096
    assert data.at_most(2**30) == 2**20 * 10 // (30 + 60)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_velocities_that_are_not_finite_are_refused(bad: float, trajectory: Trajectory) -> None:
    vel = trajectory.vel.clone()
    vel[3, 0] = bad
    with pytest.raises(PhysimError, match="finite velocities"):
        OneSteps(replace(trajectory, vel=vel), ("mass",))


def test_data_in_which_nothing_happens_is_refused(trajectory: Trajectory) -> None:
    with pytest.raises(PhysimError, match="nothing to learn"):
        OneSteps(replace(trajectory, vel=torch.ones_like(trajectory.vel)), ("mass",))
