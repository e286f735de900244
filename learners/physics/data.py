"""One-step examples, drawn from the trajectories of many scenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from torch import Tensor

from learners.task import Examples
from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph
from physim.motion import TURNING, motion_change
from physim.scene_inputs import MOTION, graph_inputs, precision
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory


@dataclass(frozen=True)
class Linked:
    """One set of relations of many scenes, scene by scene.

    Shapes: local [2, E], numbered within their scenes; start, count [B]; attributes [E, F].
    """

    local: Tensor
    start: Tensor
    count: Tensor
    attributes: Tensor | None

    @classmethod
    def of(cls, edges: Edges, scene: Scene) -> Self:
        """The relations of a batch of scenes."""
        owner = scene.batch[edges.index[0]]
        order = owner.argsort(stable=True)
        count = torch.bincount(owner, minlength=len(scene.counts))
        local = (edges.index - scene.ptr[:-1][owner])[:, order]
        return cls(local, count.cumsum(0) - count, count, None if edges.attributes is None else edges.attributes[order])


@final
class OneSteps:
    """All states of a batch of trajectories but the last, each with the velocity that followed.

    Rows are objects: examples of scenes of different sizes stand in a row, as in a batch of scenes. `world` is the
    identity of the world that made the trajectories.
    """

    def __init__(self, trajectory: Trajectory, columns: tuple[str, ...]) -> None:
        scene = trajectory.scene
        self.scene = scene if "ptr" in scene else Scene.batch_of([scene])
        self.pos, self.vel = trajectory.pos, trajectory.vel
        self.turning = {name: getattr(trajectory, name)[..., None] for name in TURNING}
        self.columns = columns
        self.world = trajectory.metadata
        self.steps = trajectory.steps
        self.starts, self.counts = self.scene.ptr[:-1], self.scene.counts
        change = self.vel[1:] - self.vel[:-1]  # [T, N, 2]
        moving = self.scene.inverse_mass > 0
        if not bool(moving.any()) or not bool(torch.isfinite(change).all()):
            raise PhysimError("data: the trajectories want finite velocities and at least one body that can move")
        self.typical_change = float(change[:, moving].square().mean().sqrt())
        if self.typical_change == 0:
            raise PhysimError("data: no velocity ever changes in these trajectories, so there is nothing to learn")
        fall, self.kept = _free_motion(self.scene, self.world.get("substeps", 1))
        change.sub_(fall * moving[:, None]).addcmul_(self.vel[:-1], (1 - self.kept) * moving[:, None])
        self.weights = _weights(change, self.scene)
        self.static: dict[str, Tensor] = {}
        self.turns = False
        self.relations: dict[str, Linked] = {}

    @property
    def scenes(self) -> int:
        """How many scenes there are."""
        return len(self.counts)

    def serve(self, graph: ModuleGraph) -> None:
        """Make what the graph reads beside positions and velocities, once for all examples."""
        for name, value in graph_inputs(graph, self.scene, self.columns).items():
            if isinstance(value, Edges):
                self.relations[name] = Linked.of(value, self.scene)
            elif name not in MOTION:
                self.static[name] = value
        self.static["moves"] = (self.scene.inverse_mass > 0).to(precision(graph))[:, None]
        self.static["mass"] = self.scene.mass.to(precision(graph))[:, None]
        self.turns = any(port.name == "motion_change" for port in graph.outputs)

    def one_size(self, who: str) -> int:
        """How many bodies every scene has; raises PhysimError where they differ, and `who` wants one size."""
        sizes = self.counts.unique().tolist()
        if len(sizes) != 1:
            raise PhysimError(f"{who} wants scenes of one size, the data has scenes of {sizes} bodies")
        return int(sizes[0])

    def at_most(self, examples: int) -> int:
        """`examples`, or as many as fit into 2**20 objects and relations where scenes are large."""
        rows = self.scene.num_bodies + self.scene.edge_index.shape[1]
        return max(1, min(examples, 2**20 * self.scenes // rows))

    def draw(self, rng: np.random.Generator, examples: int, scenes: range) -> tuple[Tensor, Tensor]:
        """Scene and tick of random examples [B] from some of the scenes."""
        scene = torch.from_numpy(rng.integers(scenes.start, scenes.stop, examples))
        return scene, torch.from_numpy(rng.integers(0, self.steps, examples))

    def draw_balanced(self, rng: np.random.Generator, examples: int, scenes: range) -> tuple[Tensor, Tensor]:
        """As `draw`, but half of the examples by how much happens in them.

        Every second one of these is moved to the tick before or after: what nearly happened, or just has.
        """
        scene, tick = self.draw(rng, examples, scenes)
        half = examples // 2
        before, after = (self.weights[number * self.steps] for number in (scenes.start, scenes.stop))
        chosen = torch.searchsorted(self.weights, before + (after - before) * torch.from_numpy(rng.random(half))) - 1
        chosen = chosen.clamp(scenes.start * self.steps, scenes.stop * self.steps - 1)
        beside = torch.from_numpy(rng.choice((-1, 0, 0, 1), half))
        scene[:half], tick[:half] = chosen // self.steps, (chosen % self.steps + beside).clamp(0, self.steps - 1)
        return scene, tick

    def examples(self, scenes: Tensor, ticks: Tensor, window: int = 1) -> Examples:
        """The inputs (relations as their index) and targets of examples given by scene and tick [B].

        Of a `window` of more steps, the target "velocities" [N, window, 2] has those after every one of them.
        """
        counts = self.counts[scenes]
        rows = _ranges(self.starts[scenes], counts)
        tick = ticks.repeat_interleave(counts)
        pos, vel = self.pos[tick, rows], self.vel[tick, rows]
        inputs = {"pos": pos, "vel": vel} | {name: value[rows] for name, value in self.static.items()}
        inputs |= {name: value[tick, rows] for name, value in self.turning.items()}
        first = counts.cumsum(0) - counts
        for name, linked in self.relations.items():
            count = linked.count[scenes]
            edges = _ranges(linked.start[scenes], count)
            inputs[name] = linked.local[:, edges] + first.repeat_interleave(count)
            if linked.attributes is not None:
                inputs[f"{name}.attributes"] = linked.attributes[edges]
        after = self.vel[tick + 1, rows]
        scene = torch.arange(len(scenes)).repeat_interleave(counts)
        targets = {"velocity": after, "velocity_change": after - vel, "scene": scene}
        if self.turns:
            goal = {name: value[tick + 1, rows] for name, value in self.turning.items()}
            goal |= {"pos": self.pos[tick + 1, rows], "vel": after}
            dt, rule = self.world["dt"], self.world["position_rule"]
            targets["motion_change"] = motion_change(inputs, goal, dt, rule)
            targets["sizes"] = _sizes(self.scene)[rows] * torch.tensor([1, 1, 1, 1 / dt, 1 / dt, 1 / dt])
        if window > 1:
            steps = torch.arange(1, window + 1)
            targets["velocities"] = self.vel[tick[:, None] + steps, rows[:, None]]
        return inputs, targets


def _sizes(scene: Scene) -> Tensor:
    """What makes speeds of changes of motion [N, 6]: 1, and for turning the radius of gyration."""
    one = torch.ones_like(scene.gyration)
    return torch.stack([one, one, scene.gyration, one, one, scene.gyration], dim=-1)


def _ranges(starts: Tensor, counts: Tensor) -> Tensor:
    """The numbers start .. start + count - 1 of every pair, in a row."""
    before = counts.cumsum(0) - counts
    return torch.arange(int(counts.sum())) + (starts - before).repeat_interleave(counts)


def _free_motion(scene: Scene, substeps: int) -> tuple[Tensor, Tensor]:
    """What gravity adds to a velocity in pymunk's free step [N, 2], and the share that damping keeps of it [N, 1]."""
    dt = scene.dt[0].nan_to_num()
    kept = scene.damping[:, None] ** (dt / substeps * torch.arange(substeps + 1))  # [B, substeps + 1]
    fall = dt * scene.gravity * kept[:, :-1].mean(1, keepdim=True)
    return fall[scene.owners], kept[scene.owners, -1:]


def _weights(change: Tensor, scene: Scene) -> Tensor:
    """What happens in each state beside gravity and damping, summed up over scenes, then ticks: [B * T + 1], from 0 on.

    That is the root of the largest impulse times the square of how many bodies feel any: where several collide at once
    is rare, and hard.
    """
    impulse = change.norm(dim=-1) * scene.mass * (scene.inverse_mass > 0)  # [T, N]
    starts, felt = scene.ptr[:-1].numpy(), impulse > 1e-6 * impulse.square().mean().sqrt()
    largest = torch.from_numpy(np.maximum.reduceat(impulse.numpy(), starts, axis=1))  # [T, B]
    several = torch.from_numpy(np.add.reduceat(felt.numpy().astype(np.float64), starts, axis=1))
    return torch.cat([impulse.new_zeros(1), (largest.sqrt() * several.square()).T.flatten().cumsum(0)])
