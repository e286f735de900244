"""What decisions turned out to be worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from learners.agents.unrolls import LAST, TERMINATED


class Ends(NamedTuple):
    """Where episodes end [B, T + 1] bool: their `last` observations, and those at which they ended by themselves.

    An episode's last observation is a tick of its own, at which nothing is decided: its return is its value, or 0 where
    the episode was `terminated`, not cut short.
    """

    last: Tensor
    terminated: Tensor


def ends_of(ticks: Mapping[str, Tensor]) -> Ends:
    """Where episodes end in an unroll."""
    return Ends(ticks[LAST], ticks[TERMINATED])


def lambda_returns(rewards: Tensor, values: Tensor, ends: Ends, discount: float, gae_lambda: float = 1.0) -> Tensor:
    """R_t = r_{t+1} + discount ((1 - lambda) V_{t+1} + lambda R_{t+1}), up to R_T = V_T; lambda 1 gives n-step returns.

    R_t - V_t is the generalised advantage (arXiv:1506.02438).

    Shapes: rewards (what came with each observation) and values [B, T + 1, ...] -> returns of the decisions
    [B, T, ...].
    """
    more = (1,) * (values.dim() - 2)
    last, terminated = (told.reshape(*told.shape, *more) for told in ends)
    values = values.masked_fill(terminated, 0.0)
    near = torch.add(rewards[:, 1:], values[:, 1:], alpha=discount * (1 - gae_lambda))
    near = torch.where(last[:, :-1], values[:, :-1], near)  # an end's return is its value, whatever comes then
    further = (~last[:, :-1]).to(values.dtype) * (discount * gae_lambda)
    found = [values[:, -1]]
    for told, weight in reversed(list(zip(near.unbind(1), further.unbind(1), strict=True))):
        found.append(torch.addcmul(told, weight, found[-1]))
    return torch.stack(found[:0:-1], dim=1)
