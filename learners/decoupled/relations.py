"""An interaction network whose relation model does not wait for what its object model makes of the effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Adam
from tqdm import trange

from learners.decoupled.classify import Batch
from learners.physics.configs import graph_batch, prepared
from learners.physics.data import OneSteps
from learners.physics.losses import VelocityError
from physim.checks import TEST_SEEDS_FROM, check_among
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.graph import ModuleGraph, Port, ResidualSynthesizer, joined, receivers, senders, summed
from physim.graph.synthesizers import LinearSynthesizer, Synthesizer
from physim.graph.unlocked import Unlocked
from physim.relation_models import MLP, Differences, VelocityChange
from physim.scenes.scene import Scene
from physim.worlds.base import World

RELATION_MODEL, EFFECTS, OBJECT_MODEL, GOAL = "relation_model", "effects", "velocity_change", "goal"
WIDTH = 50
"""Of effects, as in the paper."""
SYNTHESIZERS: dict[str, Callable[[], Synthesizer]] = {
    "none": lambda: LinearSynthesizer(WIDTH),
    "dni": lambda: ResidualSynthesizer(WIDTH),
    "cdni": lambda: ResidualSynthesizer(WIDTH, given=2),
}
"""What guesses the gradient of the effects on a body, by arm; of "none", nothing goes back."""


def interaction_network() -> ModuleGraph:
    """The paper's interaction network of bodies in pairs (arXiv:1612.00222), with its widths.

    It differs in that effects on a body, once summed, are brought to one size: else they grow without end while a young
    synthesizer is wrong. Output: "velocity_change" [N, 2] in m/s.
    """
    net = ModuleGraph()
    pos, vel, inverse_mass = net.input("pos"), net.input("vel"), net.input("inverse_mass")
    along = net.relations("relations")
    ends = [gather(port, along) for port in (joined(pos, vel), inverse_mass) for gather in (senders, receivers)]
    differences = Differences()
    given = net.add("differences", differences, *ends)
    message = net.add(RELATION_MODEL, MLP(differences.features, 150, 150, 150, 150, WIDTH), given)
    effects = net.add(EFFECTS, nn.LayerNorm(WIDTH), summed(message))
    net.returns(net.add(OBJECT_MODEL, VelocityChange(WIDTH, 100), vel, effects))
    return net


@dataclass(frozen=True)
class Relating:
    """How to train: `updates` on batches of states of a world's scenes, by Adam from `rate` down on a cosine.

    `arm` is what comes back from the object model to the relation model: the true gradient ("backprop"), nothing
    ("none"), or a synthetic one, by the effects alone ("dni") or the change of velocity that is wanted, too ("cdni").
    """

    world: World
    updates: int
    arm: str = "cdni"
    scenes: int = 200
    steps: int = 200
    batch: int = 100
    rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        check_among("arm", self.arm, ("backprop", *SYNTHESIZERS))

    @cached_property
    def data(self) -> OneSteps:
        """The states that are learned from."""
        scenes = Scene.batch_of(self.world.scenes(self.seed, self.scenes))
        trajectory = rollout(self.world.engine(), scenes, self.steps, progress=False)
        data = OneSteps(replace(trajectory, metadata=self.world.metadata), ())
        data.serve(interaction_network())
        return data

    def network(self) -> ModuleGraph:
        """The network, cut or not; what the synthesizer of "cdni" is given is the input "goal" [N, 2]."""
        torch.manual_seed(self.seed)
        net = interaction_network()
        prepared(net, self.data, self.seed, range(self.data.scenes))
        if self.arm != "backprop":
            given: Port | tuple[Port, ...] = net.input(GOAL) if self.arm == "cdni" else ()
            scale = 0.0 if self.arm == "none" else 1.0
            net.cut(
                net[EFFECTS], into=net[OBJECT_MODEL], synthesizer=SYNTHESIZERS[self.arm](), given=given, scale=scale
            )
        return net

    def losses(self, net: ModuleGraph) -> list[VelocityError]:
        """What it is trained on: the squared error of changes of velocity, in their usual size."""
        return [VelocityError(net[OBJECT_MODEL], self.data.typical_change)]

    def draw(self, net: ModuleGraph, number: int) -> Batch:
        """The inputs and targets of an update."""
        return self._examples(net, np.random.default_rng((self.seed, number)), self.batch)

    def run(self, progress: bool = False) -> ModuleGraph:
        """The trained network; raises PhysimError where it would learn from test scenes."""
        if self.seed + self.scenes > TEST_SEEDS_FROM:
            raise PhysimError(f"seed is {self.seed}: scenes from {TEST_SEEDS_FROM} on are for tests")
        net = self.network()
        unlocked = Unlocked(net, self.losses(net), partial(Adam, lr=self.rate, fused=True))
        for number in trange(self.updates, disable=None if progress else True, leave=False):
            unlocked.set_rate(self.rate * 0.5 * (1 + float(np.cos(np.pi * number / self.updates))))
            unlocked.update(*self.draw(net, number))
        return net

    @torch.no_grad()
    def error(self, net: ModuleGraph, examples: int = 8192) -> float:
        """The mean squared error of changes of velocity in these scenes, over constant velocity's."""
        inputs, targets = self._examples(net, np.random.default_rng(self.seed), examples)
        wanted, moves = targets["velocity_change"], targets["moves"]
        missed = net.eval()(inputs) - wanted
        return float((missed * moves).square().sum() / (wanted * moves).square().sum())

    def _examples(self, net: ModuleGraph, rng: np.random.Generator, count: int) -> tuple[dict[str, Any], Any]:
        inputs, targets = self.data.examples(*self.data.draw(rng, count, range(self.data.scenes)))
        goal = (targets["velocity_change"] / self.data.typical_change).to(inputs["inverse_mass"].dtype)
        read = dict(graph_batch(net, {**inputs, GOAL: goal}))
        return read, {"velocity_change": targets["velocity_change"], "moves": inputs["moves"]}
