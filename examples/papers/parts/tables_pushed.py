"""Tables on which an arm pushes things, foretold by networks that are told its actions or not: a part of
video_pixel_networks.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.kept import trained
from learners.sequences.pixels import continued
from learners.sequences.rows import Batch
from learners.sequences.video_pixels import ACTION, FRAME, FrameLikelihood, frame_nats, video_pixel_network
from parts.film_pages import page
from parts.sequence_cells import SEEDS, less, training_of
from physim.outputs import replacing
from physim.reports import Row
from worlds.pushing import NOVEL, SEEN, pushes

TEST_SEED = 90_000
SIDE, FRAMES, BATCH, UPDATES, VALID, TESTED = 32, 8, 6, 2000, 32, 256
WIDTH, ENCODER, DECODER, COLOURS = 18, (1, 2, 4), 4, 8
"""Each colour has so many levels; the width is a multiple of the three colours."""
RATE, SECONDS, VERDICTS = 1e-3, 1.2, 6
TOLD, NOT_TOLD = "told", "not told"
SHOWN, BEFORE = 4, 2
"""Videos that are drawn on, and from how many frames."""


def table(args: PaperSettings) -> str:
    """Nats a frame, of true actions, of other tables', and of none; and of things that were never seen."""
    updates = args.shortened(UPDATES)
    setting = (("updates", updates), ("rate", RATE))
    cells = [Cell(arm, seed, setting, updates * SECONDS / 60) for seed in args.few(SEEDS) for arm in (TOLD, NOT_TOLD)]
    values = grouped(args.rows("pushing", cells, partial(run, args.folder)), ("arm", "name"))
    true, novel = values[TOLD, "seen"], values[TOLD, "novel"]
    figures = {
        "actions told": true,
        "actions of other tables": values[TOLD, "shuffled"],
        "not told": values[NOT_TOLD, "seen"],
        "actions told, things never seen": novel,
        "not told, things never seen": values[NOT_TOLD, "novel"],
    }
    lines: list[list[object]] = [[name, mean(figure), less(figure, true)] for name, figure in figures.items()]
    share = mean([100 * (new / old - 1) for new, old in zip(novel, true, strict=True)])
    text = markdown(("", "nats/frame", "more than where true actions are told"), lines)
    return f"{text}\nThings never seen cost {share} % more.\n"


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen tables, with things of the kinds that were seen, and of others."""
    torch.manual_seed(cell.seed)
    told = cell.arm == TOLD
    net = video_pixel_network(3, COLOURS, WIDTH, ENCODER, DECODER, actions=2 if told else 0)
    valid, known = tables(VALID, TEST_SEED - 1, SEEN)
    progress = trained(
        net_path(folder, "pushing", cell),
        net,
        training_of(cell, VERDICTS),
        partial(_batch, told, cell.seed),
        lambda judged: float(frame_nats(judged, valid, 1, known if told else None).mean()),
        [FrameLikelihood(net.outputs[0], first=1)],
    )
    rows: list[Row] = [{"name": "seconds", "value": progress.seconds}]
    for name, things in (("seen", SEEN), ("novel", NOVEL)):
        videos, actions = tables(TESTED, TEST_SEED, things)
        rows.append({"name": name, "value": float(frame_nats(net, videos, 1, actions if told else None).mean())})
        if told and name == "seen":
            rows.append({"name": "shuffled", "value": float(frame_nats(net, videos, 1, actions.roll(1, 0)).mean())})
        if cell.seed == 0 and told:
            drawn = continued(net, videos[:SHOWN, :BEFORE], FRAMES - BEFORE, 0, actions[:SHOWN])
            with replacing(folder / f"pushing_{name}.png") as draft:
                page(videos[:SHOWN], drawn, COLOURS - 1).savefig(draft, format="png", dpi=110)
    return rows


def _batch(told: bool, seed: int, update: int) -> Batch:
    videos, actions = tables(BATCH, seed * 1_000_003 + update, SEEN)
    return {FRAME: videos, **({ACTION: actions} if told else {})}, {FRAME: videos}


def tables(count: int, seed: int, things: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Videos [count, T, side, side, 3] of COLOURS levels, and the arm's actions [count, T, 2]."""
    made = pushes(count, FRAMES, seed, SIDE, things)
    return torch.from_numpy(made.videos).long() * COLOURS // 256, torch.from_numpy(made.actions)
