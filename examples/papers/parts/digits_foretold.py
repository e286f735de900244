"""Digits that move, foretold by Video Pixel Networks and by what they are measured by: parts of
video_pixel_networks.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.kept import trained
from learners.sequences.pixels import continued
from learners.sequences.rows import Batch
from learners.sequences.video_pixels import FRAME, FrameLikelihood, frame_nats, surprises, video_pixel_network
from parts.drawn_digits import Reader, grey
from parts.film_pages import page
from parts.sequence_cells import COSTS, SEEDS, best_rates, cells, curves, kept_nets, less, outcome, training_of
from physim.graph import ModuleGraph
from physim.reports import Row
from worlds.moving_digits import least, moving_digits, smaller
from worlds.real_data import mnist

TEST_SEED = 90_000
SIDE, SMALLER, FRAMES, SEEN = 32, 2, 8, 4
"""Digits of half the paper's size: frames are as many pixels wide, and foretold from the first SEEN on."""
WIDTH, ENCODER, DECODER, BATCH, UPDATES = 16, (1, 2, 4), 4, 8, 4000
SECONDS = 0.8
"""An update takes on one core, about."""
RATES, TUNING_SHARE = (1e-3, 3e-3), 5
"""Rates that are tried, for a part of the updates, on held-out digits."""
HELD_OUT, VALID, TESTED, VERDICTS = 5000, 64, 500, 16
"""Of the training digits, how many verdicts are by; videos of a verdict, and of the test; verdicts in a training."""
DRAWN, TRIES, SHOWN = 50, 4, 3
"""Videos that are drawn on, how often, and how many of them are shown."""
BOUNCE, SCATTER = "bounce", "scatter"
"""How digits leave walls: as light does, or in any direction."""
PROBES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.02, 0.03, 0.05, 0.1)
"""How unsure copies of the last frame may be of each pixel."""
VPN, BASELINE = "vpn", "baseline"
ARMS: dict[str, dict[str, Any]] = {
    VPN: {},
    BASELINE: {"masked": False, "width": 15},
    "memory alone": {"masked": False, "decoder": 1, "encoder": (), "width": 22},
    "vpn, no dilation": {"encoder": (1, 1, 1)},
    "vpn, rectified": {"blocks": "rectified", "encoder": (1, 1, 2, 2, 4, 4), "decoder": 8, "width": 20},
}
"""What differs from a VPN: without masks all pixels of a frame are drawn at once, and one layer is hardly a decoder;
rectified blocks see half as far as others, and are twice as many. Widths make up for weights that masks leave.
"""
ABLATED = ("vpn, no dilation", "vpn, rectified")
"""VPNs of which a part is left out: they are trained by one seed, as is all where walls scatter."""
TUNED = (VPN, BASELINE, "memory alone", "vpn, rectified")
"""Who has a rate of its own; other VPNs take the VPN's."""


def digits(args: PaperSettings, arms: Sequence[str] = tuple(ARMS)) -> str:
    """Nats a frame of digits that bounce, by networks, by copies of the last frame, and the least possible."""
    rows, test = foretold(args, arms, BOUNCE), videos_of("test", TESTED, TEST_SEED)
    args.draw("digits_bounce", curves(rows, "nats/frame"))
    values = grouped(rows, ("arm", "name"))
    bound = least((255 * test[:, SEEN:, ..., 0]).round().byte().numpy())
    last = copied(test, videos_of("held out", VALID, 1))
    lines: list[list[object]] = [["the least possible", bound]]
    for arm in arms:
        nats = values[arm, "nats"]
        told = [mean(nats), mean([value - bound for value in nats])]
        lines.append([arm, *told, *(mean(values[arm, name]) for name in ("videos", *COSTS))])
    lines.append(["last frame again", last, last - bound])
    columns = ("nats/frame", "above the least", "videos seen", *COSTS.values())
    head = (f"{SIDE} x {SIDE}, foretold from {SEEN} frames", *columns)
    lines = [[*line, *[None] * (len(head) - len(line))] for line in lines]
    table = markdown(head, lines)
    return f"{table}\n{by_frame(values, arms)}\n{drawn_on(values, arms, test)}"


def bounces(args: PaperSettings) -> str:
    """Nats a frame of digits that leave walls in any direction, by a VPN and by the baseline."""
    arms, test = (VPN, BASELINE), videos_of("test", TESTED, TEST_SEED, SCATTER)
    rows = foretold(args, arms, SCATTER)
    args.draw("digits_scatter", curves(rows, "nats/frame"))
    values, sure = (grouped(each, ("arm", "name")) for each in (rows, foretold(args, arms, BOUNCE)))
    lines: list[list[object]] = [
        [arm, mean(values[arm, "nats"]), mean(sure[arm, "nats"]), *(mean(values[arm, name]) for name in COSTS)]
        for arm in arms
    ]
    none = [None] * len(COSTS)
    both = [less(each[BASELINE, "nats"], each[VPN, "nats"]) for each in (values, sure)]
    lines.append(["baseline less vpn", *both, *none])
    lines.append(["last frame again", copied(test, videos_of("held out", VALID, 1, SCATTER)), None, *none])
    head = ("nats/frame", "walls leave in any direction", "walls reflect", *COSTS.values())
    return f"{markdown(head, lines)}\n{by_frame(values, arms)}\n{drawn_on(values, arms, test)}"


def check() -> None:
    """Refuse to begin without digits."""
    mnist(train=False)


def by_frame(values: dict[Any, list[float]], arms: Sequence[str]) -> str:
    """Nats of each frame that is foretold."""
    frames = range(FRAMES - SEEN)
    lines = [[arm, *(mean(values[arm, f"frame {frame}"]) for frame in frames)] for arm in arms]
    return markdown(("nats of a frame", *(f"the {frame + 1}. foretold" for frame in frames)), lines)


def drawn_on(values: dict[Any, list[float]], arms: Sequence[str], test: Tensor) -> str:
    """Whether what networks draw, from frames of their own, are still the digits that they saw.

    Networks draw pixels as 0 or 1: the truth beside them is so drawn too, each pixel by its grey, and as it is.
    """
    seen, true = test[:DRAWN, :SEEN], test[:DRAWN, SEEN:]
    chance = torch.rand(true.shape, generator=torch.Generator().manual_seed(0))
    lines: list[list[object]] = [["the truth", *kept(seen, true)]]
    lines.append(["the truth, drawn as 0 or 1", *kept(seen, (chance < true).float())])
    lines += [[arm, mean(values[arm, "two"]), mean(values[arm, "same"])] for arm in arms]
    return markdown(("drawn on by itself", "frames with two digits", "with the same two"), lines)


def foretold(args: PaperSettings, arms: Sequence[str], walls: str) -> list[Row]:
    """The figures of networks, and their curves; rates are chosen on digits that bounce. Films are drawn by those that
    are kept.
    """
    work, setting = partial(run, args.folder), (("walls", BOUNCE),)
    rates = best_rates(args, "digits", dict.fromkeys(TUNED, SECONDS), UPDATES // TUNING_SHARE, RATES, work, setting)
    chosen = {arm: rates.get(arm, rates[VPN]) for arm in arms}
    once = ABLATED if walls == BOUNCE else tuple(ARMS)
    told = (("walls", walls),)
    asked = [
        *cells(args, {arm: SECONDS for arm in arms if arm not in once}, UPDATES, chosen, setting=told),
        *cells(args, {arm: SECONDS for arm in arms if arm in once}, UPDATES, chosen, setting=told, seeds=SEEDS[:1]),
    ]
    rows = args.rows("digits", asked, work)
    test = videos_of("test", SHOWN, TEST_SEED, walls)
    for cell, net in kept_nets(args.folder, "digits", asked):
        drawn = continued(net, test[:, :SEEN], FRAMES - SEEN)
        args.draw(f"digits_{walls}_{cell.arm.replace(', ', '_').replace(' ', '_')}", page(test, drawn))
    return rows


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """What comes of one network; its verdicts are by held-out digits."""
    torch.manual_seed(cell.seed)
    net, walls = network(cell.arm), cell["walls"]
    valid = videos_of("held out", VALID, 1, walls)
    progress = trained(
        net_path(folder, "digits", cell),
        net,
        training_of(cell, VERDICTS),
        partial(_batch, cell.seed, walls),
        lambda judged: float(frame_nats(judged, valid, SEEN).mean()),
        [FrameLikelihood(net.outputs[0], first=1)],
    )
    return outcome(cell, net, progress, partial(figures, net, cell.seed, walls, progress.updates))


def figures(net: ModuleGraph, seed: int, walls: str, updates: int) -> dict[str, float]:
    """Nats a frame of test digits, of all frames and of each, and whether what is drawn are the digits that were."""
    test = videos_of("test", TESTED, TEST_SEED, walls)
    nats = frame_nats(net, test, SEEN).mean(0)
    seen = test[:DRAWN, :SEEN].repeat(TRIES, 1, 1, 1, 1)
    two, same = kept(seen, continued(net, seen, FRAMES - SEEN, seed))
    told = {"nats": float(nats.mean()), "videos": updates * BATCH, "two": two, "same": same}
    return told | {f"frame {frame}": value for frame, value in enumerate(nats.tolist())}


def network(arm: str) -> ModuleGraph:
    """The network of an arm."""
    return video_pixel_network(1, 1, **{"width": WIDTH, "encoder": ENCODER, "decoder": DECODER, **ARMS[arm]})


def _batch(seed: int, walls: str, update: int) -> Batch:
    videos = videos_of("train", BATCH, seed * 1_000_003 + update, walls)
    return {FRAME: videos}, {FRAME: videos}


def videos_of(part: str, count: int, seed: int, walls: str = BOUNCE) -> Tensor:
    """Videos [count, FRAMES, SIDE, SIDE, 1] in 0 to 1 of the digits of a part."""
    made = moving_digits(images(part), count, seed, FRAMES, SIDE, scattered=walls == SCATTER)
    return torch.from_numpy(made).float()[..., None] / 255


def kept(seen: Tensor, after: Tensor) -> tuple[float, float]:
    """Of frames after others: the shares of those with two digits, and with the same two; drawn ones or true ones."""
    return reader().kept(grey(seen), grey(after))


@lru_cache(maxsize=1)
def reader() -> Reader:
    """What tells digits in frames."""
    _, kinds = mnist(train=True)
    return Reader(images("train"), kinds[:-HELD_OUT])


@lru_cache(maxsize=3)
def images(part: str) -> Any:
    """The digits of a part, smaller than they were: the last of those to train with are held out."""
    found, _ = mnist(train=part != "test")
    chosen = {"train": found[:-HELD_OUT], "held out": found[-HELD_OUT:], "test": found}[part]
    return smaller(chosen, SMALLER)


def copied(videos: Tensor, valid: Tensor) -> float:
    """Nats a frame of saying the last frame again, each pixel as unsure as does best on other videos."""

    def told(several: Tensor, share: float) -> float:
        before, now = several[:, SEEN - 1 : -1], several[:, SEEN:]
        return float(surprises(before.clamp(share, 1 - share).logit()[..., None], now).mean())

    return told(videos, min(PROBES, key=lambda share: told(valid, share)))
