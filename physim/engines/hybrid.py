"""The hybrid engine: learned free motion, pymunk's contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
import pymunk
import torch
from torch import Tensor

from physim.engines.base import Floats
from physim.engines.hybrids import Hybrid, HybridState
from physim.engines.learned import LearnedEngine
from physim.engines.truth import PymunkEngine
from physim.scene_inputs import KINDS
from physim.scenes.scene import PAIR, POINT, RELATION_KINDS, SHAPE_KINDS, Scene


@final
class HybridEngine(Hybrid):
    """Bodies move as a graph says up to contacts, which pymunk solves at once with that, and caches in its Spaces.

    Learned is what the graph's node "free" gives: springs and pins that hold bodies at their centres, pairs, gravity
    and damping, each where the graph reads it; anything else, and all of contacts, is pymunk's. Shapes are pymunk's
    alone, so weights for points run in scenes of any shape; what stands still in a shape that they do not know, such as
    a wall, acts on nothing from afar.

    The learned change of velocity acts as a force, evenly over pymunk's substeps, where gravity does; where the truth
    kicks before it moves (`Terms.position_rule` over 1/2), as kicks.
    """

    def __init__(self, learned: LearnedEngine, pymunk: PymunkEngine | None = None, silenced: bool = False) -> None:
        super().__init__(learned, pymunk, silenced)
        self.substeps, equip = self.pymunk.substeps, self.pymunk.equip
        self.pymunk = PymunkEngine(self.terms.step, self.substeps, equip=equip)  # without forces between pairs
        self._substep = PymunkEngine(self.terms.step / self.substeps, equip=equip)

    def seen(self, scene: Scene) -> Scene:
        """Points, with the relations that the graph does."""
        seen = scene.related(self._pairs(scene) | self._learned(scene)).moved(
            shape=torch.full_like(scene.shape, POINT),
            extent=torch.zeros_like(scene.extent),
            corner=scene.corner[:0],
            corner_index=scene.corner_index[:0],
        )
        if not self._falls:
            seen = seen.moved(gravity=0 * scene.gravity, damping=torch.full_like(scene.damping, self.terms.damping))
        replace(self.terms, shape_kinds=SHAPE_KINDS, relation_kinds=RELATION_KINDS).check(seen)
        return seen

    def leave(self, space: pymunk.Space, scene: Scene) -> None:
        """Let gravity, damping, springs and joints that are learned do nothing."""
        if self._falls:
            space.gravity, space.damping = (0, 0), 1
        learned = self._learned(scene)[scene.edge_kind != PAIR][::2].tolist()
        for joint in (joint for joint, left in zip(space.constraints, learned, strict=True) if left):
            joint.max_force = 0
            if isinstance(joint, pymunk.DampedSpring):
                joint.stiffness, joint.damping, joint.force_func = 0, 0, pymunk.DampedSpring.spring_force

    def advanced(self, state: HybridState, force: Floats, torque: Floats) -> HybridState:
        mass = state.mirror.start.mass.numpy()[:, None]
        learned, mirror = mass * self._change(state), state.mirror
        if self.terms.position_rule > 1 / 2:
            for _ in range(self.substeps):
                mirror = self._substep.pushed(mirror, learned / self.substeps)
                mirror = self._substep.driven(mirror, force, torque)
        else:
            mirror = self.pymunk.driven(mirror, force + learned / self.terms.step, torque)
        self.impulses.add(learned, mass * (mirror.vel - state.vel) - learned - (mass > 0) * force * self.terms.step)
        return replace(state, mirror=mirror)

    @torch.inference_mode()
    def _change(self, state: HybridState) -> Floats:
        """The learned change of velocity in one step of the graph [N, 2]."""
        if self.free is None or self.silenced:
            return np.zeros_like(state.vel)
        change: Tensor = self.graph.step(state.read, state.memory, outputs=self.free)[0]
        return change[:, :2].double().numpy()

    @property
    def _falls(self) -> bool:
        """Whether gravity and damping are learned."""
        return "external" in self.graph.inputs

    def _learned(self, scene: Scene) -> Tensor:
        """Which springs and joints of a scene the graph does [E] bool."""
        names = () if self.free is None else self.graph.followed(self.free)
        kinds = torch.tensor([kind for name in names for kind in KINDS[name]])
        learned = scene.edge_kind != PAIR
        links = learned.nonzero().ravel()
        learned[links] = torch.isin(scene.edge_kind[links], kinds) & (scene.edge_anchor[links] == 0).all(dim=1)
        return learned

    def _pairs(self, scene: Scene) -> Tensor:
        """The pairs of a scene but those with what stands still in a shape that the weights do not know [E] bool."""
        known = torch.tensor([SHAPE_KINDS.index(name) for name in self.terms.shape_kinds])
        acts = (scene.inverse_mass > 0) | torch.isin(scene.shape, known)
        sender, receiver = scene.edge_index
        return (scene.edge_kind == PAIR) & acts[sender] & acts[receiver]
