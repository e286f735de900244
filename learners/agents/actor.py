"""Actors: they decide by a graph, tick by tick, and bring unrolls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learners.agents.environments import AnyVectorEnv, acted, named, recipe_of, spaces_of
from learners.agents.graphs import CHOICE, POLICY, actions_of, check_image
from learners.agents.modules import chance
from learners.agents.unrolls import (
    ACTION,
    BEHAVIOUR,
    LAST,
    MEMORY,
    RESET,
    REWARD,
    TERMINATED,
    Ticks,
    Unroll,
)
from learners.precision import mixed, whole
from physim.checks import TEST_SEEDS_FROM
from physim.environments.resuming import Resuming
from physim.errors import PhysimError
from physim.graph import ModuleGraph, State
from physim.graph.context import flattened, map_tree, nested
from physim.learner import Precision


@final
class Actor:
    """Plays B environments by an agent's graph; what it does depends on the seed and the graph alone.

    Environments begin with the seed, or with those from `episodes` on. `labels` names what infos tell and ticks shall
    hold, memories too where they are `remembered`. Raises: PhysimError where the environments do not begin anew in the
    step after an episode's last, as Gymnasium's vectors do by default, or want other actions than a choice or some
    numbers, or than the graph decides about.
    """

    def __init__(
        self,
        env: AnyVectorEnv,
        graph: ModuleGraph,
        seed: int = 0,
        labels: Sequence[str] = (),
        precision: Precision = "32-true",
        remembered: bool = False,
        episodes: int | None = None,
    ) -> None:
        self.env, self.graph, self.labels = env, graph, tuple(labels)
        self.device, self.precision, self.remembered = next(graph.parameters()).device, precision, remembered
        self.random = torch.Generator().manual_seed(seed)
        recipe = recipe_of(env)
        self.actions, self.continuous = recipe["actions"], "continuous" in recipe
        _check_actions(graph, self.actions, self.continuous)
        shown = spaces_of(env.single_observation_space)
        if "image" in shown:
            check_image(graph, shown["image"].shape)
        self.state: State = {}
        self.unrolls = 0
        self._done = np.zeros(env.num_envs, np.bool_)
        training = seed % (TEST_SEEDS_FROM - env.num_envs)  # the rest are for tests
        observation, infos = env.reset(seed=training if episodes is None else episodes)
        nothing = np.zeros(env.num_envs, np.float32)
        self.now = self._tick(observation, infos, nothing, ~self._done, self._done, self._done)
        self._check_seen()

    @torch.no_grad()
    def unroll(self, ticks: int, version: int = 0) -> Unroll:
        """Decide so many times in each environment."""
        state, seen = self.state, []
        with mixed(self.precision, self.device):  # around all ticks: weights are rounded once, not at every tick
            for _ in range(ticks):
                before = self._memories() if self.remembered else {}
                seen.append(self.now | before | self._decide())
                self.now = self._step(seen[-1][ACTION])
        undecided = {name: torch.zeros_like(seen[-1][name]) for name in (ACTION, BEHAVIOUR)}
        after = self.now | undecided | (self._memories() if self.remembered else {})
        together = {name: torch.stack([tick[name] for tick in (*seen, after)], dim=1) for name in after}
        self.unrolls += 1
        return Unroll(together, state, version, number=self.unrolls - 1)

    def saved(self) -> Ticks:
        """Where it is; where the environments cannot tell where they are, they begin anew after `restore`."""
        env = self.env.unwrapped
        text = env.saved() if isinstance(env, Resuming) else ""
        told = {"env": torch.frombuffer(bytearray(text.encode() or b" "), dtype=torch.uint8)}
        told |= {"random": self.random.get_state(), "unrolls": torch.tensor(self.unrolls)}
        now = {f"now/{name}": value for name, value in self.now.items()}
        return told | now | {f"state/{name}": value.cpu() for name, value in flattened(self.state).items()}

    def restore(self, saved: Ticks) -> None:
        """Go on from where an actor of the same setting was."""
        self.unrolls = int(saved["unrolls"])
        env, text = self.env.unwrapped, bytes(saved["env"].numpy()).decode().strip()
        if not isinstance(env, Resuming):
            return
        env.restore(text)
        self.random.set_state(saved["random"])
        self.now = {name.removeprefix("now/"): value for name, value in saved.items() if name.startswith("now/")}
        state = {name.removeprefix("state/"): value for name, value in saved.items() if name.startswith("state/")}
        self.state = nested({name: value.to(self.device) for name, value in state.items()})
        self._done = self.now[LAST].numpy().copy()

    def _check_seen(self) -> None:
        """Refuse a graph that cannot read what environments show."""
        try:
            self._tried()
        except RuntimeError as error:
            shown = ", ".join(f"{name} {list(value.shape[1:])}" for name, value in self.now.items() if value.dim() > 1)
            raise PhysimError(f"the agent cannot read what the environments show, {shown}: {error}") from error

    @torch.no_grad()
    def _tried(self) -> State:
        """The memory after a decision that is not carried out."""
        return self._asked(torch.full((self.env.num_envs, self.actions), 0.5))[2]

    def _memories(self) -> Ticks:
        """What is remembered [B, ...], by name; nothing but zeros before the first decision."""
        known = self.state or map_tree(torch.zeros_like, self._tried())
        return {f"{MEMORY}{name}": value.cpu() for name, value in flattened(known).items()}

    def _decide(self) -> Ticks:
        """An action [B] or [B, A] for each, and what it was drawn from [B, A]."""
        choice, policy, self.state = self._asked(chance(self.env.num_envs, self.actions, self.random))
        if self.continuous:
            return {ACTION: choice.cpu(), BEHAVIOUR: policy.cpu()}
        return {ACTION: choice.argmax(-1).cpu(), BEHAVIOUR: policy.log_softmax(-1).cpu()}

    def _asked(self, drawn: Tensor) -> tuple[Tensor, Tensor, State]:
        """What the graph chooses now by the chance that was drawn [B, A], its policy, and its memory after that."""
        now = {name: value.to(self.device) for name, value in self.now.items() if name in self.graph.inputs}
        if REWARD in now:
            now[REWARD] = now[REWARD][:, None]
        now["chance"] = drawn.to(self.device)
        reset, outputs = self.now[RESET].to(self.device), (self.graph[CHOICE], self.graph[POLICY])
        with mixed(self.precision, self.device):
            (choice, policy), state = self.graph.step(now, self.state or None, reset, outputs)
        return whole(choice), whole(policy), map_tree(whole, state)

    def _step(self, action: Tensor) -> Ticks:
        observation, rewards, terminated, truncated, infos = self.env.step(
            acted(action.numpy(), self.env.single_action_space)
        )
        reset, self._done = self._done, terminated | truncated
        return self._tick(observation, infos, rewards, reset, self._done, terminated)

    def _tick(
        self,
        observation: Any,
        infos: Mapping[str, Any],
        rewards: npt.NDArray[Any],
        reset: npt.NDArray[np.bool_],
        last: npt.NDArray[np.bool_],
        terminated: npt.NDArray[np.bool_],
    ) -> Ticks:
        seen = named(observation, self.env.single_observation_space)
        for name in self.labels:
            seen[name] = _label(name, infos)
        ticks = {name: torch.from_numpy(np.array(value)) for name, value in seen.items()}  # it may be used again
        ticks[REWARD] = torch.from_numpy(rewards.astype(np.float32))
        told = {RESET: reset, LAST: last, TERMINATED: terminated}
        return ticks | {name: torch.from_numpy(value.copy()) for name, value in told.items()}


def _label(name: str, infos: Mapping[str, Any]) -> npt.NDArray[Any]:
    """What infos tell of every environment; where one tells nothing, Gymnasium's vectors would make it 0."""
    if name not in infos:
        known = ", ".join(sorted(name for name in infos if name[0] != "_")) or "nothing"
        raise PhysimError(f"labels: got '{name}', but infos tell {known}; mazes tell what their own `labels` name")
    found = np.asarray(infos[name])
    if not np.all(infos.get(f"_{name}", True)):
        raise PhysimError(f"labels: some infos lack '{name}', wanted it in all, those of `reset` too")
    if found.dtype == object:
        raise PhysimError(f"labels: '{name}' is {found[0]!r}, wanted numbers")
    return found


def _check_actions(graph: ModuleGraph, actions: int, continuous: bool) -> None:
    """Refuse a graph that decides otherwise than environments want."""
    told = actions_of(graph)
    if told != (actions, continuous):
        ours, theirs = (f"{count} {'numbers' if kind else 'actions'}" for count, kind in (told, (actions, continuous)))
        raise PhysimError(f"the agent decides about {ours}, but the environments want {theirs}")
