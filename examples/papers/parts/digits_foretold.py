"""Digits that move, foretold by Video Pixel Networks and by what they are measured by: parts of
video_pixel_networks.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, draw_into, net_path
from learners.sequences.pixels import continued
from learners.sequences.video_pixels import frame_nats, surprises, video_pixel_network
from parts.drawn_digits import WHITE, Reader, grey
from parts.films import Films, page, trained_on
from parts.sequence_cells import (
    COSTS,
    Figures,
    Longer,
    cells,
    curves,
    figures_of,
    less,
    mean_or_diverged,
    means,
    outcome,
    rows_of,
    tuned,
)
from physim.checks import TEST_SEEDS_FROM
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.moving_digits import moving_digits, smaller, unknown_pixels, unknown_places
from worlds.real_data import mnist

SIDE, FRAMES, SEEN, DIGITS = 20, 8, 4, 2
"""Frames are as many pixels wide, and foretold from the first SEEN on."""
MARGIN, SMALLER, BRIGHT = 2, 3, 100
"""Of the paper's digits so many pixels are left out at each edge, where hardly any is; they are a third as large, and
what is brighter than this is 1, all else 0.
"""
WIDTH, ENCODER, DECODER, BATCH, UPDATES = 16, (1, 2, 4), 4, 8, 6000
RATES, TUNING_SHARE = (3e-3, 1e-2, 2e-2), 4
"""Rates that are tried, for a part of the updates, on held-out digits."""
HELD_OUT, VALID, TESTED, VERDICTS = 5000, 64, 500, 8
"""Of the training digits, how many verdicts are by; videos of a verdict, and of the test; verdicts in a training."""
DRAWN, SHOWN, WAYS = 250, 4, 2000
"""Videos that are drawn on, and how many of them are shown; ways by which the least is told."""
NOTE = """Teacher-forced; {test} test videos of the seed {seed}. Pixels are 0 or 1.
Digits stand at whole pixels: where one goes next is a little unknown even to who knows all places where it was. That is
the least, by simulation: of all ways through these places, how many go on to the next one; or, for who draws each pixel
by itself, as the vpn does not, how many of them light it.
"""
VPN, BASELINE, ALONE = "vpn", "baseline", "convolutional LSTM"
NETS: dict[str, dict[str, Any]] = {
    VPN: {},
    BASELINE: {"masked": False, "width": 15},
    ALONE: {"masked": False, "decoder": 1, "encoder": (), "width": 22},
    "vpn, no dilation": {"encoder": (1, 1, 1)},
    "vpn, rectified": {"blocks": "rectified", "encoder": (1, 1, 2, 2, 4, 4), "decoder": 8, "width": 20},
    "vpn, two stacks": {"two_stacks": True, "width": 14},
}
"""What differs from a VPN: without masks all pixels of a frame are drawn at once, and one layer is hardly a decoder;
rectified blocks see half as far as others, and are twice as many. Widths make up for weights that masks leave.
"""
ARMS = {VPN: 0.35, BASELINE: 0.4, ALONE: 0.25}
"""Networks that are compared, and how many seconds an update takes on one core that has products of bfloat16."""
HALVES: Longer = {f"{arm}, half as long": (arm, 0.5) for arm in ARMS}
"""Whole trainings of half the updates, by one seed: whether more updates would help."""
ABLATED = {"vpn, no dilation": 0.35, "vpn, rectified": 0.4, "vpn, two stacks": 0.6}
"""VPNs of which a part is another, trained as long as rates are tried, at the VPN's rate."""
LAST, APART = "last frame again", "the least by pixels that know nothing of one another"
SURE = 1e-4
"""How unsure copies of the last frame are of each pixel at least."""


def digits(args: PaperSettings, arms: Sequence[str] = tuple(ARMS)) -> str:
    """Nats a frame of digits that bounce, by networks, by copies of the last frame, and the least possible."""
    work, tuning, chosen = partial(run, args.folder), UPDATES // TUNING_SHARE, {arm: ARMS[arm] for arm in arms}
    rates = tuned(args, "digits", chosen, tuning, RATES, work).rates
    halves = {name: of for name, of in HALVES.items() if of[0] in arms}
    asked = cells(args, chosen, UPDATES, rates)
    asked += [cell for cell in cells(args, chosen, UPDATES, rates, halves, seeds=(0,)) if cell.arm in halves]
    rows, test = rows_of(args, "digits", asked, work), videos_of("test", TESTED, TEST_SEEDS_FROM)
    args.draw("digits", curves([row for row in rows if row["arm"] in arms], "nats/frame"))
    values = figures_of(rows, ("arm", "name"))
    tables = [compared(values, arms, test), longer(rows, arms), by_frame(values, arms), drawn_on(values, arms, test)]
    return "\n".join([*tables, *([ablated(args, rates[VPN])] if VPN in arms else [])])


def compared(values: Figures, arms: Sequence[str], test: Tensor) -> str:
    """Nats a frame, and the least possible."""
    bound = DIGITS * float(unknown_places(SIDE - images("test").shape[1], FRAMES, SEEN, tried=WAYS).mean())
    last = copied(test, videos_of("held out", VALID, TEST_SEEDS_FROM - 1))
    apart = float(unknown_pixels(images("test"), FRAMES, SEEN, SIDE, DIGITS, WAYS // 4).mean())
    lines: list[list[object]] = [["the least possible", bound, 0.0], [APART, apart, apart - bound]]
    above = {arm: [each - bound for each in values.get((arm, "nats"), ())] for arm in arms}
    for arm, below in pairwise((*arms, LAST)):
        found = above[arm]
        next_one = [last - bound] * len(found) if below == LAST else above[below]
        costs = means(values, ("videos", *COSTS), arm)
        fewer = less(found, next_one) if found and next_one else None
        lines.append([arm, mean_or_diverged(values.get((arm, "nats"))), mean_or_diverged(found or None), fewer, *costs])
    lines.append([LAST, last, last - bound])
    columns = ("nats/frame", "above the least", "less the next", "videos seen", *COSTS.values())
    head = (f"{SIDE} x {SIDE}, foretold from {SEEN} frames", *columns)
    table = markdown(head, [[*line, *[None] * (len(head) - len(line))] for line in lines])
    return f"{table}\n{NOTE.format(test=TESTED, seed=TEST_SEEDS_FROM)}{gaps(above)}"


def gaps(above: Mapping[str, Sequence[float]]) -> str:
    """Which part of the baseline's gap to the least the VPN's is, seed by seed."""
    if not (above.get(VPN) and above.get(BASELINE)):
        return ""
    parts = [one / other for one, other in zip(above[VPN], above[BASELINE], strict=True)]
    return f"The vpn is above the least by {mean(parts)} of what the baseline is.\n"


def longer(rows: Sequence[Row], arms: Sequence[str]) -> str:
    """Whether more updates would help: nats after whole trainings of half of them and of all, by one seed, and how far
    those of seeds spread.
    """
    found = grouped([row for row in rows if row["name"] == "nats"], ("arm",))
    lines: list[list[object]] = []
    for arm in arms:
        half, whole = found.get((f"{arm}, half as long",)), found.get((arm,))
        if half and whole:
            lines.append([arm, half[0], whole[0], half[0] - whole[0], max(whole) - min(whole)])
    return markdown(("by one seed", "half the updates", "all", "gained", "spread of seeds"), lines)


def ablated(args: PaperSettings, rate: float) -> str:
    """Nats a frame of test digits by VPNs of which a part is another, after a part of the updates."""
    every = {VPN: ARMS[VPN], **ABLATED}
    asked = cells(args, every, UPDATES // TUNING_SHARE, dict.fromkeys(every, rate))
    work = partial(run, args.folder, drawing=False)  # the whole trainings' films stay
    values = figures_of(rows_of(args, "digits_ablated", asked, work), ("arm", "name"))
    whole = values.get((VPN, "nats"))
    lines = []
    for arm in every:
        nats = values.get((arm, "nats"))
        costs = means(values, ("videos", *COSTS), arm)
        lines.append([arm, mean_or_diverged(nats), None if arm == VPN else less(nats, whole), *costs])
    head = (f"at a rate of {rate:g}", "nats/frame", f"less {VPN}'s", "videos seen", *COSTS.values())
    return markdown(head, lines)


def check() -> None:
    """Refuse to begin without digits."""
    mnist(train=False)


def by_frame(values: Figures, arms: Sequence[str]) -> str:
    """Nats of each frame that is foretold."""
    frames = range(FRAMES - SEEN)
    lines = [[arm, *(mean_or_diverged(values.get((arm, f"frame {frame}"))) for frame in frames)] for arm in arms]
    return markdown(("nats of a frame", *(f"frame {frame + 1} of those foretold" for frame in frames)), lines)


def drawn_on(values: Figures, arms: Sequence[str], test: Tensor) -> str:
    """Whether what networks draw, from frames of their own, are still the digits that they saw."""
    names = [f"{what} {frame}" for what in ("two", "same") for frame in range(FRAMES - SEEN)]
    lines: list[list[object]] = [["the truth", *kept(test[:DRAWN, :SEEN], test[:DRAWN, SEEN:]).values()]]
    lines += [[arm, *(mean_or_diverged(values.get((arm, name))) for name in names)] for arm in arms]
    told = [
        f"{what}, frame {frame}" for what in ("two digits", "the same two") for frame in range(1, 1 + FRAMES - SEEN)
    ]
    return f"{markdown(('shares of frames, drawn on by itself', *told), lines)}\nDigits that meet cannot be told.\n"


def run(folder: Path, cell: Cell, drawing: bool = True) -> Sequence[Row]:
    """What comes of one network; its verdicts are by held-out digits. Films are for `drawing`."""
    torch.manual_seed(cell.seed)
    net, valid = network(cell.arm), videos_of("held out", VALID, TEST_SEEDS_FROM - 1)
    path = net_path(folder, "digits", cell)
    progress = trained_on(_films, path, cell, net, VERDICTS, (valid, None), SEEN)
    judge = partial(figures, net, cell.seed, progress.updates)
    shown = drawing and cell.arm in ARMS
    return outcome(cell, net, progress, judge, partial(show, folder, cell, net) if shown else None)


def show(folder: Path, cell: Cell, net: ModuleGraph) -> None:
    """Draw on the films of some test digits."""
    test = videos_of("test", SHOWN, TEST_SEEDS_FROM)
    drawn = continued(net, test[:, :SEEN], FRAMES - SEEN)
    draw_into(folder, f"digits_{cell.arm}".replace(" ", "_").lower(), page(test, drawn))


def figures(net: ModuleGraph, seed: int, updates: int) -> dict[str, float]:
    """Nats a frame of test digits, of all frames and of each, and whether what is drawn are the digits that were."""
    test = videos_of("test", TESTED, TEST_SEEDS_FROM)
    nats = frame_nats(net, test, SEEN).mean(0)
    seen = test[:DRAWN, :SEEN]
    told = {"nats": float(nats.mean()), "videos": updates * BATCH}
    told |= {f"frame {frame}": value for frame, value in enumerate(nats.tolist())}
    return told | kept(seen, continued(net, seen, FRAMES - SEEN, seed))


def network(arm: str) -> ModuleGraph:
    """The network of an arm, whether it is trained longer or not."""
    like, _ = HALVES.get(arm, (arm, 1.0))
    return video_pixel_network(1, 1, **{"width": WIDTH, "encoder": ENCODER, "decoder": DECODER, **NETS[like]})


def _films(seed: int) -> Films:
    """Videos to train with."""
    return videos_of("train", BATCH, seed), None


def videos_of(part: str, count: int, seed: int) -> Tensor:
    """Videos [count, FRAMES, SIDE, SIDE, 1] of 0 and 1, of the digits of a part."""
    made = moving_digits(images(part), count, seed, FRAMES, SIDE, DIGITS)
    return torch.from_numpy(made).float()[..., None] / 255


def kept(seen: Tensor, after: Tensor) -> dict[str, float]:
    """Of each frame after others, drawn or true: the share "two ..." with two digits, "same ..." with the same two."""
    two, same = reader().kept(grey(seen), grey(after))
    told = {f"two {frame}": value for frame, value in enumerate(two.tolist())}
    return told | {f"same {frame}": value for frame, value in enumerate(same.tolist())}


@lru_cache(maxsize=1)
def reader() -> Reader:
    """What tells digits in frames."""
    _, kinds = mnist(train=True)
    return Reader(images("train"), kinds[:-HELD_OUT])


@lru_cache(maxsize=3)
def images(part: str) -> Any:
    """The digits of a part, small, black and white: the last of those to train with are held out."""
    found, _ = mnist(train=part != "test")
    chosen = {"train": found[:-HELD_OUT], "held out": found[-HELD_OUT:], "test": found}[part]
    inner = slice(MARGIN, chosen.shape[1] - MARGIN)
    return np.where(smaller(chosen[:, inner, inner], SMALLER) > BRIGHT, WHITE, 0).astype(np.uint8)


def copied(videos: Tensor, valid: Tensor) -> float:
    """Nats a frame of saying the last frame again, each pixel as unsure as pixels flip in other videos."""
    share = max(float((valid[:, SEEN:] - valid[:, SEEN - 1 : -1]).abs().mean()), SURE)
    sure = videos[:, SEEN - 1 : -1].clamp(share, 1 - share).logit()
    return float(surprises(sure[..., None], videos[:, SEEN:]).mean())
