"""What a learned engine foresees of forces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from physim.arrays import Floats
from physim.checks import check_is, check_positive, check_whole
from physim.engines.learned import LearnedEngine
from physim.scenes.scene import Scene


@final
@dataclass(frozen=True)
class Futures:
    """Scenes of a learned engine whose first body is to go to a goal, pushed by forces that are held for `hold` steps.

    Actions [K, H, 2 M] are K plans of H decisions each: shares of the `largest` force (N) on the M movable bodies.
    """

    engine: LearnedEngine
    largest: float
    hold: int

    def __post_init__(self) -> None:
        check_is(LearnedEngine, engine=self.engine)
        check_positive(largest=self.largest)
        check_whole(1, hold=self.hold)

    def costs(self, scene: Scene, goal: Floats, plans: Tensor) -> Tensor:
        """The mean distance (m) of the first movable body from the goal [2] over each plan [K].

        Gradients flow where plans want them.
        """
        with torch.set_grad_enabled(plans.requires_grad and torch.is_grad_enabled()):
            return torch.stack(list(self._far(scene, torch.from_numpy(goal), plans))).mean(0)

    def _far(self, scene: Scene, goal: Tensor, plans: Tensor) -> Iterator[Tensor]:
        """How far (m) from the goal each plan's first body is [K] after each step."""
        moves = (scene.inverse_mass > 0).nonzero().flatten()
        state = self.engine.start(Scene.batch_of([scene] * len(plans)))
        if torch.is_grad_enabled():
            state = replace(state, contacts=None)  # its search is for numbers alone
        change = self.largest * self.engine.dt * plans.double().unflatten(-1, (len(moves), 2))
        change = change * scene.inverse_mass[moves][:, None]
        for decision in change.unbind(1):
            push = decision.new_zeros(len(plans), scene.num_bodies, 2).index_copy(1, moves, decision).flatten(0, 1)
            for _ in range(self.hold):
                motion = state.motion | {"vel": state.motion["vel"] + push}
                state = replace(state, motion=motion)
                for _ in range(self.engine.terms.steps):
                    state = self.engine.advanced(state)
                places = state.motion["pos"].unflatten(0, (len(plans), -1))
                yield (places[:, moves[0]] - goal).norm(dim=-1)
