"""Policies that choose among actions, as the logarithms of their probabilities."""

from __future__ import annotations

from torch import Tensor


def entropy(logs: Tensor) -> Tensor:
    """H(pi) [...] of log-probabilities [..., A]."""
    return -(logs.exp() * logs).sum(-1)


def of_chosen(values: Tensor, action: Tensor) -> Tensor:
    """Of values of all actions [..., A] that of the action [...] int64 which was chosen [...]."""
    return values.gather(-1, action[..., None]).squeeze(-1)
