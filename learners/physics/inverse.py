"""What a scene is made of, from how it moves: masses or a stiffness by gradients through a learned engine.

Only positions over time are read. Velocities at the starts of short windows follow from them by the engine's position
rule; from there the engine runs freely, and the unknown is what bends its paths as the true ones bend (Gauss-Newton,
derivatives forward through the unrolled steps). Short windows, so that chaos cannot spoil the gradients; and a straight
line is taken out of each difference between paths, so that errors of the start velocities do not matter.

What can be told apart: a mass by how it pulls others, weighed against all else that pulls them, and by how little it
moves for what it receives, as momentum is kept. So a body far lighter than the rest, or far from all, is told worst:
hardly anything depends on its mass. All masses alike times a number is no freedom: the engine knows the law's strength.
A stiffness shows where springs are stretched: in a string that has just begun to fall they are not, and the search may
end anywhere.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import least_squares
from torch import Tensor
from torch.func import jvp

from physim.contacts import near
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.geometry import Link
from physim.graph import Edges
from physim.motion import motion_after
from physim.relation_models import Traits
from physim.scene_inputs import COLUMNS_READ, Inputs, graph_inputs, read_by
from physim.scenes.scene import SPRING, Scene
from physim.scenes.trajectory import Trajectory
from physim.threads import one_thread

Floats = npt.NDArray[np.float64]

WINDOW = 10
"""The steps that the engine runs freely from what was observed: long enough to bend a path, too short for chaos."""
SLIGHT = 0.01
"""A path that bends less than this share of the usual is compared absolutely."""
FARTHEST = math.log(1e4)
"""How far from the guess, in logs, an unknown is looked for."""
STIFFNESS = COLUMNS_READ.index("stiffness")


class Unknown(ABC):
    """A kind of attribute to recover, U positive numbers of a scene."""

    @abstractmethod
    def count(self, scene: Scene) -> int:
        """How many numbers U are unknown in a scene."""

    @abstractmethod
    def truth(self, scene: Scene) -> Tensor:
        """The numbers of a scene [U], to compare with."""

    @abstractmethod
    def guess(self, engine: LearnedEngine) -> float:
        """The log of the geometric mean of all that the engine was trained on."""

    @abstractmethod
    def put(self, inputs: Inputs, scene: Scene, values: Tensor) -> Inputs:
        """The inputs of a graph for copies of a scene, with these values [U] in the place of the scene's own."""


@final
@dataclass(frozen=True)
class Masses(Unknown):
    """The masses of the bodies that can move; `column` is their place among what the engine reads of bodies."""

    column: int

    def count(self, scene: Scene) -> int:
        return int(_moving(scene).sum())

    def truth(self, scene: Scene) -> Tensor:
        mass: Tensor = scene.mass[_moving(scene)]
        return mass

    def guess(self, engine: LearnedEngine) -> float:
        traits = engine.graph.get_submodule("traits")
        assert isinstance(traits, Traits)
        return float(traits.normal.centre[len(engine.terms.columns) + self.column])

    def put(self, inputs: Inputs, scene: Scene, values: Tensor) -> Inputs:
        columns = inputs["columns"]
        assert isinstance(columns, Tensor)
        copies, where = len(columns) // scene.num_bodies, (_moving(scene),)
        mass, inverse = (values.new_zeros(scene.num_bodies).index_put(where, value) for value in (values, 1 / values))
        mass, inverse = (value.repeat(copies)[:, None].to(columns.dtype) for value in (mass, inverse))
        parts = columns[:, : self.column], mass, columns[:, self.column + 1 :]
        return {**inputs, "columns": torch.cat(parts, dim=1), "inverse_mass": inverse}


@final
@dataclass(frozen=True)
class Stiffness(Unknown):
    """The one stiffness of a scene's springs."""

    def count(self, scene: Scene) -> int:
        return int((scene.edge_kind == SPRING).any())

    def truth(self, scene: Scene) -> Tensor:
        return scene.edge_attr[scene.edge_kind == SPRING, STIFFNESS].unique()

    def guess(self, engine: LearnedEngine) -> float:
        geometry = engine.graph.get_submodule("springs_geometry")
        assert isinstance(geometry, Link)
        logs = geometry.normal.centre[-len(COLUMNS_READ) :]
        return float(logs[STIFFNESS])

    def put(self, inputs: Inputs, scene: Scene, values: Tensor) -> Inputs:
        springs = inputs["springs"]
        assert isinstance(springs, Edges)
        known = springs.attributes
        assert known is not None
        stiffness = values.to(known.dtype).expand(len(known))[:, None]
        parts = known[:, :STIFFNESS], stiffness, known[:, STIFFNESS + 1 :]
        return {**inputs, "springs": Edges(springs.index, torch.cat(parts, dim=1))}


@final
@dataclass(frozen=True)
class Paths:
    """The windows of an observed trajectory, and how the engine's paths differ from them for any value of the unknown.

    Shapes: vel [W * N, 2], at the starts of W windows; seen [K + 1, W * N, 2], the positions in them; bend [W * N, 1],
    how much each of these is bent, in metres.
    """

    engine: LearnedEngine
    unknown: Unknown
    scene: Scene
    inputs: Inputs
    vel: Tensor
    seen: Tensor
    bend: Tensor

    @classmethod
    def of(cls, engine: LearnedEngine, trajectory: Trajectory, unknown: Unknown) -> Paths:
        """Cut a trajectory of one scene into windows of the same length."""
        scene, pos = trajectory.scene, trajectory.pos
        starts = range(1, len(pos) - WINDOW, WINDOW)
        if not starts or len(scene.counts) > 1:
            raise PhysimError(
                f"trajectory: one scene and at least {WINDOW + 1} steps are wanted, "
                f"got {len(scene.counts)} scenes and {len(pos) - 1} steps"
            )
        engine.terms.check(scene)
        if engine.terms.steps > 1:
            raise PhysimError(f"engine: it takes {engine.terms.steps} steps in a dt, and only one can be seen through")
        copies = Scene.batch_of([scene] * len(starts))
        vel = torch.cat(list(_velocities(pos, engine)[starts]))
        seen = torch.cat([pos[start : start + WINDOW + 1] for start in starts], dim=1)
        bend = _bent(seen).square().sum(dim=(0, 2))[:, None].sqrt()
        usual = bend[_moving(copies)].median()
        if not usual > 0:
            raise PhysimError("trajectory: its bodies keep their velocities, so nothing can be told of them")
        inputs = graph_inputs(engine.graph, copies, engine.terms.columns)
        return cls(engine, unknown, scene, inputs, vel, seen, (bend.square() + (SLIGHT * usual).square()).sqrt())

    def differences(self, logs: Tensor) -> Tensor:
        """How differently the engine's paths bend, as shares of the observed bends, for logs of the unknown [U].

        Shapes: [(K + 1) * W * N * 2], scaled so that the sum of squares is a mean over windows and bodies.
        """
        inputs = self.unknown.put(self.inputs, self.scene, logs.exp())
        shares = _bent(self._run(inputs) - self.seen) / self.bend
        return shares.flatten() / len(self.bend) ** 0.5

    def slopes(self, logs: Tensor) -> Tensor:
        """The derivatives of the differences by the logs [R, U], forward through all steps."""
        directions = torch.eye(len(logs), dtype=logs.dtype)
        return torch.stack([jvp(self.differences, (logs,), (one,))[1] for one in directions], dim=1)

    def _run(self, inputs: Inputs) -> Tensor:
        """Where the engine goes from the starts of the windows [K + 1, W * N, 2]; the driven keep their velocity."""
        graph, dt, rule = self.engine.graph, self.engine.dt, self.engine.terms.position_rule
        moves = _moving(self.scene).repeat(len(self.vel) // self.scene.num_bodies)[:, None]
        pos, vel, memory = self.seen[0], self.vel, dict[str, Any]()
        path = [pos]
        for _ in range(WINDOW):
            now = {**inputs, "pos": pos, "vel": vel, "moves": moves}
            output, memory = graph.step(read_by(graph, near(graph, now)), memory)
            after = motion_after(graph.outputs[0].name, output, now, dt, rule)
            pos, vel = after["pos"], after["vel"]
            path.append(pos)
        return torch.stack(path)


def unknown_of(engine: LearnedEngine, unknown: str) -> Unknown:
    """The unknown called "mass" or "stiffness"; raises PhysimError where the engine's graph does not depend on it."""
    modules, columns = dict(engine.graph.named_modules()), engine.terms.columns
    known: dict[str, Unknown] = {}
    if "mass" in columns and isinstance(modules.get("traits"), Traits):
        known["mass"] = Masses(columns.index("mass"))
    if "springs" in engine.graph.relation_names and isinstance(modules.get("springs_geometry"), Link):
        known["stiffness"] = Stiffness()
    if unknown not in known:
        raise PhysimError(f"unknown: this engine's graph can tell {list(known)}, got '{unknown}'")
    return known[unknown]


def recover(engine: LearnedEngine, trajectory: Trajectory, unknown: str) -> Tensor:
    """Find the masses of a scene's moving bodies ("mass", [N moving]) or its springs' "stiffness" [1].

    Reads the positions of the trajectory at every instant; of its scene it reads neither the unknown nor the state. The
    search starts at the geometric mean of what the engine was trained on.
    """
    wanted = unknown_of(engine, unknown)
    count = wanted.count(trajectory.scene)
    if not count:
        raise PhysimError(f"unknown: a {unknown} is wanted, but the scene has no body that moves and no spring")
    paths, guess = Paths.of(engine, trajectory, wanted), np.full(count, wanted.guess(engine))

    def value(logs: Floats) -> Floats:
        with torch.no_grad():
            return paths.differences(torch.from_numpy(logs)).numpy()

    def slopes(logs: Floats) -> Floats:
        return paths.slopes(torch.from_numpy(logs)).detach().numpy()

    with one_thread():
        if not np.isfinite(value(guess)).all():
            raise PhysimError("trajectory: the engine blows up from its positions; is it one of this engine's world?")
        bounds = guess - FARTHEST, guess + FARTHEST
        found = least_squares(value, guess, slopes, bounds=bounds, xtol=1e-6, ftol=1e-6, gtol=1e-12)
    return torch.from_numpy(found.x).exp()


def _moving(scene: Scene) -> Tensor:
    """Which bodies can move [N] bool."""
    return scene.inverse_mass > 0


def _velocities(pos: Tensor, engine: LearnedEngine) -> Tensor:
    """Velocities from positions [T + 1, N, 2], exact where the position rule takes the old or the new one alone.

    Those at the first and the last instant are left 0: one of the two differences is missing there.
    """
    share, difference = engine.terms.position_rule, pos.diff(dim=0) / engine.dt
    inner = share * difference[:-1] + (1 - share) * difference[1:]
    return torch.nn.functional.pad(inner, (0, 0, 0, 0, 1, 1))


def _bent(path: Tensor) -> Tensor:
    """Paths [K + 1, N, 2] less the straight line through each, by least squares."""
    times = torch.arange(len(path), dtype=path.dtype)
    line, _ = torch.linalg.qr(torch.stack([torch.ones_like(times), times], dim=1))
    return path - torch.einsum("kq,lq,lnd->knd", line, line, path)
