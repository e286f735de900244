"""Films: networks trained on videos, and pages of true frames beside what was drawn on from the first of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from learners.checkpoints import Progress
from learners.experiment import Cell
from learners.sequences.kept import trained
from learners.sequences.rows import Batch
from learners.sequences.video_pixels import ACTION, FRAME, FrameLikelihood, frame_nats
from parts.sequence_cells import scene_seed, training_of
from physim.graph import ModuleGraph

Films = tuple[Tensor, Tensor | None]
"""Videos [N, T, H, W, C], and the actions [N, T, A] that a network is told with them, if any."""
CLIP = 0.05
"""About how long gradients of nats a value soon are. First ones are ten times as long, and Adam remembers them: at
times networks were left with what each pixel is on average.
"""


def trained_on(
    make: Callable[[int], Films],
    path: Path,
    cell: Cell,
    net: ModuleGraph,
    verdicts: int,
    valid: Films,
    seen: int = 1,
) -> Progress:
    """How the network of a cell was trained, on the films that `make` gives for the seed of an update's scenes.

    Its verdicts are by the nats of the frames of `valid` films after those `seen`.
    """

    def batch(update: int) -> Batch:
        videos, actions = make(scene_seed(cell.seed, update))
        return {FRAME: videos, **({} if actions is None else {ACTION: actions})}, {FRAME: videos}

    def judge(judged: ModuleGraph) -> float:
        return float(frame_nats(judged, valid[0], seen, valid[1]).mean())

    losses = [FrameLikelihood(net.outputs[0], first=1)]
    settings = replace(training_of(cell, verdicts), clip=CLIP)
    return trained(path, net, settings, batch, judge, losses)


def page(true: Tensor, drawn: Tensor, top: float = 1.0) -> Any:
    """A matplotlib figure of videos [N, T, H, W, C] of one colour or three, from 0 to `top`: below each what was drawn
    [N, K, H, W, C] after its first T - K frames.
    """
    from matplotlib.figure import Figure

    both = torch.stack([true.double(), torch.cat([true[:, : -drawn.shape[1]].double(), drawn.double()], 1)], 1)
    framed = pad(both.flatten(0, 1) / top, (0, 0, 1, 1, 1, 1), value=0.5)
    films, frames, height = framed.shape[:3]
    figure = Figure(figsize=(1 + 1.1 * frames, 1.12 * films), layout="constrained")
    axes = figure.subplots()
    picture = framed.permute(0, 2, 1, 3, 4).flatten(2, 3).flatten(0, 1)
    axes.imshow(picture.squeeze(-1).numpy(), cmap="gray", vmin=0, vmax=1)
    axes.set_yticks([height * (film + 0.5) for film in range(films)], ["truth", "drawn on"] * len(true), fontsize=8)
    axes.set(xticks=[])
    return figure
