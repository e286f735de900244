"""Scenes of a world in episodes, many at a time, moved by one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple, final

import numpy as np

from physim.arrays import Floats
from physim.checks import TEST_SEEDS_FROM
from physim.engines.base import State
from physim.engines.named import engine_named
from physim.environments.observations import Form, Observation
from physim.environments.task import LARGEST, Task
from physim.errors import BlowUp, PhysimError
from physim.scenes.scene import STATE_FIELDS, Scene, scenes_of


class Beginning(NamedTuple):
    """The scene that an episode begins with, the seed that it is of, and the goal [2] (m)."""

    scene: Scene
    seed: int
    goal: Floats


class Outcome(NamedTuple):
    """What a step brought: a reward for each scene [B], and those that blew up by their numbers."""

    rewards: Floats
    blown: Mapping[int, BlowUp]


def told(error: BlowUp) -> dict[str, Any]:
    """What an info says of a scene that blew up."""
    return {"blow_up": str(error), "body": error.body}


@final
class Episodes:
    """B scenes of one size, each in an episode of its own.

    Without a reward of the user's, the first body that can move is to go to a goal, a place drawn in the box round the
    movable bodies of the first scene; the reward is minus its distance from there, in metres. A scene that blows up
    stays at its last finite state, by which its reward counts.
    """

    def __init__(self, task: Task, count: int) -> None:
        self.task, self.count = task, count
        self.engine = engine_named(task.engine, task.world, task.weights)
        sample = task.world.scene(seed=0)
        self.engine.start(sample)  # weights that do not fit are refused now, not at the first reset
        self.form = Form.of(sample, task.reward is None)
        self.goals = np.zeros((count, 2))
        self.lengths = np.zeros(count, dtype=np.int64)
        self._movable = np.zeros((count, self.form.movable), dtype=np.int64)
        sample_held = self.form.held(sample, np.zeros(2))
        self._held = {name: np.stack([values] * count) for name, values in sample_held.items()}
        self._state: Any = None

    @property
    def state(self) -> State:
        """What the engine holds now; raises PhysimError before the first episode has begun."""
        self.check_begun()
        state: State = self._state
        return state

    def check_begun(self) -> None:
        """Raise PhysimError before the first episode has begun."""
        if self._state is None:
            raise PhysimError("no episode has begun: call reset first")

    def scene(self, number: int) -> Scene:
        """One of the scenes as it is now."""
        return scenes_of(self.state.scene)[number]

    def draw(self, generator: np.random.Generator, seed: int | None) -> Beginning:
        """The first scene of a seed, by default of one under 90000 from the generator, and a goal in it.

        Raises: PhysimError where the scene is not of the size of the others.
        """
        if seed is None:
            seed = int(generator.integers(TEST_SEEDS_FROM))
        scene = self.task.world.scene(seed)
        self.form.check(scene, seed)
        movable = scene.pos[scene.inverse_mass > 0].numpy()
        return Beginning(scene, seed, generator.uniform(movable.min(axis=0), movable.max(axis=0)))

    def begin(self, beginnings: Mapping[int, Beginning]) -> None:
        """Begin the episodes of these numbers, which at first are all; the others go on."""
        fresh = {number: beginning.scene for number, beginning in beginnings.items()}
        if len(fresh) == self.count:
            self._state = self.engine.start(Scene.batch_of([fresh[number] for number in range(self.count)]))
        else:
            self._state = self.engine.restarted(self.state, fresh)
        for number, (scene, _, goal) in beginnings.items():
            self.goals[number], self.lengths[number] = goal, 0
            self._movable[number] = np.flatnonzero(scene.inverse_mass.numpy())
            for name, values in self.form.held(scene, goal).items():
                self._held[name][number] = values

    def step(self, forces: Floats, over: Set[int] = frozenset(), shown: Callable[[], None] = lambda: None) -> Outcome:
        """Let forces (N) [B, M, 2] act on the movable bodies for as many dts as they are held, and take steps of it.

        They change the velocities before each step, as pairwise forces do in the truth; rewards are the means over
        steps, up to that by which a scene blew up. Of episodes that are `over` nothing is told, and no reward is asked
        for. After each step what happened can be `shown`.
        """
        impulse = np.zeros((self.count, self.form.objects, 2))
        impulse[np.arange(self.count)[:, None], self._movable] = forces * self.engine.dt
        stopped, blown = dict[int, Scene](), dict[int, BlowUp]()
        total, steps = np.zeros(self.count), np.zeros(self.count)
        for _ in range(self.task.hold):
            before, moving = self.state, ~np.isin(np.arange(self.count), list(blown))
            self._state = self.engine.step(self.engine.pushed(before, impulse.reshape(-1, 2)))
            self.lengths += 1
            fresh = {number: error for number, error in self._blown().items() if number not in blown}
            if fresh:
                last = scenes_of(before.scene)
                stopped |= {number: last[number] for number in fresh}
                blown |= fresh
            if stopped:
                self._state = self.engine.restarted(self._state, stopped)
            total += moving * self._rewards(before, forces, {*over, *np.flatnonzero(~moving).tolist()})
            steps += moving
            shown()
        return Outcome(total / steps, {k: error for k, error in blown.items() if k not in over})

    def observations(self) -> Observation:
        """What is seen of the scenes [B, ...], in arrays that nobody else holds."""
        moving = {name: self._parted(getattr(self.state, name)).astype(np.float32) for name in STATE_FIELDS}
        return moving | {name: values.copy() for name, values in self._held.items()}

    def place(self, number: int) -> tuple[Floats, Floats]:
        """Positions [N, 2] and angles [N] of one scene."""
        return self._parted(self.state.pos)[number], self._parted(self.state.angle)[number]

    def _parted(self, values: Floats) -> Floats:
        """Values of all objects [B * N, ...], scene by scene [B, N, ...]."""
        return values.reshape(self.count, self.form.objects, *values.shape[1:])

    def _blown(self) -> dict[int, BlowUp]:
        """The first body of each scene that is no longer finite."""
        sizes = (self.count, self.form.objects, -1)
        values = np.concatenate([getattr(self.state, name).reshape(sizes) for name in STATE_FIELDS], axis=2)
        finite = (np.abs(values) <= LARGEST).all(axis=2)
        return {
            number: BlowUp(int(np.argmin(finite[number])), int(self.lengths[number]))
            for number in np.flatnonzero(~finite.all(axis=1)).tolist()
        }

    def _rewards(self, before: State, forces: Floats, over: Set[int]) -> Floats:
        reward = self.task.reward
        if reward is None:
            first = self._parted(self.state.pos)[np.arange(self.count), self._movable[:, 0]]
            rewards = -np.hypot(*(first - self.goals).T)
            rewards[list(over)] = 0.0
            return rewards
        steps = zip(scenes_of(before.scene), forces, scenes_of(self.state.scene), strict=True)
        rewards = np.array([0.0 if k in over else float(reward(*step)) for k, step in enumerate(steps)])
        if not np.isfinite(rewards).all():
            raise PhysimError(f"the reward is {rewards[~np.isfinite(rewards)][0]}, wanted a finite number")
        return rewards
