"""Video Pixel Networks (arXiv:1610.00527) on videos of known entropy and on moving digits, at the size of this machine.

python examples/papers/video_pixel_networks.py [--quick] [--parts sprites digits bounces pushing balls]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import Checks, PaperSettings, net_path, run_parts
from learners.sequences.kept import trained
from learners.sequences.pixels import continued
from learners.sequences.rows import Batch
from learners.sequences.video_pixels import FRAME, FrameLikelihood, frame_nats, video_pixel_network
from parts import digits_foretold, pixels_and_graphs, tables_pushed
from parts.film_pages import page
from parts.sequence_cells import COSTS, cells, kept_nets, outcome, training_of
from physim.outputs import check_drawing
from physim.reports import Row
from physim.scripts import check_choices, run_script
from worlds.sprites import BITS, two_colours, two_ways

RESULTS = Path(__file__).parent / "results" / "video_pixel_networks"
TEST_SEED = 90_000
SPRITES: dict[str, tuple[Callable[..., Any], int, float]] = {
    "two ways": (two_ways, 1, 16 * BITS),
    "two colours": (two_colours, 3, 32 * BITS),
}
"""Videos, their colours, and what pixels that know nothing of one another need (nats a frame)."""
FRAMES, SIDE, BATCH, UPDATES, TESTED, SHOWN = 4, 16, 16, 2500, 256, 4
WIDTH, ENCODER, DECODER, RATE = 12, (1, 2, 4), 5, 1e-3


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train small Video Pixel Networks and what they are measured by; finished trainings are kept.

    Nats are teacher-forced: frames are foretold from true ones. What is drawn is drawn from a network's own frames.
    """

    parts: tuple[str, ...] = ("sprites", "digits", "bounces", "pushing", "balls")
    """What to do: squares whose ways or colours are drawn by a coin; digits that bounce, which want `physim fetch
    mnist`; such as leave walls in any direction; tables where an arm, told what to do, pushes things about; and balls
    that a network draws, not from true frames but from its own, beside those that the shipped engine moves."""
    arms: tuple[str, ...] = tuple(digits_foretold.ARMS)
    """Which networks are trained on digits."""
    out: Path = RESULTS


def main(args: Args) -> None:
    """Run what has not run yet and write the tables; what is missing is missed before anything runs."""
    check_choices("arms", args.arms, digits_foretold.ARMS)
    run_parts(args, args.parts, PARTS, CHECKS)


def sprites(args: Args) -> str:
    """Nats a frame of squares, by a VPN and by the baseline, beside what the best of either could have."""
    arms = {"vpn": 0.17, "baseline": 0.17}
    asked = [
        cell
        for video in SPRITES
        for cell in cells(args, arms, UPDATES, dict.fromkeys(arms, RATE), setting=(("video", video),))
    ]
    values = grouped(args.rows("sprites", asked, partial(run_sprite, args.folder)), ("video", "arm", "name"))
    for cell, net in kept_nets(args.folder, "sprites", asked):
        video = cell["video"]
        videos = torch.from_numpy(SPRITES[video][0](SHOWN, FRAMES, TEST_SEED, SIDE))
        drawn = page(videos, continued(net, videos[:, :1], FRAMES - 1))
        args.draw(f"sprites_{video}_{cell.arm}".replace(" ", "_"), drawn)
    lines = []
    for video, (_, _, apart) in SPRITES.items():
        for arm, bound in (("vpn", BITS), ("baseline", apart)):
            nats = values[video, arm, "nats"]
            above = mean([100 * (each / bound - 1) for each in nats])
            rest = (mean(values[video, arm, name]) for name in ("errors", *COSTS))
            lines.append([video, arm, mean(nats), bound, above, *rest])
    head = ("video", "", "nats/frame", "least possible", "above that (%)", "above the entropy, in standard errors")
    return markdown((*head, *COSTS.values()), lines)


def run_sprite(folder: Path, cell: Cell) -> Sequence[Row]:
    """Nats a frame of unseen videos by one network."""
    make, colours, _ = SPRITES[cell["video"]]
    torch.manual_seed(cell.seed)
    net = video_pixel_network(colours, 2, WIDTH, ENCODER, DECODER, masked=cell.arm == "vpn")
    losses = [FrameLikelihood(net.outputs[0], first=1)]
    path, batches = net_path(folder, "sprites", cell), partial(_batch, make, cell.seed)
    progress = trained(path, net, training_of(cell, 4), batches, None, losses)
    videos = torch.from_numpy(make(TESTED, FRAMES, TEST_SEED, SIDE))
    nats = frame_nats(net, videos, first=1).mean(1)
    error = float(nats.std() / len(nats) ** 0.5)
    above = float(nats.mean()) - BITS
    return outcome(cell, net, progress, lambda: {"nats": float(nats.mean()), "errors": above / max(error, 1e-9)})


def _batch(make: Callable[..., Any], seed: int, update: int) -> Batch:
    videos = torch.from_numpy(make(BATCH, FRAMES, seed * 1_000_003 + update, SIDE))
    return {FRAME: videos}, {FRAME: videos}


PARTS: Mapping[str, Callable[[Args], str]] = {
    "sprites": sprites,
    "digits": lambda args: digits_foretold.digits(args, args.arms),
    "bounces": digits_foretold.bounces,
    "pushing": tables_pushed.table,
    "balls": pixels_and_graphs.table,
}
DRAWING = partial(check_drawing, "this part")
CHECKS: Checks = {
    **dict.fromkeys(PARTS, (DRAWING,)),
    **dict.fromkeys(("digits", "bounces"), (digits_foretold.check, DRAWING)),
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
