"""What all planners have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from learners.planning.futures import Futures
from physim.arrays import Floats
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.scenes.scene import Scene


class Steered(Protocol):
    """An environment whose scene and goal can be seen, such as physim/Steering-v0."""

    hold: int
    """For how many steps forces are held."""
    largest: float
    """The largest force (N)."""

    @property
    def scene(self) -> Scene:
        """The scene as it is now."""

    @property
    def goal(self) -> Floats:
        """Where its first movable body is to go [2] (m)."""

    def reset(self, *, seed: int | None = None) -> Any:
        """Begin an episode."""

    def step(self, action: Floats) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Carry out shares of the largest force [A]."""


@dataclass(frozen=True)
class Planner(ABC):
    """Plans so many decisions ahead (`horizon`), carries out the first, and plans anew from where that led.

    `best` improves a plan [H, A] that is known, which was the rest of the last one, by `rounds` of `count` plans.
    """

    futures: Futures
    horizon: int = 10
    count: int = 16
    rounds: int = 3

    def __post_init__(self) -> None:
        check_whole(1, horizon=self.horizon, count=self.count, rounds=self.rounds)

    @abstractmethod
    def best(self, scene: Scene, goal: Floats, known: Tensor, random: torch.Generator) -> Tensor:
        """The best plan [H, A] that is found, of shares from -1 to 1."""

    def steer(self, env: Steered, seed: int) -> list[float]:
        """The rewards of an episode of that seed, planned anew at every decision.

        Raises: PhysimError where the environment, or what it wraps, holds other forces than these futures do.
        """
        check_whole(0, seed=seed)
        steered: Steered = getattr(env, "unwrapped", env)  # gymnasium.make wraps what it makes
        self._check(steered)
        env.reset(seed=seed)
        random, rewards, over = torch.Generator().manual_seed(seed), list[float](), False
        plan = self.begun(steered.scene)
        while not over:
            plan = self.best(steered.scene, steered.goal, plan, random)
            _, reward, terminated, truncated, _ = env.step(plan[0].numpy())
            rewards.append(reward)
            plan, over = rest(plan), terminated or truncated
        return rewards

    def _check(self, env: Steered) -> None:
        for name in ("hold", "largest"):
            got, wanted = getattr(self.futures, name), getattr(env, name, None)
            if wanted is None:
                raise PhysimError(f"env is {env}, wanted what tells its scene and goal, such as physim/Steering-v0")
            if got != wanted:
                raise PhysimError(f"{name} is {got:.6g} of the futures, but {wanted:.6g} of the environment")

    def begun(self, scene: Scene) -> Tensor:
        """The plan to begin an episode with: to do nothing."""
        return torch.zeros(self.horizon, 2 * int((scene.inverse_mass > 0).sum()), dtype=torch.float64)


def rest(plan: Tensor) -> Tensor:
    """What is left of a plan [H, A] after its first decision; nothing is done at its end."""
    return torch.cat([plan[1:], torch.zeros_like(plan[:1])])
