"""Pixels against graphs: balls that a VPN draws, beside those that a learned engine moves: a part of
video_pixel_networks.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learners.checkpoints import Progress
from learners.experiment import TUNING_SEED, Cell, grouped, markdown, mean_if_known
from learners.papers import PaperSettings, net_path
from learners.sequences.pixels import continued
from learners.sequences.video_pixels import frame_nats, video_pixel_network
from parts.films import Films, trained_on
from parts.sequence_cells import (
    COSTS,
    cells,
    figures_of,
    mean_or_diverged,
    outcome,
    rows_of,
    tuned,
)
from physim import LearnedEngine, pixels, rollout
from physim.checks import TEST_SEEDS_FROM
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scenes import Scene, Trajectory
from worlds.balls import Balls

WORLD = Balls(balls=3)
EVERY, FRAMES, SEEN, SIDE = 50, 12, 4, 32
"""Steps of the world from frame to frame (50 ms), how many frames there are, and how many are seen."""
WINDOW = (-1.6, -1.6, 1.6, 1.6)
WALL, BALL = 1, 2
GREYS = (48, 140)
"""From which grey on a pixel is of a wall's class, and of a ball's."""
TRAINED, TESTED, SAMPLES = 1500, 48, 4
WIDTH, ENCODER, DECODER, BATCH, UPDATES, VALID = 16, (1, 2, 4), 4, 8, 1200, 32
RATES, TUNING_SHARE = (3e-3, 1e-2, 2e-2), 4
"""Rates that are tried, for a part of the updates, on other scenes."""
SECONDS = 1.3
"""An update takes on one core that has products of bfloat16, about."""
VPN, ENGINE = "vpn", "interaction network"
LAST = "last frame again"
SHOWN, TOUCH = 2, 0.01
"""Scenes of the picture, in which balls meet; how near they come then (m)."""


def table(args: PaperSettings) -> str:
    """How much of the balls overlaps with the truth's, frame by frame, and what a frame costs; with a picture."""
    work, arms = partial(run, args.folder), (VPN, ENGINE, LAST)
    rates = tuned(args, "balls", {VPN: SECONDS}, UPDATES // TUNING_SHARE, RATES, work).rates
    asked = cells(args, {VPN: SECONDS}, UPDATES, rates, seeds=(0,))
    asked += [Cell(arm, 0, (("updates", 0), ("rate", 0.0)), 0.5) for arm in (ENGINE, LAST)]
    rows = rows_of(args, "balls", asked, work)
    known = figures_of(rows, ("arm", "name"))
    rows = [row for row in rows if (row["arm"], "overlap") in known]  # none of an arm that diverged
    values, best, met = (
        grouped([row for row in rows if row["name"] == name], ("arm", "frame"))
        for name in ("overlap", "best overlap", "overlap of who meet")
    )
    lines = []
    for frame in range(1, 1 + _foretold()):
        told = [values.get((arm, frame)) for arm in arms] + [best.get((VPN, frame))]
        meet = [mean_if_known(met.get((arm, frame))) for arm in (VPN, ENGINE)]
        lines.append([f"{EVERY * frame} ms", *map(mean_or_diverged, told), *meet])
    for name, label in {"milliseconds": "ms a frame", **COSTS}.items():
        lines.append([label, *(mean_if_known(known.get((arm, name))) for arm in arms), None, None, None])
    args.draw("balls", figure(rows))
    where = (f"{name}, where balls meet" for name in (VPN, ENGINE))
    table = markdown((f"{SIDE} x {SIDE}, after", *arms, f"the best of the vpn's {SAMPLES}", *where), lines)
    note = f"The engine begins with the true state, {TESTED} scenes at once; the vpn with {SEEN} frames, one by one."
    nats = mean_or_diverged(known.get((VPN, "nats")))
    return f"{table}\n{note} Its nats a frame, teacher-forced: {nats}\n"


def run(folder: Path, cell: Cell) -> Sequence[Row]:
    """Overlaps with the truth, of unseen scenes, and what a frame costs."""
    rows = list[Row]()
    if cell.arm == VPN:
        net, progress = network(folder, cell)
        rows += outcome(cell, net, progress, partial(figures, net))
        if cell.seed == TUNING_SEED:
            return rows
        drawn, seconds = drawn_by(net)
    else:
        drawn, seconds = foreseen() if cell.arm == ENGINE else (last_again(), None)
    if seconds is not None:
        rows.append({"name": "milliseconds", "value": 1000 * seconds / drawn[..., 0, 0, 0].numel()})
    met = meeting(moved(TEST_SEEDS_FROM, TESTED))
    for name, told in overlaps(drawn, met).items():
        rows += [{"name": name, "frame": frame, "value": value} for frame, value in enumerate(told.tolist(), 1)]
    scenes = met.nonzero()[:SHOWN, 0].tolist()  # for the picture
    return rows + [{"name": "drawn", "frame": scene, "value": packed(drawn[0, scene])} for scene in scenes]


def figures(net: ModuleGraph) -> dict[str, float]:
    """Nats a frame of unseen scenes."""
    return {"nats": float(frame_nats(net, videos(TEST_SEEDS_FROM, TESTED), SEEN).mean())}


def drawn_by(net: ModuleGraph) -> tuple[Tensor, float]:
    """Samples [S, B, T, H, W, 1] of the frames after those seen, by a VPN, and how many seconds they took."""
    seen = videos(TEST_SEEDS_FROM, TESTED)[:, :SEEN]
    continued(net, seen[:1], 1)  # native code is made now
    begun = time.perf_counter()
    drawn = torch.stack([continued(net, seen, _foretold(), seed) for seed in range(SAMPLES)])
    return drawn, time.perf_counter() - begun


def foreseen() -> tuple[Tensor, float]:
    """The frames [1, B, T, H, W, 1] of where the engine moves the balls, and how many seconds they took."""
    engine, start = LearnedEngine.load("balls"), moved(TEST_SEEDS_FROM, TESTED).at((SEEN - 1) * EVERY)
    frames(rollout(engine, start, EVERY))
    begun = time.perf_counter()
    drawn = frames(rollout(engine, start, EVERY * _foretold()))[None, :, 1:]
    return drawn, time.perf_counter() - begun


def last_again() -> Tensor:
    """The last frame that was seen, for each after it [1, B, T, H, W, 1]."""
    return videos(TEST_SEEDS_FROM, TESTED)[None, :, SEEN - 1 : SEEN].expand(-1, -1, _foretold(), -1, -1, -1)


def overlaps(drawn: Tensor, met: Tensor) -> dict[str, Tensor]:
    """Means [T] of the overlap of samples [S, B, T, H, W, 1] with the truth: of all, of each scene's best sample, and
    of the scenes in which balls meet [B], if there are any.
    """
    each = overlap(drawn, videos(TEST_SEEDS_FROM, TESTED)[None, :, SEEN:])
    best = each[each.mean(-1).argmax(0), torch.arange(TESTED)]
    found = {"overlap": each.mean((0, 1)), "best overlap": best.mean(0)}
    return {**found, "overlap of who meet": each[:, met].mean((0, 1))} if met.any() else found


def _foretold() -> int:
    return FRAMES - SEEN


def network(folder: Path, cell: Cell) -> tuple[ModuleGraph, Progress]:
    """A VPN that has seen balls, and how it was trained."""
    torch.manual_seed(cell.seed)
    net = video_pixel_network(1, 3, WIDTH, ENCODER, DECODER)
    valid = videos(TEST_SEEDS_FROM - VALID, VALID), None
    return net, trained_on(_films, net_path(folder, "balls", cell), cell, net, 4, valid, SEEN)


def _films(seed: int) -> Films:
    every = videos(0, TRAINED)
    return every[torch.randint(len(every), (BATCH,), generator=torch.Generator().manual_seed(seed))], None


def overlap(drawn: Tensor, truth: Tensor) -> Tensor:
    """Of frames [..., H, W, 1]: the pixels where both have balls over those where either has."""
    one, other = drawn == BALL, truth == BALL
    return (one & other).flatten(-3).sum(-1) / (one | other).flatten(-3).sum(-1).clamp(min=1)


@lru_cache(maxsize=3)
def videos(seed: int, count: int) -> Tensor:
    """Frames [count, FRAMES, SIDE, SIDE, 1] int64 of 0, WALL and BALL, of scenes of these seeds."""
    parts = [frames(moved(first, min(100, seed + count - first))) for first in range(seed, seed + count, 100)]
    return torch.cat(parts)


def moved(seed: int, count: int) -> Trajectory:
    """Scenes as the truth moves them."""
    scenes = Scene.batch_of(WORLD.scenes(seed, count))
    return rollout(WORLD.engine(), scenes, EVERY * (FRAMES - 1))


def frames(trajectory: Trajectory) -> Tensor:
    """Every frame of scenes as they are seen [B, T, SIDE, SIDE, 1] int64."""
    names = ("pos", "vel", "angle", "angular_velocity", "times")
    chosen = replace(trajectory, **{name: getattr(trajectory, name)[::EVERY] for name in names})
    found = pixels(chosen, (SIDE, SIDE), WINDOW, grey=True)
    return torch.from_numpy((found > GREYS[0]).astype(np.int64) + (found > GREYS[1]))[..., None]


def meeting(trajectory: Trajectory) -> Tensor:
    """Whether two balls of a scene meet while they are foretold [B]."""
    balls = trajectory.scene.inverse_mass > 0
    radius = trajectory.scene.radius[balls].unflatten(0, (-1, WORLD.balls))
    pos = trajectory.pos[(SEEN - 1) * EVERY :, balls].unflatten(1, (-1, WORLD.balls))  # [T, B, N, 2]
    one, other = torch.triu_indices(WORLD.balls, WORLD.balls, 1)
    apart = (pos[:, :, one] - pos[:, :, other]).norm(dim=-1) - radius[:, one] - radius[:, other]
    return (apart < TOUCH).any(0).any(1)


def packed(drawn: Tensor) -> str:
    """The balls of frames [T, SIDE, SIDE, 1] as text."""
    return np.packbits(drawn.numpy() == BALL).tobytes().hex()


def unpacked(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The balls of frames, 1 where they are [T, SIDE, SIDE], from text."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8))
    return bits[: _foretold() * SIDE * SIDE].reshape(_foretold(), SIDE, SIDE)


def figure(rows: Sequence[Row]) -> Any:
    """The truth, and what two models make of it, frame by frame."""
    from matplotlib.figure import Figure

    films = videos(TEST_SEEDS_FROM, TESTED)[..., 0].numpy()
    truth, walls = films[:, SEEN:], (films == WALL).all(1)  # the rims of balls are as grey as walls
    drawn = {(row["arm"], int(str(row["frame"]))): str(row["value"]) for row in rows if row["name"] == "drawn"}
    scenes = sorted({scene for _, scene in drawn})
    arms = {"truth": "truth", ENGINE: ENGINE, VPN: "VPN"}
    arms = {arm: name for arm, name in arms.items() if arm == "truth" or any(arm == other for other, _ in drawn)}
    height = max(1, len(scenes)) * len(arms)
    page = Figure(figsize=(1.1 * _foretold() + 1.2, 1.15 * height), layout="constrained")
    axes = page.subplots(height, _foretold(), squeeze=False)
    for place, (scene, (arm, name)) in enumerate(product(scenes, arms.items())):
        row = axes[place]
        balls = truth[scene] == BALL if arm == "truth" else unpacked(drawn[arm, scene])
        for number, (axis, ball) in enumerate(zip(row, balls, strict=True), 1):
            axis.imshow(BALL * ball + walls[scene] * (1 - ball), cmap="gray", vmin=0, vmax=BALL)
            axis.set(xticks=[], yticks=[])
            if not place:
                axis.set_title(f"{EVERY * number} ms", fontsize=8)
        row[0].set_ylabel(name, fontsize=8)
    return page
