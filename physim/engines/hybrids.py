"""What hybrid engines share: a graph that says one part of the motion, and pymunk, which does the other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose, nan
from typing import final

import numpy as np
import pymunk
import torch

from physim.contacts import COLLIDING, ContactSearch, PointSearch, search_of
from physim.engines.base import Engine, Floats
from physim.engines.learned import LearnedEngine
from physim.engines.truth import PymunkEngine, PymunkState
from physim.errors import PhysimError
from physim.graph import State as Memory
from physim.interaction import FREE
from physim.motion import TURNING
from physim.scene_inputs import Inputs, graph_inputs
from physim.scenes.scene import STATE_FIELDS, Scene, scenes_of


@final
@dataclass(frozen=True)
class HybridState:
    """A mirror of the scene in pymunk, which keeps its contacts or joints alive, and what the graph reads beside it."""

    mirror: PymunkState
    inputs: Inputs
    memory: Memory
    search: ContactSearch | PointSearch | None

    @property
    def pos(self) -> Floats:
        """Positions [N, 2]."""
        return self.mirror.pos

    @property
    def vel(self) -> Floats:
        """Velocities [N, 2]."""
        return self.mirror.vel

    @property
    def angle(self) -> Floats:
        """Angles [N]."""
        return self.mirror.angle

    @property
    def angular_velocity(self) -> Floats:
        """Angular velocities [N]."""
        return self.mirror.angular_velocity

    @property
    def scene(self) -> Scene:
        """All of it as a scene; what pymunk has cached stays behind."""
        return self.mirror.scene

    @property
    def read(self) -> Inputs:
        """All that the graph may read now."""
        motion = {name: torch.from_numpy(getattr(self, name)) for name in STATE_FIELDS}
        return {**self.inputs, **motion, **{name: motion[name][:, None] for name in TURNING}}


@final
@dataclass
class Impulses:
    """Sums of the sizes of impulses (N s) over bodies and steps: the learned ones, and those that pymunk gave."""

    learned: float = 0.0
    other: float = 0.0

    def add(self, learned: Floats, other: Floats) -> None:
        """Count the impulses [N, 2] of one step."""
        self.learned += float(np.linalg.norm(learned, axis=1).sum())
        self.other += float(np.linalg.norm(other, axis=1).sum())

    @property
    def share(self) -> float:
        """The learned part of all impulses, from 0 to 1; nan where there were none."""
        total = self.learned + self.other
        return self.learned / total if total else nan


class Hybrid(Engine[HybridState]):
    """Takes one part of the motion from a learned engine's graph, the other from pymunk, in Spaces of its own.

    `pymunk` gives the substeps and what a world adds to its Spaces; without it, pymunk takes one step in a `dt`.
    `impulses` counts, over all steps that the engine ever took, which part gave how much; `silenced` sets the learned
    part to zero.
    """

    def __init__(self, learned: LearnedEngine, pymunk: PymunkEngine | None = None, silenced: bool = False) -> None:
        self.graph, self.terms, self.silenced = learned.graph, learned.terms, silenced
        self.dt, self.columns, self.impulses = learned.dt, learned.columns, Impulses()
        if learned.device.type != "cpu":
            raise PhysimError(
                f"device: a hybrid reads what pymunk does on the cpu, the weights are on {learned.device}"
            )
        its = pymunk or PymunkEngine(self.dt)
        if not isclose(its.dt, self.dt, rel_tol=1e-9):
            raise PhysimError(f"dt: these weights take steps of {self.dt:g} s, pymunk's are {its.dt:g} s")
        substeps = -(-its.substeps // self.terms.steps)
        self.pymunk = PymunkEngine(self.terms.step, substeps, its.forces, its.equip)
        nodes = [node for node in self.graph.nodes if node.name == FREE]
        self.free = nodes[0].ports[0] if nodes else None
        if self.free is None and not set(COLLIDING) & set(self.graph.relation_names):
            raise PhysimError(
                f"a hybrid wants weights whose graph has a node '{FREE}' (what happens before contacts) or contacts, "
                "got one that has neither"
            )

    @abstractmethod
    def seen(self, scene: Scene) -> Scene:
        """What the graph reads of a scene or a batch; raises PhysimError where the weights do not fit it."""

    @abstractmethod
    def leave(self, space: pymunk.Space, scene: Scene) -> None:
        """Take out of pymunk's Space of a scene what the graph does; a second time changes nothing more."""

    @abstractmethod
    def advanced(self, state: HybridState, force: Floats, torque: Floats) -> HybridState:
        """The state one step of the graph later, under forces [N, 2] and torques [N]; what is not finite stays so."""

    def start(self, scene: Scene) -> HybridState:
        """The state of one scene or a batch; raises PhysimError where the weights do not fit it."""
        return self._mirrored(self.pymunk.start(scene), {})

    def step(self, state: HybridState) -> HybridState:
        """The state one dt later; raises PhysimError where the Spaces of this state have moved on already."""
        still = np.zeros((len(state.pos), 3))
        return self.driven(state, still[:, :2], still[:, 2])

    def driven(self, state: HybridState, force: Floats, torque: Floats) -> HybridState:
        """The state one dt later under forces [N, 2] and torques [N], which act where gravity does; as `step`."""
        with np.errstate(all="ignore"):
            for _ in range(self.terms.steps):
                state = self.advanced(state, force, torque)
        return state

    def pushed(self, state: HybridState, impulse: Floats) -> HybridState:
        """The state after an impulse (N s) [N, 2] on each object, whose Spaces go on living; as `step`, it raises."""
        return replace(state, mirror=self.pymunk.pushed(state.mirror, impulse))

    def moved(self, state: HybridState, scene: Scene) -> HybridState:
        """The state with its bodies elsewhere, whose Spaces go on living where no static object moves; as `step`."""
        mirror = self.pymunk.moved(state.mirror, scene)
        if mirror.live is state.mirror.live and np.array_equal(mirror.angle, state.angle):
            return replace(state, mirror=mirror)
        return self._mirrored(mirror, state.memory)

    def altered(self, state: HybridState, scene: Scene, kept: Sequence[int]) -> HybridState:
        """The state of another scene in its place, with the contacts of the objects that are `kept`; as `step`."""
        return self._mirrored(self.pymunk.altered(state.mirror, scene, kept), {})

    def restarted(self, state: HybridState, fresh: Mapping[int, Scene]) -> HybridState:
        """The state with fresh scenes in the places of some; the Spaces of the others go on living; as `step`."""
        if state.memory:
            raise PhysimError("a hybrid engine whose graph has memory cannot start one scene of a batch anew")
        return self._mirrored(self.pymunk.restarted(state.mirror, fresh), {})

    def _mirrored(self, mirror: PymunkState, memory: Memory) -> HybridState:
        seen = self.seen(mirror.scene)
        inputs = graph_inputs(self.graph, seen, self.terms.columns)
        for live, scene in zip(mirror.live, scenes_of(mirror.start), strict=True):
            self.leave(live.bodies.space, scene)
        return HybridState(mirror, inputs, memory, search_of(self.graph, seen, inputs))
