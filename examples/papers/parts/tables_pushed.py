"""Tables on which an arm pushes things, foretold by networks that are told its actions or not: a part of
video_pixel_networks.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from learners.experiment import Cell, markdown
from learners.papers import PaperSettings, draw_into, net_path
from learners.sequences.pixels import continued
from learners.sequences.video_pixels import frame_nats, video_pixel_network
from parts.films import Films, page, trained_on
from parts.sequence_cells import (
    COSTS,
    best_rates,
    cells,
    figures_of,
    less,
    mean_or_diverged,
    outcome,
    rows_of,
)
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.pushing import NOVEL, USUAL, pushes

TEST_SEED = 90_000
SIDE, FRAMES, BATCH, UPDATES, VALID, TESTED = 32, 8, 6, 800, 32, 256
WIDTH, ENCODER, DECODER, COLOURS = 15, (1, 2, 4), 4, 8
"""Each colour has so many levels; the width is a multiple of the three colours."""
SECONDS, VERDICTS = 0.85, 6
"""Of an update on one core that has products of bfloat16."""
RATES, TUNING_SHARE = (5e-3, 1e-2, 2e-2), 4
"""Rates that are tried, for a part of the updates, on other tables."""
ARMS = TOLD, NOT_TOLD = "told", "not told"
THINGS = {"seen": USUAL, "novel": NOVEL}
NOTE = f"""Teacher-forced, differences seed by seed; an update sees {BATCH} videos of {FRAMES} frames.
Who trusts what it is told does worse by wrong actions than who is told none: in the mean over wrong ones that is so for
any who foretells well.
"""
SHOWN, BEFORE = 4, 2
"""Videos that are drawn on, and from how many frames."""


def table(args: PaperSettings) -> str:
    """Nats a frame, of true actions, of other tables', and of none; and of things that were never seen."""
    work, seconds = partial(run, args.folder), dict.fromkeys(ARMS, SECONDS)
    rates = best_rates(args, "pushing", seconds, UPDATES // TUNING_SHARE, RATES, work)
    values = figures_of(rows_of(args, "pushing", cells(args, seconds, UPDATES, rates), work), ("arm", "name"))
    true, novel = values.get((TOLD, "seen")), values.get((TOLD, "novel"))
    figures = {
        "actions told": true,
        "actions of other tables": values.get((TOLD, "shuffled")),
        "told that nothing is done": values.get((TOLD, "still")),
        "not told": values.get((NOT_TOLD, "seen")),
        "actions told, things never seen": novel,
        "not told, things never seen": values.get((NOT_TOLD, "novel")),
    }
    lines: list[list[object]] = [[name, mean_or_diverged(each), less(each, true)] for name, each in figures.items()]
    text = f"{markdown(('', 'nats/frame', 'more than where true actions are told'), lines)}\n{NOTE}"
    costs = [[arm, *(mean_or_diverged(values.get((arm, name))) for name in COSTS)] for arm in ARMS]
    spent = markdown(("", *COSTS.values()), costs)
    if true is None or novel is None:
        return f"{text}\n{spent}"
    share = mean_or_diverged([100 * (new / old - 1) for new, old in zip(novel, true, strict=True)])
    return f"{text}\nThings never seen cost {share} % more.\n\n{spent}"


def show(folder: Path, net: ModuleGraph) -> None:
    """Draw on the films of some tables, by a network that is told actions."""
    for name, things in THINGS.items():
        videos, actions = tables(SHOWN, TEST_SEED, things)
        drawn = continued(net, videos[:, :BEFORE], FRAMES - BEFORE, 0, actions)
        draw_into(folder, f"pushing_{name}", page(videos, drawn, COLOURS - 1))


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen tables, with things of the kinds that were seen, and of others."""
    torch.manual_seed(cell.seed)
    told = cell.arm == TOLD
    net = video_pixel_network(3, COLOURS, WIDTH, ENCODER, DECODER, actions=2 if told else 0)
    path, valid = net_path(folder, "pushing", cell), films(told, VALID, TEST_SEED - 1)
    progress = trained_on(partial(films, told, BATCH), path, cell, net, VERDICTS, valid)
    return outcome(cell, net, progress, partial(figures, net, told), partial(show, folder, net) if told else None)


def figures(net: ModuleGraph, told: bool) -> dict[str, float]:
    """Nats a frame of unseen tables, and, where a network is `told` actions, by those of others."""
    found = {}
    for name, things in THINGS.items():
        videos, actions = tables(TESTED, TEST_SEED, things)
        found[name] = float(frame_nats(net, videos, 1, actions if told else None).mean())
        if told and name == "seen":
            for what, others in {"shuffled": actions.roll(1, 0), "still": torch.zeros_like(actions)}.items():
                found[what] = float(frame_nats(net, videos, 1, others).mean())
    return found


def films(told: bool, count: int, seed: int) -> Films:
    """Tables with things of the kinds that are seen in training, and what a network that is `told` actions is told."""
    videos, actions = tables(count, seed, USUAL)
    return videos, actions if told else None


def tables(count: int, seed: int, things: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Videos [count, T, side, side, 3] of COLOURS levels, and the arm's actions [count, T, 2]."""
    made = pushes(count, FRAMES, seed, SIDE, things)
    return torch.from_numpy(made.videos).long() * COLOURS // 256, torch.from_numpy(made.actions)
