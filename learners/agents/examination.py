"""What a trained agent does and knows, found out on episodes of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from learners.agents.decoding import decoded, f1
from learners.agents.transports import Playing
from learners.agents.unrolls import RESET, REWARD, Ticks
from learners.agents.visits import GOAL, latency, searches
from learners.agents.watching import watched
from physim.graph import ModuleGraph
from physim.reports import Row

LABELS = ("loop_closure", "cell", "position", "distance", "goal")
FELT = ("features", "first_core", "core")
"""What places are decoded from, where an agent has it, beside nothing: the most frequent place."""
WIDE = 1000
"""More than the columns of any maze."""


def examined(playing: Playing, graph: ModuleGraph, decisions: int) -> list[Row]:
    """Latencies to goals, ways' straightness, loops noticed, and places decoded from what is felt, in whole episodes.

    `playing` tells the environments, one episode of so many `decisions` in each, and their seed. Latencies that no
    episode is long enough for count as a whole one; those of later goals are NaN where none was ever found.
    """
    environments = playing.environments
    told = replace(environments, settings={**environments.settings, "labels": LABELS})
    names = {node.name for node in graph.nodes}
    cores = [core for core in FELT if core in names]
    heads = ["loop_closure"] if "loop_closure" in names else []
    setting = replace(playing, environments=told, labels=LABELS)
    ticks, felt = watched(setting, graph, decisions + 1, [*cores, *heads])
    rows = _ways(ticks, decisions)
    if heads:
        rows.append(_row("loop_f1", f1(felt["loop_closure"][..., 0] > 0, ticks["loop_closure"] > 0)))
    nothing = {"nothing": torch.zeros(*ticks[RESET].shape, 1)}
    for name, states in (nothing | {core: felt[core] for core in cores}).items():
        rows += _known(ticks, name, states)
    return rows


def _ways(ticks: Ticks, decisions: int) -> list[Row]:
    found = searches(ticks)
    delays = latency(found)
    first, later = (float(np.minimum(median, decisions)) for median in (delays.first, delays.later))
    straight = [search.straight for search in found if not np.isnan(search.straight)]
    rows = [_row("first", first), _row("later", later), _row("found", delays.found)]
    return [*rows, _row("straight", float(np.mean(straight)) if straight else float("nan"))]


def _known(ticks: Ticks, name: str, states: Tensor) -> list[Row]:
    """How well places are decoded: where the walker is, and where the goal is, before it is found and after.

    Where goals never differ there is nothing to know.
    """
    cells = ticks["cell"][..., 0] * WIDE + ticks["cell"][..., 1]
    episodes = ticks[RESET].long().cumsum(1) + 100 * torch.arange(len(cells))[:, None]
    rows = [_row(f"position_from_{name}", decoded(states.flatten(0, 1), cells.flatten(), episodes.flatten()))]
    goal, known = ticks["goal"][..., 0] * WIDE + ticks["goal"][..., 1], _known_goal(ticks)
    for when, where in (("before", (goal >= 0) & ~known), ("after", (goal >= 0) & known)):
        if len(episodes[where].unique()) > 3 and len(goal[where].unique()) > 1:
            rows.append(_row(f"goal_{when}_from_{name}", decoded(states[where], goal[where], episodes[where])))
    return rows


def _known_goal(ticks: Ticks) -> Tensor:
    """Whether the goal of the episode was found before [B, T]."""
    found = (ticks[REWARD] >= GOAL).long().cumsum(1)
    begun = torch.where(ticks[RESET], found, 0).cummax(1).values  # how many were found before the episode
    return found > begun


def _row(name: str, value: float) -> Row:
    return {"name": name, "value": value}
