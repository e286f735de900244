"""Pages of films: true videos, and what was drawn on from their first frames."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def page(true: Tensor, drawn: Tensor, top: float = 1.0) -> Any:
    """A matplotlib figure of videos [N, T, H, W, C] of one colour or three, from 0 to `top`: below each what was drawn
    [N, K, H, W, C] after its first T - K frames.
    """
    from matplotlib.figure import Figure

    count, frames = true.shape[:2]
    figure = Figure(figsize=(1.1 * frames, 2.3 * count), layout="constrained")
    axes = figure.subplots(2 * count, frames, squeeze=False)
    for number, (video, after) in enumerate(zip(true, drawn, strict=True)):
        told = {"truth": video, "drawn on": torch.cat([video[: frames - len(after)], after])}
        for place, (name, several) in enumerate(told.items()):
            for axis, frame in zip(axes[2 * number + place], several, strict=True):
                axis.imshow(frame.squeeze(-1).double().numpy() / top, cmap="gray", vmin=0, vmax=1)
                axis.set(xticks=[], yticks=[])
            axes[2 * number + place, 0].set_ylabel(name, fontsize=8)
    return figure
