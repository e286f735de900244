from __future__ import annotations

import pytest
import torch

from learners.physics.energy import states_of
from learners.physics.energy_data import States, quantities_of, scenes_batch
from physim import measures
from physim.abstraction import abstraction_network
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from worlds.nbody import NBody
from worlds.strings import Strings
from worlds.swirl import Swirl


def test_an_example_has_the_quantities_of_its_scene(trajectory: Trajectory) -> None:
    world, scenes, ticks = NBody(bodies=3), torch.tensor([2, 7]), torch.tensor([5, 0])
    states, graph = States(world, trajectory), abstraction_network()
    states.steps.serve(graph)
    inputs, targets = states.examples(scenes, ticks)
    quantities = targets["quantities"]
    assert graph(scenes_batch(graph, inputs)).shape == quantities.shape
    for example, (scene, tick) in enumerate(zip(scenes.tolist(), ticks.tolist(), strict=True)):
        energies = measures.energies(trajectory.at(tick), world.forces)
        assert energies is not None
        kinetic, potential = (float(energy[scene]) for energy in energies)
        momentum = measures.momentum(trajectory.at(tick))[scene].tolist()
        wanted = [potential, kinetic, potential + kinetic, *momentum]
        assert quantities[example].tolist() == pytest.approx(wanted)


def test_a_world_without_a_potential_is_refused_by_name() -> None:
    world = Swirl(bodies=3)
    truth = rollout(world.engine(), Scene.batch_of(world.scenes(1, 2)), 2)
    with pytest.raises(PhysimError, match="world: the forces of swirl have no potential"):
        quantities_of(world, truth)


def test_preparing_sets_the_scales_of_the_outputs_from_the_scenes_given() -> None:
    states, graph = states_of(Strings(masses=4), 1, 5, 60), abstraction_network(relations=("springs",), external=True)
    states.quantities[:, 4] *= 1e6
    states.prepare(graph, 0, range(4))
    scale = graph.get_submodule("quantities").scale
    assert isinstance(scale, torch.Tensor)
    assert scale[3] == scale[4]
    assert torch.allclose(scale[:2], states.quantities[:, :4].flatten(0, 1).std(0)[:2], rtol=0.3)


def test_states_know_the_world_that_made_them() -> None:
    assert states_of(NBody(bodies=3), 1, 2, 5).steps.world == NBody(bodies=3).metadata
