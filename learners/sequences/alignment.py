"""What a translator looked at: how each symbol of a target depends on each of its source (arXiv:1610.10099)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from learners.sequences.bytenet import SOURCE
from learners.sequences.wavenet import SYMBOL
from physim.graph import ModuleGraph


def saliency(net: ModuleGraph, source: Tensor, before: Tensor, target: Tensor) -> Tensor:
    """How long the gradient of each target symbol's logit is by each letter of the source [T, S], rows adding to 1.

    As the paper's figure 6 has it. Of one pair: source [S], `before` and target [T]; a graph whose sources pass a
    module called "letters".
    """
    letters = net.get_submodule("letters")(source[None]).detach().requires_grad_()
    logits = net({SOURCE: source[None], SYMBOL: before[None]}, given={net["letters"]: letters})
    chosen = logits[0].gather(1, target[:, None])[:, 0]
    rows = [torch.autograd.grad(one, letters, retain_graph=True)[0][0].norm(dim=-1) for one in chosen]
    told = torch.stack(rows)
    return told / told.sum(1, keepdim=True).clamp(min=1e-12)


def heat_map(told: Tensor, source: str, target: str) -> Any:
    """A matplotlib figure of what each symbol of a target looked at [T, S]; the row behind the target is its end's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 + 0.16 * len(source), 2 + 0.16 * len(target)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(told.numpy(), cmap="magma", aspect="auto")
    axes.set_xticks(range(len(source)), list(source), fontsize=7)
    axes.set_yticks(range(len(target)), list(target), fontsize=7)
    axes.set(xlabel="source", ylabel="target")
    return figure
