"""Agents watched while they play: what they did and felt, without the images."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from learners.agents.learning import values_on
from learners.agents.transports import Playing
from learners.agents.unrolls import Ticks
from physim.graph import ModuleGraph

CHUNK = 50
"""How many decisions are held with their images at a time."""
UNKEPT = ("image", "depth")


@torch.no_grad()
def watched(playing: Playing, graph: ModuleGraph, decisions: int, ports: Sequence[str] = ()) -> Ticks:
    """So many decisions of all environments: their ticks without images, and the values of ports by name.

    Shapes: each [B, decisions, ...].
    """
    actor = playing.actor(graph)
    parts: list[Ticks] = []
    for done in range(0, decisions, CHUNK):
        unroll = actor.unroll(min(CHUNK, decisions - done))
        values = values_on(graph, [graph[port] for port in ports], unroll.ticks, unroll.state or None) if ports else {}
        told = unroll.ticks | {port.name: value for port, value in values.items()}
        parts.append({name: value[:, :-1].cpu() for name, value in told.items() if name not in UNKEPT})
    actor.env.close()
    return {name: torch.cat([part[name] for part in parts], dim=1) for name in parts[0]}
