"""The reverse of the hybrid engine: pymunk's free motion, learned contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
import pymunk
import torch
from torch import Tensor

from physim.contacts import COLLIDING, near
from physim.engines.base import Floats
from physim.engines.hybrids import Hybrid, HybridState
from physim.engines.learned import LearnedEngine
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.interaction import FREE
from physim.scene_inputs import precision, read_by
from physim.scenes.scene import PAIR, Scene


@final
class HybridContactsEngine(Hybrid):
    """pymunk moves the bodies through each other by gravity, springs and joints; the graph says how they collide.

    Its contacts are told the change of velocity that pymunk found, in the place of the node "free". Weights whose graph
    has none, which learned contacts where nothing else acts, are refused where something does.
    """

    def __init__(self, learned: LearnedEngine, pymunk: PymunkEngine | None = None, silenced: bool = False) -> None:
        super().__init__(learned, pymunk, silenced)
        if not set(COLLIDING) & set(self.graph.relation_names):
            raise PhysimError(
                f"learned contacts want weights whose graph reads contacts, this one reads {self.graph.relation_names}"
            )

    def seen(self, scene: Scene) -> Scene:
        """Shapes, and nothing that acts from afar."""
        pairs = scene.edge_kind == PAIR
        acting = not bool(pairs.all()) or bool((scene.gravity != 0).any() or (scene.damping != 1).any())
        if self.free is None and acting:
            raise PhysimError(
                f"these weights have no node '{FREE}': their contacts want a scene without gravity, damping, springs "
                "and joints, got one with some"
            )
        damping = torch.full_like(scene.damping, self.terms.damping)
        seen = scene.related(pairs).moved(gravity=0 * scene.gravity, damping=damping)
        self.terms.check(seen)
        return seen

    def leave(self, space: pymunk.Space, scene: Scene) -> None:
        """Let all shapes pass through each other."""
        for shape in space.shapes:
            shape.filter = pymunk.ShapeFilter(categories=0, mask=0)

    @torch.inference_mode()
    def advanced(self, state: HybridState, force: Floats, torque: Floats) -> HybridState:
        mirror = self.pymunk.driven(state.mirror, force, torque)
        free = np.column_stack([mirror.vel - state.vel, mirror.angular_velocity - state.angular_velocity])
        bounce = self._bounce(state, free)
        scene, half = mirror.scene, self.terms.step * self.terms.position_rule
        moved = {
            "pos": mirror.pos + half * bounce[:, :2] + bounce[:, 3:5],
            "vel": mirror.vel + bounce[:, :2],
            "angle": mirror.angle + half * bounce[:, 2] + bounce[:, 5],
            "angular_velocity": mirror.angular_velocity + bounce[:, 2],
        }
        mirror = self.pymunk.moved(
            mirror, scene.moved(**{name: torch.from_numpy(value) for name, value in moved.items()})
        )
        mass = scene.mass.numpy()[:, None]
        self.impulses.add(mass * bounce[:, :2], mass * free[:, :2] - (mass > 0) * force * self.terms.step)
        return replace(state, mirror=mirror)

    def _bounce(self, state: HybridState, free: Floats) -> Floats:
        """What contacts change of the motion in one dt [N, 6] (as "motion_change"), after one of `free` [N, 3]."""
        bounce = np.zeros((len(free), 6))
        if self.silenced:
            return bounce
        turns = self.graph.outputs[0].name == "motion_change"
        before = torch.from_numpy(free[:, : 3 if turns else 2]).to(precision(self.graph))
        given = {} if self.free is None else {self.free: before}
        acting = near(self.graph, state.read) if state.search is None else state.search.near(state.read)
        change: Tensor = self.graph.step(read_by(self.graph, acting), state.memory, given=given)[0]
        bounce[:, : change.shape[1]] = change.double().numpy()
        if given:
            bounce[:, : before.shape[1]] -= before.double().numpy()
        bounce[state.mirror.start.inverse_mass.numpy() == 0] = 0
        return bounce
