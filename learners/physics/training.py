"""The training of engines: what a configuration's graph learns from, and how good it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from learners.checkpoints import Identity
from learners.physics.checksums import LENGTH
from learners.physics.configs import config_named, graph_batch, prepared
from learners.physics.data import OneSteps
from learners.physics.windows import Windows
from learners.task import Examples, Task, built
from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph
from physim.graph.losses import values_of
from physim.interaction import predicted
from physim.learner import TrainSettings
from physim.motion import motion_after
from physim.worlds.base import World

HELD_OUT = 0.1  # the share of scenes that only the reports see
REPORTED = 8192
"""How many steps a report draws: where a few collisions own the error, so many see some of them."""
NOISY = ("pos", "vel")


@final
class Objective(nn.Module):
    """A graph with its losses, as one module that gives the losses: what data-parallel training wraps.

    Windows of several steps run as the engine of `world` does, by its dt and position rule, and contacts are found anew
    in every step; only the true velocity that follows is told.
    """

    def __init__(self, graph: ModuleGraph, losses: Sequence[Loss], world: World) -> None:
        super().__init__()
        self.graph = graph
        self.losses = losses
        self.dt, self.position_rule = world.dt, world.position_rule

    def forward(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        """The losses [L] in their order, each a mean over its batch and the window's steps."""
        if "velocities" not in targets:
            return self._losses(inputs, targets)[0]
        every = []
        for velocity in targets["velocities"].unbind(1):
            goal = targets | {"velocity": velocity, "velocity_change": velocity - inputs["vel"]}
            losses, output = self._losses(inputs, goal)
            inputs = inputs | motion_after(predicted(self.graph).name, output, inputs, self.dt, self.position_rule)
            every.append(losses)
        return torch.stack(every).mean(0)

    def _losses(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The losses [L] of one step, and the graph's output [N, 2]."""
        seen = targets | {name: inputs[name] for name in ("moves", "mass")}
        output = predicted(self.graph)
        ports = [output, *(port for loss in self.losses for port in loss.ports)]
        values, _ = values_of(self.graph, ports, graph_batch(self.graph, inputs))
        return torch.stack([loss.among(values, seen) for loss in self.losses]), values[output]


@final
class EngineTask(Task):
    """A configuration's graph for a world, and the one-step examples that it learns from.

    `data` are all examples there are or, with `windows`, those of the first, from which scales and kinds are taken.
    """

    graph: ModuleGraph
    objective: Objective

    def __init__(self, data: OneSteps, settings: TrainSettings, world: World, windows: Windows | None = None) -> None:
        self.world, self.data, self.seed, self.windows, self.window = world, data, settings.seed, windows, 0
        self.held = windows.held if windows else data
        self.config = config = config_named(settings.config, data.scene)
        self.batch, self.rate, self.minutes, self.clip = config.batch, config.rate, config.minutes, config.clip
        if data.steps < config.window:
            raise PhysimError(f"steps: windows of {config.window} steps do not fit into {data.steps}")
        self.identity = {**identity_of(data), **(windows.identity if windows else {})}
        self.scenes = windows.scenes if windows else data.scenes
        self.learned, self.unseen = split(data.scenes)
        if windows:
            self.learned, self.unseen = range(data.scenes), range(self.held.scenes)
        self.graph = built(lambda: config.build(data, world), settings)
        for part in {data, self.held}:
            part.serve(self.graph)
        prepared(self.graph, data, settings.seed, self.learned)
        losses = config.losses(self.graph, data)
        self.loss_names = [loss.name for loss in losses]
        self.group = max(loss.group for loss in losses)
        self.objective = Objective(self.graph, losses, world)
        moving = data.scene.inverse_mass > 0
        self.deviation = {name: float(getattr(data, name)[:, moving].std()) for name in NOISY}

    def examples(self, update: int, done: float, part: slice) -> Examples:
        rng = np.random.default_rng((self.seed, 0, update))
        config = self.config
        self._turn_to(update)
        draw = self.data.draw_balanced if config.balanced else self.data.draw
        scenes, ticks = draw(rng, config.batch, self.learned)
        ticks = ticks.clamp(max=self.data.steps - config.window)
        inputs, targets = self.data.examples(scenes[part], ticks[part], config.window)
        share = 0.2 * min(1.0, max(0.0, (0.125 - done) / 0.1)) if config.noise else 0.0
        if share or config.walk:
            self._disturb(inputs, rng, share, scenes, part)
            targets["velocity_change"] = targets["velocity"] - inputs["vel"]
        return inputs, targets

    def figures(self) -> dict[str, float]:
        """The mean squared error of the change of velocity over constant velocity's, on scenes not learned from.

        None where nothing changes in these.
        """
        rng = np.random.default_rng((self.seed, 2))
        inputs, targets = self.held.examples(*self.held.draw(rng, self.held.at_most(REPORTED), self.unseen))
        with torch.no_grad():
            output = self.graph(graph_batch(self.graph, inputs)).double()
        error = (output - targets[predicted(self.graph).name])[:, :2]
        moves = inputs["moves"]
        change = (targets["velocity_change"].square() * moves).sum()
        return {"ratio": float((error.square() * moves).sum() / change)} if change > 0 else {}

    def sentence(self, figures: Mapping[str, float]) -> str:
        if not figures:
            return f"nothing changes in {reported_on(self.scenes)}, so they tell nothing"
        return (
            f"{figures['ratio']:.2e} of constant velocity's error on {self.held.at_most(REPORTED)} steps drawn from "
            f"{reported_on(self.scenes)}"
        )

    def _turn_to(self, update: int) -> None:
        """Have the window of an update in memory."""
        if self.windows is None or self.window == (wanted := self.windows.number(update)):
            return
        del self.data  # both together might not fit
        self.data, self.window = self.windows.read(wanted), wanted
        self.data.serve(self.graph)
        self.learned = range(self.data.scenes)

    def _disturb(
        self, inputs: dict[str, Tensor], rng: np.random.Generator, share: float, scenes: Tensor, part: slice
    ) -> None:
        """Add a configuration's noise to `share` of a part of the batch, and its walk to all of it; in deviations."""
        counts = self.data.counts[scenes]
        noisy = torch.from_numpy(rng.random(len(scenes)) < share)
        first = int(counts[: part.start].sum())
        rows = slice(first, first + len(inputs["pos"]))
        # drawn for the whole batch, so that the number of processes changes nothing
        drawn = {name: torch.from_numpy(rng.standard_normal((int(counts.sum()), 2)))[rows] for name in NOISY}
        chosen = noisy[part].repeat_interleave(counts[part])[:, None]
        for name, noise in drawn.items():
            scaled = chosen * self.config.noise * noise
            inputs[name] = inputs[name] + self.deviation[name] * scaled * inputs["moves"]
        if self.config.walk:
            step = self.config.walk * self.deviation["vel"] * drawn["vel"] * inputs["moves"]
            inputs["pos"] = inputs["pos"] + self.objective.dt * step
            inputs["vel"] = inputs["vel"] + step


def split(scenes: int) -> tuple[range, range]:
    """The scenes learned from, and those that only the reports see; of one scene alone, both are that one."""
    held_out = max(1, round(HELD_OUT * scenes)) if scenes > 1 else 0
    return range(scenes - held_out), range(scenes - max(held_out, 1), scenes)


def reported_on(scenes: int) -> str:
    """What reports are about, as `split` leaves it to them."""
    return "unseen scenes" if scenes > 1 else "the one scene, which it learns from"


def identity_of(data: OneSteps) -> Identity:
    """What tells these trajectories from others: their world's metadata, their size, and what happens in them."""
    world = {f"world.{name}": json.dumps(value, sort_keys=True) for name, value in data.world.items()}
    size = {"scenes": data.scenes, "steps": data.steps, "bodies": data.scene.num_bodies}
    return world | size | {"trajectories": _digest(data.pos, data.vel)}


def _digest(*tensors: Tensor) -> str:
    """The first digits of the sha256 of all bytes."""
    total = hashlib.sha256()
    for tensor in tensors:
        total.update(tensor.numpy().tobytes())
    return total.hexdigest()[:LENGTH]
