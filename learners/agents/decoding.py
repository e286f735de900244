"""What a core knows: places decoded from its state by a linear map that never teaches the agent."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SHARE = 0.25
"""Of the episodes, how many are held out."""
DECAY = 1e-3


def decoded(states: Tensor, kinds: Tensor, episodes: Tensor, steps: int = 100) -> float:
    """The accuracy, on episodes held out, of the best linear classifier of states: multinomial logistic regression.

    Shapes: states [N, F]; kinds [N] int64, a cell's number, say; episodes [N], which episode each state is of.
    """
    names = episodes.unique()
    drawn = torch.randperm(len(names), generator=torch.Generator().manual_seed(0))
    held = torch.isin(episodes, names[drawn[: max(1, round(SHARE * len(names)))]])
    known = kinds[~held].unique()
    places = torch.searchsorted(known, kinds.clamp(max=int(known[-1])))
    seen = (states - states[~held].mean(0)) / states[~held].std(0).clamp(min=1e-6)
    seen = torch.cat([seen, torch.ones(len(seen), 1)], dim=1)
    weight = torch.zeros(seen.shape[1], len(known), requires_grad=True)
    optimiser = torch.optim.LBFGS([weight], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        wrong = functional.cross_entropy(seen[~held] @ weight, places[~held]) + DECAY * weight.square().sum()
        wrong.backward()
        return wrong

    optimiser.step(loss)
    told = known[(seen[held] @ weight).argmax(1)]
    return float((told == kinds[held]).float().mean())


def f1(told: Tensor, true: Tensor) -> float:
    """The harmonic mean of precision and recall of what was told to be true [...] bool."""
    hits = (told & true).sum()
    return float(2 * hits / (told.sum() + true.sum()).clamp(min=1))
