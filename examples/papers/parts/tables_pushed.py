"""Tables on which an arm pushes things, foretold by networks that are told its actions or not: a part of
video_pixel_networks.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from learners.experiment import TUNING_SEED, Cell, Interval, markdown
from learners.judging import by_training, crossed
from learners.papers import PaperSettings, draw_into, net_path
from learners.sequences.pixels import continued
from learners.sequences.video_pixels import frame_nats, video_pixel_network
from parts.films import Films, page, trained_on
from parts.sequence_cells import (
    COSTS,
    DIVERGED,
    cells,
    figures_of,
    mean_or_diverged,
    outcome,
    rows_of,
    tuned,
)
from physim.arrays import Floats
from physim.checks import TEST_SEEDS_FROM
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.pushing import NOVEL, USUAL, pushes

SIDE, FRAMES, BATCH, UPDATES, VALID, TESTED = 32, 8, 6, 800, 32, 256
WIDTH, ENCODER, DECODER, COLOURS = 15, (1, 2, 4), 4, 8
"""Each colour has so many levels; the width is a multiple of the three colours."""
SECONDS, VERDICTS = 0.85, 6
"""Of an update on one core that has products of bfloat16."""
RATES, TUNING_SHARE = (5e-3, 1e-2, 2e-2), 2
"""Rates that are tried, for a part of the updates, on other tables."""
ARMS = TOLD, NOT_TOLD = "told", "not told"
THINGS = {"seen": USUAL, "novel": NOVEL}
JUDGED = (*THINGS, "shuffled", "still")
FIGURES = {
    "actions told": (TOLD, "seen"),
    "actions of other tables": (TOLD, "shuffled"),
    "told that nothing is done": (TOLD, "still"),
    "not told": (NOT_TOLD, "seen"),
    "actions told, things never seen": (TOLD, "novel"),
    "not told, things never seen": (NOT_TOLD, "novel"),
}
"""What is compared, by whom it is foretold and how."""
NOTE = f"""Teacher-forced; an update sees {BATCH} videos of {FRAMES} frames. Who is not told is the same network, told
that nothing is done. Intervals are over trainings and over the {TESTED} videos that all are judged by. A network
that relies on its actions does worse by wrong ones than one that is told none: in the mean over wrong actions that is
so for every one that foretells well.
"""
SHOWN, BEFORE = 4, 2
"""Videos that are drawn on, and from how many frames."""


def table(args: PaperSettings) -> str:
    """Nats a frame, of true actions, of other tables', and of none; and of things that were never seen."""
    work, seconds = partial(run, args.folder), dict.fromkeys(ARMS, SECONDS)
    rates = tuned(args, "pushing", seconds, UPDATES // TUNING_SHARE, RATES, work).rates
    rows = rows_of(args, "pushing", cells(args, seconds, UPDATES, rates), work)
    values = figures_of(rows, ("arm", "name"))
    costs = [[arm, *(mean_or_diverged(values.get((arm, name))) for name in COSTS)] for arm in ARMS]
    known = {
        (arm, name): by_training([row for row in rows if (row["arm"], row["name"]) == (arm, name)])
        for arm, name in values
        if name in JUDGED
    }
    true, novel = known.get((TOLD, "seen")), known.get((TOLD, "novel"))
    lines = [[name, *compared(known.get(key), true)] for name, key in FIGURES.items()]
    text = f"{markdown(('', 'nats/frame', 'more than where true actions are told'), lines)}\n{NOTE}"
    if true is not None and novel is not None:
        text += f"Things never seen cost {100 * (novel.mean() / true.mean() - 1):.3g} % more.\n"
    return f"{text}\n{markdown(('', *COSTS.values()), costs)}"


def compared(nats: Floats | None, true: Floats | None) -> list[Interval | str | None]:
    """The mean of nats [trainings, videos], and how much more it is than of true actions."""
    if nats is None:
        return [DIVERGED, None]
    return [crossed(nats), None if true is None or nats is true else crossed(nats - true)]


def show(folder: Path, net: ModuleGraph) -> None:
    """Draw on the films of some tables, by a network that is told actions."""
    for name, things in THINGS.items():
        videos, actions = tables(SHOWN, TEST_SEEDS_FROM, things)
        drawn = continued(net, videos[:, :BEFORE], FRAMES - BEFORE, 0, actions)
        draw_into(folder, f"pushing_{name}", page(videos, drawn, COLOURS - 1))


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen tables, with things of the kinds that were seen, and of others."""
    torch.manual_seed(cell.seed)
    told = cell.arm == TOLD
    net = video_pixel_network(3, COLOURS, WIDTH, ENCODER, DECODER, actions=2)
    path, valid = net_path(folder, "pushing", cell), films(told, VALID, TEST_SEEDS_FROM - 1)
    progress = trained_on(partial(films, told, BATCH), path, cell, net, VERDICTS, valid)
    rows = outcome(cell, net, progress, dict, partial(show, folder, net) if told else None)
    return rows if cell.seed == TUNING_SEED else [*rows, *figures(net, told)]


def figures(net: ModuleGraph, told: bool) -> list[Row]:
    """Nats a frame of each unseen table, and, where a network is `told` actions, by those of others."""
    rows = list[Row]()
    for name, things in THINGS.items():
        videos, actions = tables(TESTED, TEST_SEEDS_FROM, things)
        ways = {name: actions if told else torch.zeros_like(actions)}
        if told and name == "seen":
            ways |= {"shuffled": actions.roll(1, 0), "still": torch.zeros_like(actions)}
        for what, said in ways.items():
            nats = frame_nats(net, videos, 1, said).mean(1).tolist()
            rows += [{"name": what, "video": number, "value": value} for number, value in enumerate(nats)]
    return rows


def films(told: bool, count: int, seed: int) -> Films:
    """Tables with things of the kinds that are seen in training, and what is done there, or, if not `told`, nothing."""
    videos, actions = tables(count, seed, USUAL)
    return videos, actions if told else torch.zeros_like(actions)


def tables(count: int, seed: int, things: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Videos [count, T, side, side, 3] of COLOURS levels, and the arm's actions [count, T, 2]."""
    made = pushes(count, FRAMES, seed, SIDE, things)
    return torch.from_numpy(made.videos).long() * COLOURS // 256, torch.from_numpy(made.actions)
