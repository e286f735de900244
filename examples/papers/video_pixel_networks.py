"""Video Pixel Networks (arXiv:1610.00527) on videos of known entropy and on moving digits, at the size of this machine.

python examples/papers/video_pixel_networks.py [--quick] [--parts sprites digits pushing balls]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from learners.experiment import Cell, markdown
from learners.papers import DRAWING, Checks, PaperSettings, draw_into, net_path, run_parts
from learners.sequences.pixels import continued
from learners.sequences.video_pixels import frame_nats, video_pixel_network
from parts import digits_foretold, pixels_and_graphs, tables_pushed
from parts.films import Films, page, trained_on
from parts.sequence_cells import (
    COSTS,
    cells,
    figures_of,
    mean_or_diverged,
    means,
    outcome,
    rows_of,
    tuned,
)
from physim.checks import TEST_SEEDS_FROM
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scripts import check_choices, run_script
from worlds.sprites import BITS, every_two_colours, every_two_ways, two_colours, two_ways

RESULTS = Path(__file__).parent / "results" / "video_pixel_networks"
WAYS = "two ways"


class Sprites(NamedTuple):
    """Videos, how they are drawn and all that there are; their colours, and the nats a frame that who draws pixels that
    know nothing of one another needs.
    """

    make: Callable[..., Any]
    every: Callable[..., Any]
    colours: int
    apart: float


SPRITES = {
    WAYS: Sprites(two_ways, every_two_ways, 1, 16 * BITS),
    "two colours": Sprites(two_colours, every_two_colours, 3, 32 * BITS),
}
VPN, BASELINE = "vpn", "baseline"
ARMS = {VPN: 0.19, BASELINE: 0.25}
"""How many seconds an update takes on one core that has products of bfloat16."""
FRAMES, SIDE, BATCH, UPDATES, VALID, SHOWN = 4, 16, 16, 600, 64, 4
WIDTHS, ENCODER, DECODER = {VPN: 12, BASELINE: 11}, (1, 2, 4), 5
"""Widths make up for weights that masks leave."""
RATES, TUNING_SHARE = (3e-3, 1e-2, 2e-2), 2
"""Rates that are tried, for a part of the updates, on squares that go two ways."""
NOTE = f"""Teacher-forced; an update sees {BATCH} videos of {FRAMES} frames. All videos that there are are judged, each
once: in the mean of them nothing that is a likelihood can be under the least possible.
"""


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train small Video Pixel Networks and what they are measured by; finished trainings are kept.

    Nats are teacher-forced: frames are foretold from true ones. What is drawn is drawn from a network's own frames.
    """

    parts: tuple[str, ...] = ("sprites", "digits", "pushing", "balls")
    """What to do: squares whose ways or colours are drawn by a coin; digits that bounce, which want `physim fetch
    mnist`; tables where an arm, told what to do, pushes things about; and balls that a network draws, not from true
    frames but from its own, beside those that the shipped engine moves."""
    arms: tuple[str, ...] = tuple(digits_foretold.ARMS)
    """Which networks are trained on digits."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables; what is missing is missed before anything runs."""
    check_choices("arms", args.arms, digits_foretold.ARMS)
    run_parts(args, args.parts, PARTS, CHECKS)


def sprites(args: Args) -> str:
    """Nats a frame of squares, by a VPN and by the baseline, beside what the best of either could have."""
    work = partial(run_sprite, args.folder)
    rates = tuned(args, "sprites", ARMS, UPDATES // TUNING_SHARE, RATES, work, (("video", WAYS),)).rates
    asked = [cell for video in SPRITES for cell in cells(args, ARMS, UPDATES, rates, setting=(("video", video),))]
    values = figures_of(rows_of(args, "sprites", asked, work), ("video", "arm", "name"))
    lines = []
    for video, sprites in SPRITES.items():
        for arm, bound in ((VPN, BITS), (BASELINE, sprites.apart)):
            nats = values.get((video, arm, "nats"))
            above = None if nats is None else [100 * (each / bound - 1) for each in nats]
            costs = means(values, COSTS, video, arm)
            lines.append([video, arm, mean_or_diverged(nats), bound, mean_or_diverged(above), *costs])
    head = ("video", "", "nats/frame", "least possible", "above that (%)")
    return f"{markdown((*head, *COSTS.values()), lines)}\n{NOTE}"


def run_sprite(folder: Path, cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen videos by one network; its verdicts are by others."""
    sprites = SPRITES[cell["video"]]
    torch.manual_seed(cell.seed)
    net, valid = network(cell.arm, cell["video"]), films(sprites.make, VALID, TEST_SEEDS_FROM - 1)
    progress = trained_on(partial(films, sprites.make, BATCH), net_path(folder, "sprites", cell), cell, net, 4, valid)
    return outcome(cell, net, progress, partial(figures, net, sprites), partial(show, folder, cell, net))


def network(arm: str, video: str) -> ModuleGraph:
    """The network of an arm, for the colours of a video."""
    return video_pixel_network(SPRITES[video].colours, 2, WIDTHS[arm], ENCODER, DECODER, masked=arm == VPN)


def figures(net: ModuleGraph, sprites: Sprites) -> dict[str, float]:
    """Nats a frame of all videos that there are."""
    return {"nats": float(frame_nats(net, torch.from_numpy(sprites.every(FRAMES, SIDE)), first=1).mean())}


def show(folder: Path, cell: Cell, net: ModuleGraph) -> None:
    """Draw on the films of some squares."""
    videos = torch.from_numpy(SPRITES[cell["video"]].make(SHOWN, FRAMES, TEST_SEEDS_FROM, SIDE))
    drawn = page(videos, continued(net, videos[:, :1], FRAMES - 1))
    draw_into(folder, f"sprites_{cell['video']}_{cell.arm}".replace(" ", "_"), drawn)


def films(make: Callable[..., Any], count: int, seed: int) -> Films:
    """Videos of squares [count, FRAMES, SIDE, SIDE, C]."""
    return torch.from_numpy(make(count, FRAMES, seed, SIDE)), None


PARTS: Mapping[str, Callable[[Args], str]] = {
    "sprites": sprites,
    "digits": lambda args: digits_foretold.digits(args, args.arms),
    "pushing": tables_pushed.table,
    "balls": pixels_and_graphs.table,
}
CHECKS: Checks = {
    **dict.fromkeys(PARTS, (DRAWING,)),
    "digits": (digits_foretold.check, DRAWING),
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
