"""Decision problems written out: what can be solved exactly, and so tells how good a learner is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.errors import PhysimError


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """A Markov decision problem of S states and A actions, with rewards discounted by `discount` a step.

    Shapes: chances [S, A, S] of the next state, `rewards` [S, A], `ends` [S] bool, where an episode is over, and
    `start` [S], the chances of the first state. Raises: PhysimError where these do not fit or do not add up to 1.
    """

    chances: Floats
    rewards: Floats
    ends: npt.NDArray[np.bool_]
    start: Floats
    discount: float

    def __post_init__(self) -> None:
        states, actions = self.rewards.shape
        wanted = {"chances": (states, actions, states), "ends": (states,), "start": (states,)}
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise PhysimError(f"{name} has the shape {list(getattr(self, name).shape)}, wanted {list(shape)}")
        for name, sums in (("chances", self.chances.sum(-1)), ("start", self.start.sum())):
            if not np.allclose(sums, 1.0):
                raise PhysimError(f"{name} add up to other than 1")
        if not 0 <= self.discount < 1:
            raise PhysimError(f"discount is {self.discount}, wanted from 0 to under 1")

    @property
    def states(self) -> int:
        """How many states there are."""
        return self.rewards.shape[0]

    @property
    def actions(self) -> int:
        """How many actions there are."""
        return self.rewards.shape[1]

    def values(self, policy: Floats) -> Floats:
        """V [..., S] of policies [..., S, A], exactly."""
        goes = ~self.ends[:, None]
        rewards = (policy * self.rewards * goes).sum(-1)
        moves = np.einsum("...sa,sat->...st", policy * goes, self.chances)
        return np.linalg.solve(np.eye(self.states) - self.discount * moves, rewards[..., None])[..., 0]

    def action_values(self, values: Floats) -> Floats:
        """Q [..., S, A] of taking an action, then getting values [..., S]."""
        goes = ~self.ends[:, None]
        after: Floats = np.einsum("sat,...t->...sa", self.chances, values)
        return goes * (self.rewards + self.discount * after)

    def worth(self, policy: Floats) -> Floats:
        """What policies [..., S, A] bring from the start, exactly."""
        worth: Floats = self.values(policy) @ self.start
        return worth

    def best(self) -> Floats:
        """V [S] of the best policy, by iterating on policies until none is better."""
        policy = np.eye(self.actions)[np.zeros(self.states, int)]
        while True:
            values = self.values(policy)
            worths = self.action_values(values)
            held = 1e-9 * max(1.0, float(np.abs(worths).max())) * policy  # ties go to what is done already
            better = np.eye(self.actions)[(worths + held).argmax(-1)]
            if (better == policy).all():
                return values
            policy = better
