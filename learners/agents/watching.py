"""Agents watched while they play: what they did and felt, without the images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learners.agents.environments import acted, readable
from learners.agents.graphs import POLICY
from learners.agents.learning import values_on
from learners.agents.mind import Mind
from learners.agents.transports import Playing
from learners.agents.unrolls import Ticks
from physim.graph import ModuleGraph

CHUNK = 50
"""How many decisions are held with their images at a time."""
UNKEPT = ("image", "depth")


@torch.no_grad()
def watched(
    playing: Playing, graph: ModuleGraph, decisions: int, ports: Sequence[str] = ()
) -> tuple[Ticks, dict[str, Tensor]]:
    """So many decisions of all environments: their ticks without images, and the values of ports, by name.

    Shapes: each [B, decisions, ...].
    """
    actor = playing.actor(graph)
    seen: list[Ticks] = []
    felt: list[Ticks] = []
    for done in range(0, decisions, CHUNK):
        unroll = actor.unroll(min(CHUNK, decisions - done))
        seen.append({name: value[:, :-1] for name, value in unroll.ticks.items() if name not in UNKEPT})
        if ports:
            values = values_on(graph, [graph[port] for port in ports], unroll.ticks, unroll.state or None)
            felt.append({port.name: value[:, :-1].cpu() for port, value in values.items()})
    actor.env.close()
    return _joined(seen), _joined(felt)


Decide = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
"""What to do, by what is seen."""


def rewards_of(env: gymnasium.Env[Any, Any], seed: int, decide: Decide) -> list[float]:
    """The rewards of an episode of a seed."""
    seen, _ = env.reset(seed=seed)
    rewards, over = list[float](), False
    while not over:
        seen, reward, terminated, truncated, _ = env.step(decide(seen))
        rewards.append(float(reward))
        over = terminated or truncated
    return rewards


def means_of(graph: ModuleGraph, space: gymnasium.Space[Any]) -> Decide:
    """Decides numbers of a space by an agent's means alone, without its chance, where it sees a vector and remembers
    nothing.
    """

    @torch.no_grad()
    def decide(seen: npt.NDArray[Any]) -> npt.NDArray[Any]:
        inputs = {name: torch.from_numpy(value) for name, value in readable({"vector": seen[None]}).items()}
        means = graph(inputs, outputs=graph[POLICY])
        return acted(means[0].numpy(), space)

    return decide


def chances_of(graph: ModuleGraph, space: gymnasium.Space[Any], seed: int = 0) -> Decide:
    """Decides numbers of a space as an agent does that learns: by its means and chance; see `means_of`."""
    mind = Mind(graph, seed)
    return lambda seen: acted(np.asarray(mind.decide(seen).action), space)


def _joined(parts: Sequence[Ticks]) -> Ticks:
    return {name: torch.cat([part[name] for part in parts], dim=1) for name in (parts[0] if parts else ())}
