"""The speed behind `physim bench agents`: training, beside Stable-Baselines3's."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from statistics import median
from typing import Any

import torch
from torch import nn
from tqdm import trange

from learners.agents.environments import Environments, recipe_of
from learners.agents.learning import Learner, Learning
from learners.agents.methods import losses_of
from learners.agents.modules import KERNELS
from learners.agents.transports import Here, Playing, Processes, Transport
from learners.precision import PRECISIONS
from physim.learner import Precision
from physim.reports import Row, row
from physim.threads import threads

ID, SIZE, COUNT, TICKS = "worlds:physim/NavMazeStatic01-v0", (84, 84), 16, 20
ROUNDS, UPDATES = 5, 30
PEER = "stable_baselines3"
HOW = "stable-baselines3 is not installed, so its A2C is left out; to have it beside: pip install 'physim[libraries]'"

Round = Callable[[int], float]
"""Makes so many updates and gives the frames learned from in a second."""


def agents(progress: bool = True) -> list[Row]:
    """Frames a second of training A3C with an LSTM at 84 x 84, in several ways, beside A2C without one."""
    rounds = trange(ROUNDS, desc="rounds", disable=None if progress else True)
    return training_speeds(rounds, UPDATES, {"size": SIZE, "observe": ("image",)}, peer=_installed())


def training_speeds(rounds: Iterable[object], updates: int, settings: dict[str, Any], peer: bool) -> list[Row]:
    """Medians over rounds, in each of which all are measured one after the other."""
    mazes = Environments(ID, COUNT, settings)
    speeds: dict[str, list[float]] = {}
    with ExitStack() as stack:
        players: dict[str, Round] = {}
        for precision in PRECISIONS:
            for actors, where in ((0, "here"), (1, "by one actor")):
                players[f"training in {precision}, played {where}"] = stack.enter_context(
                    _Ours(mazes, actors, precision)
                ).round
        if peer:
            players[PEER] = _theirs(mazes)
        for number, _ in enumerate(rounds):
            for name in list(players) if number % 2 else reversed(players):
                speeds.setdefault(name, []).append(players[name](updates))
    found = {name: median(speeds[name]) for name in players}
    beside, against = found.pop(PEER, None), "A2C of Stable-Baselines3, no LSTM" if peer else None
    return [row(name, value, "frames/s", against, beside) | {"environments": COUNT} for name, value in found.items()]


class _Ours:
    """A3C with an LSTM of 256 units, whose mazes are played here, on all threads, or by so many actors, on one each."""

    def __init__(self, mazes: Environments, actors: int, precision: Precision) -> None:
        env = mazes.make()
        playing = Playing(mazes, recipe_of(env, ("image",)), TICKS, precision=precision)
        env.close()
        graph = playing.graph()
        self.learner = Learner(graph, losses_of(())(graph), Learning(precision=precision))
        self.threads = 1 if actors else torch.get_num_threads()
        self.transport: Transport = Processes(playing, graph, actors) if actors else Here(playing, graph)

    def __enter__(self) -> _Ours:
        self.transport.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.transport.close()

    def round(self, updates: int) -> float:
        """Make so many updates; gives the frames learned from in a second."""
        with threads(self.threads):
            self._update()  # what actors have at hand since the last round is not counted
            self._update()
            begun = time.perf_counter()
            frames = sum(self._update() for _ in range(updates))
        return frames / (time.perf_counter() - begun)

    def _update(self) -> int:
        unroll = self.transport.receive()
        self.learner.update(unroll)
        self.transport.publish(self.learner.graph, self.learner.version)
        return unroll.decisions


def _theirs(mazes: Environments) -> Round:
    """A2C of Stable-Baselines3 with the same convolutions, on as many of the same mazes, in unrolls as long."""
    from gymnasium import make
    from stable_baselines3 import A2C
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import DummyVecEnv

    class Extractor(BaseFeaturesExtractor):  # type: ignore[misc,unused-ignore]
        """The convolutions of A3C, and its layer of features."""

        def __init__(self, space: Any) -> None:
            super().__init__(space, 256)
            layers: list[nn.Module] = []
            channels = 3
            for planes, size, stride in KERNELS:
                layers += [nn.Conv2d(channels, planes, size, stride), nn.ReLU()]
                channels = planes
            self.layers = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(256), nn.ReLU())
            self.layers(torch.zeros(1, *space["image"].shape))

        def forward(self, seen: dict[str, torch.Tensor]) -> torch.Tensor:
            found: torch.Tensor = self.layers(seen["image"])
            return found

    envs = DummyVecEnv([lambda: make(mazes.id, **mazes.settings)] * mazes.count)
    policy = {"features_extractor_class": Extractor, "net_arch": []}
    model = A2C("MultiInputPolicy", envs, n_steps=TICKS, policy_kwargs=policy, device="cpu")

    def learned(updates: int) -> float:
        begun, frames = time.perf_counter(), updates * mazes.count * TICKS
        model.learn(frames, reset_num_timesteps=False)
        return frames / (time.perf_counter() - begun)

    return learned


def _installed() -> bool:
    if importlib.util.find_spec(PEER) is None:
        print(HOW, file=sys.stderr)
        return False
    return True
