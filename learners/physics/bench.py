"""The speeds behind `physim bench NAME`, each beside what it is compared with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import trange

from learners.physics.crowd import crowded_step
from learners.physics.timing import compare
from learners.physics.versus import PRECISIONS, inference_speed, training_speed
from physim.engines.bodies import LoopedBodies
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.graph import Edges, ModuleGraph
from physim.interaction import paper_interaction_network
from physim.reports import Row, row
from physim.scenes.edges import all_pairs
from physim.scenes.scene import Scene
from physim.scenes.spaces import space_of
from physim.worlds import World, find_world

ROUNDS = 15
DISCS, STEPS = 1000, 60
"""The size of the crowd, and for how many steps it is watched."""
MODULES = 8
SCENES = 100


def graph(progress: bool = False) -> list[Row]:
    """What a `ModuleGraph` costs beside its modules called by hand."""
    return [step_overhead(_rounds(progress)), network_overhead(_rounds(progress))]


def engines(progress: bool = False) -> list[Row]:
    """The shipped n-body engine beside torch-geometric's `MetaLayer`, plain and compiled; then the making of data."""
    engine = LearnedEngine.load("nbody")
    few, many = (find_world("nbody", {"bodies": bodies}) for bodies in (6, 128))
    rows: list[Row] = []
    compiler = shutil.which("g++") or shutil.which("clang++")  # torch.compile needs one on the CPU
    for compiled, precision in product((False, True) if compiler else (False,), PRECISIONS):
        rows.append(training_speed(engine, few, precision, _rounds(progress), compiled))
        rows.append(inference_speed(engine, many, precision, _rounds(progress), compiled))
    return [*rows, generation_speed(few, 256, 1000, range(3))]


def crowd(progress: bool = False) -> list[Row]:
    """A step of the shipped playground engine with 1000 discs that fill 40 % of a box, beside pymunk's."""
    return [crowded_step(DISCS, _rounds(progress, STEPS))]


def step_overhead(rounds: Iterable[object]) -> Row:
    """Microseconds a module of `ModuleGraph.step` at batch 1, on a chain of small modules; `overhead` likewise."""
    modules = [nn.Linear(8, 8) for _ in range(MODULES)]
    net, x = ModuleGraph(), torch.randn(1, 8)
    port = net.input("x")
    for number, module in enumerate(modules):
        port = net.add(f"module{number}", module, port)

    def by_hand() -> Tensor:
        value = x
        for module in modules:
            value = module(value)
        return value

    with torch.no_grad():
        seconds = compare(lambda: net.step({"x": x}), by_hand, rounds)
    ours, bare = (1e6 * value / MODULES for value in seconds)
    labels: Row = {"modules": MODULES, "batch": 1, "overhead": ours - bare, "overhead_unit": "us a module"}
    return row("graph_overhead", ours, "us a module", "bare modules", bare) | labels


def network_overhead(rounds: Iterable[object]) -> Row:
    """Seconds of a forward and backward pass of the paper's network on scenes of 6; `overhead` in percent."""
    net, bodies, index = paper_interaction_network(), 6 * SCENES, all_pairs([6] * SCENES)
    pos, vel, inverse_mass = torch.randn(bodies, 2).double(), torch.randn(bodies, 2).double(), torch.rand(bodies, 1)
    given = {"pos": pos, "vel": vel, "inverse_mass": inverse_mass, "relations": Edges(index)}
    differences, relation_model, velocity = map(net.get_submodule, ("differences", "relation_model", "velocity"))

    def by_hand() -> Tensor:
        state = torch.cat([pos, vel], dim=1)
        ends = [value.index_select(0, end) for value in (state, inverse_mass) for end in index]
        effects = relation_model(differences(*ends))
        total = effects.new_zeros(bodies, effects.shape[1]).index_add(0, index[1], effects)
        result: Tensor = velocity(vel, total)
        return result

    def backward(forward: Callable[[], Tensor]) -> None:
        net.zero_grad()
        forward().square().mean().backward()

    ours, bare = compare(lambda: backward(lambda: net(given)), lambda: backward(by_hand), rounds)
    labels: Row = {"modules": 3, "batch": SCENES, "overhead": 100 * (ours / bare - 1), "overhead_unit": "%"}
    return row("graph_overhead", ours, "s an update", "bare modules", bare) | labels


def generation_speed(world: World, scenes: int, steps: int, rounds: Iterable[object]) -> Row:
    """Scenes a second from seed to trajectory, beside a pymunk loop that reads bodies one by one."""
    few = max(1, scenes // 64)

    def at_once() -> None:
        rollout(world.engine(), Scene.batch_of(world.scenes(0, scenes)), steps)

    def one_by_one() -> None:
        for number in range(few):
            looped(world, number, steps)

    ours, loop = compare(at_once, one_by_one, rounds)
    labels: Row = {"world": world.name, "bodies": int(world.scene(0).num_bodies), "steps": steps}
    return row("generate_scenes_per_second", scenes / ours, "1/s", "pymunk loop", few / loop) | labels


def looped(world: World, number: int, steps: int) -> Tensor:
    """Positions [T + 1, N, 2] of one scene, by a plain loop over pymunk's own objects."""
    scene, forces = world.scene(0, number), world.forces
    assert forces is not None
    space = space_of(scene)
    bodies = LoopedBodies(space, list(space.bodies))
    push = world.dt * scene.inverse_mass.numpy()[:, None]
    columns = {name: scene[name].numpy()[None] for name in scene.columns}
    values = bodies.read()
    positions = [values[:, :2]]
    for _ in range(steps):
        force = forces(values[None, :, :2], values[None, :, 3:5], columns)[0]
        bodies.write_velocities(values[:, 3:5] + push * force)
        space.step(world.dt)
        values = bodies.read()
        positions.append(values[:, :2])
    return torch.from_numpy(np.stack(positions))


def _rounds(progress: bool, rounds: int = ROUNDS) -> Iterable[object]:
    return trange(rounds, desc="bench", unit="round", leave=False, disable=None if progress else True)
