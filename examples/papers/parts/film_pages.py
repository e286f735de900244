"""Pages of films: true videos, and what was drawn on from their first frames."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad


def page(true: Tensor, drawn: Tensor, top: float = 1.0) -> Any:
    """A matplotlib figure of videos [N, T, H, W, C] of one colour or three, from 0 to `top`: below each what was drawn
    [N, K, H, W, C] after its first T - K frames.
    """
    from matplotlib.figure import Figure

    both = torch.stack([true.double(), torch.cat([true[:, : -drawn.shape[1]].double(), drawn.double()], 1)], 1)
    framed = pad(both.flatten(0, 1) / top, (0, 0, 1, 1, 1, 1), value=0.5)
    films, frames, height = framed.shape[:3]
    figure = Figure(figsize=(1.1 * frames, 1.15 * films), layout="constrained")
    axes = figure.subplots()
    picture = framed.permute(0, 2, 1, 3, 4).flatten(2, 3).flatten(0, 1)
    axes.imshow(picture.squeeze(-1).numpy(), cmap="gray", vmin=0, vmax=1)
    axes.set_yticks([height * (film + 0.5) for film in range(films)], ["truth", "drawn on"] * len(true), fontsize=8)
    axes.set(xticks=[])
    return figure
