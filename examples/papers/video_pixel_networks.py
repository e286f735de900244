"""Video Pixel Networks (arXiv:1610.00527) on videos of known entropy and on moving digits, at the size of this machine.

python examples/papers/video_pixel_networks.py [--quick] [--parts sprites digits bounces pushing balls]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pixels_and_graphs
import torch
from drawn_digits import Reader, grey
from torch import Tensor

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, run_parts
from learners.sequences.pixels import continued
from learners.sequences.rows import Batch
from learners.sequences.training import SequenceTraining
from learners.sequences.video_pixels import ACTION, FRAME, FrameLikelihood, surprises, video_pixel_network
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scripts import check_choices, run_script
from worlds import pushing as pushing_world
from worlds.moving_digits import least, moving_digits, smaller
from worlds.real_data import mnist
from worlds.sprites import BITS, two_colours, two_ways

RESULTS = Path(__file__).parent / "results" / "video_pixel_networks"
SEEDS = (0, 1, 2)
TEST_SEED = 90_000
SPRITES: dict[str, tuple[Callable[..., Any], int, float]] = {
    "two ways": (two_ways, 1, 16 * BITS),
    "two colours": (two_colours, 3, 32 * BITS),
}
"""Videos, their colours, and what pixels that know nothing of one another need (nats a frame)."""
SPRITE_FRAMES, SPRITE_SIDE, SPRITE_BATCH, SPRITE_UPDATES, SPRITE_TEST = 4, 16, 16, 2500, 256
SPRITE_WIDTH, SPRITE_ENCODER, SPRITE_DECODER = 12, (1, 2, 4), 5
"""The encoder sees round the whole frame: a square may leave it at one side and come back at the other."""
SIDE, SMALLER, FRAMES, SEEN = 32, 2, 8, 4
"""Digits of half the paper's size: frames are as many pixels wide, and foretold from the first SEEN on."""
DIGIT_WIDTH, DIGIT_ENCODER, DIGIT_DECODER, DIGIT_BATCH, DIGIT_UPDATES = 16, (1, 2, 4), 4, 8, 3000
HELD_OUT, DIGIT_TEST, VERDICTS, DRAWN = 5000, 200, 6, 50
"""Of the training digits, how many verdicts are by; videos of the test; verdicts in a training; and videos that are
drawn on.
"""
PUSH_SIDE, PUSH_FRAMES, PUSH_BATCH, PUSH_UPDATES, PUSH_TEST = 32, 8, 6, 3000, 128
PUSH_WIDTH, PUSH_DECODER, COLOURS = 18, 4, 8
"""Each colour has so many levels; the width is a multiple of the three colours."""
RATE, SCATTER = 1e-3, "scatter"
PROBES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.02, 0.03, 0.05, 0.1)
"""How unsure copies of the last frame may be of each pixel."""
ARMS: dict[str, dict[str, Any]] = {
    "vpn": {},
    "baseline": {"masked": False},
    "memory alone": {"masked": False, "decoder": 1, "encoder": ()},
    "vpn, two stacks": {"two_stacks": True},
    "vpn, no dilation": {"encoder": tuple(1 for _ in DIGIT_ENCODER)},
    "vpn, rectified": {
        "blocks": "rectified",
        "encoder": tuple(dilation for dilation in DIGIT_ENCODER for _ in range(2)),
        "decoder": 2 * DIGIT_DECODER,
    },
}
"""What differs from a VPN: without masks all pixels of a frame are drawn at once, and one layer is hardly a decoder;
rectified blocks see half as far as others, and are twice as many."""


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train small Video Pixel Networks and what they are measured by; finished trainings are kept.

    Nats are teacher-forced: frames are foretold from true ones. What is drawn is drawn from a network's own frames.
    """

    parts: tuple[str, ...] = ("sprites", "digits", "bounces", "pushing", "balls")
    """What to do: squares whose ways or colours are drawn by a coin; digits that bounce, which want `physim fetch
    mnist`; such as leave walls in any direction; tables where an arm, told what to do, pushes things about; and balls
    that a network draws, not from true frames but from its own, beside those that the shipped engine moves."""
    arms: tuple[str, ...] = tuple(ARMS)
    """Which networks are trained on digits."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    check_choices("arms", args.arms, ARMS)
    run_parts(args, args.parts, PARTS)


# ---- sprites


def sprites(args: Args) -> str:
    """Nats a frame of squares, by a VPN and by the baseline, beside what the best of either could have."""
    updates = args.shortened(SPRITE_UPDATES)
    cells = [
        Cell(arm, seed, (("video", video), ("updates", updates)), updates * 0.17 / 60)
        for video in SPRITES
        for arm in ("vpn", "baseline")
        for seed in args.few(SEEDS)
    ]
    values = grouped(args.rows("sprites", cells, run_sprite), ("video", "arm", "name"))
    lines = []
    for video, (_, _, apart) in SPRITES.items():
        for arm, bound in (("vpn", BITS), ("baseline", apart)):
            figures = values[video, arm, "nats"]
            lines.append([video, arm, mean(figures), bound, mean(values[video, arm, "errors"])])
    head = ("video", "", "nats/frame", "least possible", "above the entropy, in standard errors")
    return markdown(head, lines)


def run_sprite(cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen videos by one network."""
    told = dict(cell.setting)
    make, colours, _ = SPRITES[str(told["video"])]
    torch.manual_seed(cell.seed)
    net = video_pixel_network(colours, 2, SPRITE_WIDTH, SPRITE_ENCODER, SPRITE_DECODER, masked=cell.arm == "vpn")
    batches = partial(_sprites, make, cell.seed)
    loss = FrameLikelihood(net.outputs[0], first=1)
    SequenceTraining(int(str(told["updates"])), RATE).run(net, batches, losses=[loss], progress=False)
    videos = torch.from_numpy(make(SPRITE_TEST, SPRITE_FRAMES, TEST_SEED, SPRITE_SIDE))
    nats = nats_of(net, videos, first=1).mean(1)
    error = float(nats.std() / len(nats) ** 0.5)
    above = float(nats.mean()) - BITS
    return [{"name": "nats", "value": float(nats.mean())}, {"name": "errors", "value": above / max(error, 1e-9)}]


def _sprites(make: Callable[..., Any], seed: int, update: int) -> Batch:
    videos = torch.from_numpy(make(SPRITE_BATCH, SPRITE_FRAMES, seed * 1_000_003 + update, SPRITE_SIDE))
    return {FRAME: videos}, {FRAME: videos}


# ---- digits


def digits(args: Args) -> str:
    """Nats a frame of digits that bounce, by networks, by copies of the last frame, and the least possible."""
    updates = args.shortened(DIGIT_UPDATES)
    cells = [
        Cell(arm, seed, (("updates", updates),), updates * 0.8 / 60) for seed in args.few(SEEDS) for arm in args.arms
    ]
    rows = args.rows("digits", cells, run_digits)
    values = grouped(rows, ("arm", "name"))
    test = videos_of("test", DIGIT_TEST, TEST_SEED)
    bound = least((255 * test[:, SEEN:, ..., 0]).round().byte().numpy())
    true = _kept(test[:DRAWN, :SEEN], test[:DRAWN, SEEN:])
    lines: list[list[object]] = [["the truth", bound, "", *true, ""]]
    for arm in args.arms:
        nats = values[arm, "nats"]
        gap = mean([value - bound for value in nats])
        lines.append([arm, mean(nats), gap, *(mean(values[arm, name]) for name in ("two", "same", "parameters"))])
    lines.append(["last frame again", copied(test), copied(test) - bound, "", "", ""])
    told = (f"{SIDE} x {SIDE}, foretold from {SEEN} frames", "nats/frame", "above the least")
    return markdown((*told, "drawn on by itself: two digits", "the same two", "parameters"), lines)


def bounces(args: Args) -> str:
    """Nats a frame of digits that leave walls in any direction, by a VPN and by the baseline."""
    updates = args.shortened(DIGIT_UPDATES)
    arms = ("vpn", "baseline")
    setting = (("updates", updates), ("walls", SCATTER))
    cells = [Cell(arm, seed, setting, updates * 0.8 / 60) for seed in args.few(SEEDS) for arm in arms]
    values = grouped(args.rows("bounces", cells, run_digits), ("arm", "name"))
    last = copied(videos_of("test", DIGIT_TEST, TEST_SEED, scattered=True))
    lines: list[list[object]] = [[arm, mean(values[arm, "nats"])] for arm in arms]
    return markdown(
        (f"{SIDE} x {SIDE}, foretold from {SEEN} frames", "nats/frame"), [*lines, ["last frame again", last]]
    )


def run_digits(cell: Cell) -> Sequence[Row]:
    """Nats a frame of test digits by one network, and its curve of held-out ones."""
    torch.manual_seed(cell.seed)
    net = digit_net(cell.arm)
    updates = int(str(dict(cell.setting)["updates"]))
    scattered = dict(cell.setting).get("walls") == SCATTER
    valid = videos_of("held out", 40, 1, scattered)
    settings = SequenceTraining(updates, RATE, every=max(1, updates // VERDICTS))
    progress = settings.run(
        net,
        partial(_digits, cell.seed, scattered),
        lambda judged: float(nats_of(judged, valid, SEEN).mean()),
        [FrameLikelihood(net.outputs[0], first=SEEN)],
        progress=False,
    )
    told = {
        "nats": float(nats_of(net, videos_of("test", DIGIT_TEST, TEST_SEED, scattered), SEEN).mean()),
        "seconds": progress.seconds,
        "parameters": sum(value.numel() for value in net.parameters()),
        "videos": updates * DIGIT_BATCH,
    }
    seen = videos_of("test", DRAWN, TEST_SEED, scattered)[:, :SEEN]
    told["two"], told["same"] = _kept(seen, continued(net.eval(), seen, FRAMES - SEEN, cell.seed))
    rows: list[Row] = [{"name": name, "value": value} for name, value in told.items()]
    return rows + [{"name": "held out", "value": row["judged"], "after": row["updates"]} for row in progress.curve]


def digit_net(arm: str) -> ModuleGraph:
    """The network of an arm."""
    settings = {"width": DIGIT_WIDTH, "encoder": DIGIT_ENCODER, "decoder": DIGIT_DECODER}
    return video_pixel_network(1, 1, **{**settings, **ARMS[arm]})


def _digits(seed: int, scattered: bool, update: int) -> Batch:
    videos = videos_of("train", DIGIT_BATCH, seed * 1_000_003 + update, scattered)
    return {FRAME: videos}, {FRAME: videos}


def videos_of(part: str, count: int, seed: int, scattered: bool = False) -> Tensor:
    """Videos [count, FRAMES, SIDE, SIDE, 1] in 0 to 1 of the digits of a part."""
    made = moving_digits(images(part), count, seed, FRAMES, SIDE, scattered=scattered)
    return torch.from_numpy(made).float()[..., None] / 255


def _kept(seen: Tensor, after: Tensor) -> tuple[float, float]:
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


def copied(videos: Tensor) -> float:
    """Nats a frame of saying the last frame again, each pixel as unsure as does best."""
    before, now = videos[:, SEEN - 1 : -1], videos[:, SEEN:]
    told = [float(surprises(before.clamp(share, 1 - share).logit()[..., None], now).mean()) for share in PROBES]
    return min(told)


@torch.no_grad()
def nats_of(net: ModuleGraph, videos: Tensor, first: int, actions: Tensor | None = None) -> Tensor:
    """Nats of each frame [N, T] from one on, by a network that sees all true frames before it, and perhaps actions."""
    parts = []
    for rows in torch.arange(len(videos)).split(16):
        told = {FRAME: videos[rows], **({} if actions is None else {ACTION: actions[rows]})}
        parts.append(surprises(net(told)[:, first:], videos[rows, first:]))
    return torch.cat(parts)


# ---- pushing


def pushing(args: Args) -> str:
    """Nats a frame of tables where an arm pushes things, by networks that are told its actions, falsely, or not."""
    updates = args.shortened(PUSH_UPDATES)
    cells = [
        Cell(arm, seed, (("updates", updates),), updates * 1.2 / 60)
        for seed in args.few(SEEDS)
        for arm in ("told", "not told")
    ]
    values = grouped(args.rows("pushing", cells, run_pushing), ("arm", "name"))
    figures = {
        "actions told": values["told", "seen"],
        "actions of other tables": values["told", "shuffled"],
        "not told": values["not told", "seen"],
        "actions told, things never seen": values["told", "novel"],
        "not told, things never seen": values["not told", "novel"],
    }
    return markdown(("", "nats/frame"), [[name, mean(figure)] for name, figure in figures.items()])


def run_pushing(cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen tables, with things of the kinds that were seen, and of others."""
    torch.manual_seed(cell.seed)
    told = cell.arm == "told"
    net = video_pixel_network(3, COLOURS, PUSH_WIDTH, (1, 2, 4), PUSH_DECODER, actions=2 if told else 0)
    updates = int(str(dict(cell.setting)["updates"]))
    loss = FrameLikelihood(net.outputs[0], first=1)
    SequenceTraining(updates, RATE).run(net, partial(_pushes, told, cell.seed), losses=[loss], progress=False)
    rows: list[Row] = []
    for name, things in (("seen", pushing_world.SEEN), ("novel", pushing_world.NOVEL)):
        videos, actions = tables(PUSH_TEST, TEST_SEED, things)
        rows.append({"name": name, "value": float(nats_of(net, videos, 1, actions if told else None).mean())})
        if told and name == "seen":
            false = actions.roll(1, 0)
            rows.append({"name": "shuffled", "value": float(nats_of(net, videos, 1, false).mean())})
    return rows


def _pushes(told: bool, seed: int, update: int) -> Batch:
    videos, actions = tables(PUSH_BATCH, seed * 1_000_003 + update, pushing_world.SEEN)
    return {FRAME: videos, **({ACTION: actions} if told else {})}, {FRAME: videos}


def tables(count: int, seed: int, things: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Videos [count, T, side, side, 3] of COLOURS levels, and the arm's actions [count, T, 2]."""
    made = pushing_world.pushes(count, PUSH_FRAMES, seed, PUSH_SIDE, things)
    return torch.from_numpy(made.videos).long() * COLOURS // 256, torch.from_numpy(made.actions)


PARTS: Mapping[str, Callable[[Args], str]] = {
    "sprites": sprites,
    "digits": digits,
    "bounces": bounces,
    "pushing": pushing,
    "balls": pixels_and_graphs.table,
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
