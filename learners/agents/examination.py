"""What a trained agent does and knows, found out on episodes of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from learners.agents.decoding import decoded, f1
from learners.agents.transports import Playing
from learners.agents.unrolls import RESET, REWARD, Ticks
from learners.agents.visits import GOAL, first_and_later, mean_time, searches
from learners.agents.watching import watched
from physim.graph import ModuleGraph
from physim.reports import Row

LABELS = ("loop_closure", "cell", "position", "distance", "goal")
FELT = ("features", "first_core", "core")
"""What places are decoded from, where an agent has it, beside nothing: the most frequent place."""
WIDE = 1000
"""More than the columns of any maze."""
SPARSE = 4
"""Places are decoded at every so many ticks: a walker is where it was a tick ago."""


def examined(playing: Playing, graph: ModuleGraph, decisions: int) -> list[Row]:
    """Latencies to goals, ways' efficiency, loops noticed, and places decoded from what is felt, in whole episodes.

    `playing` tells the environments, one episode of so many `decisions` in each, and which. Latencies are means in
    which no search counts as more than half an episode; those of later goals are NaN where none was ever found.
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
        loops = ticks["loop_closure"] > 0
        rows.append(_row("loop_f1", f1(felt["loop_closure"][..., 0] > 0, loops)))
        rows.append(_row("loop_f1_of_always", f1(torch.ones_like(loops), loops)))
    return rows + places_known(ticks, {core: felt[core] for core in cores})


def _ways(ticks: Ticks, decisions: int) -> list[Row]:
    """How soon first and later goals are found, in what share of episodes one is, and how near ways to the first are to
    the shortest: that one's length over theirs, and 0 where there was none (SPL, arXiv:1807.06757).
    """
    firsts, later = first_and_later(searches(ticks))
    rows = [_row(name, mean_time(each, decisions / 2)) for name, each in (("first", firsts), ("later", later))]
    rows.append(_row("found", float(np.mean([search.found for search in firsts]))))
    return [*rows, _row("path_efficiency", float(np.mean([np.nan_to_num(search.straight) for search in firsts])))]


def places_known(ticks: Ticks, felt: Mapping[str, Tensor]) -> list[Row]:
    """How well places are decoded from what is felt [B, T, F], by name, and from nothing."""
    nothing = {"nothing": torch.zeros(*ticks[RESET].shape, 1)}
    return [row for name, states in {**nothing, **felt}.items() for row in _known(ticks, name, states)]


def _known(ticks: Ticks, name: str, states: Tensor) -> list[Row]:
    """How well places are decoded: where the walker is, and where the goal is, before it is found and after.

    Where goals never differ there is nothing to know.
    """
    cells, goal = (ticks[what][..., 0] * WIDE + ticks[what][..., 1] for what in ("cell", "goal"))
    episodes = ticks[RESET].long().cumsum(1) + 100 * torch.arange(len(cells))[:, None]
    states, cells, goal, episodes, known = (
        each[:, ::SPARSE] for each in (states, cells, goal, episodes, _known_goal(ticks))
    )
    rows = [_row(f"position_from_{name}", decoded(states.flatten(0, 1), cells.flatten(), episodes.flatten()))]
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
