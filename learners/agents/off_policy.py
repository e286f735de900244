"""What decisions of another policy tell about one's own: corrected returns, and steps within a trust region."""

from __future__ import annotations

import torch
from torch import Tensor

from learners.agents.returns import Ends


def retrace(rewards: Tensor, values: Tensor, taken: Tensor, traces: Tensor, ends: Ends, discount: float) -> Tensor:
    """Q_t = r_{t+1} + discount (c_{t+1} (Q_{t+1} - Q(s_{t+1}, a_{t+1})) + V_{t+1}), up to V_T (arXiv:1606.02647).

    The traces c are min(1, rho) for Retrace, rho the ratio of the two policies' probabilities; 1 gives Q(lambda) with
    off-policy corrections (arXiv:1602.04951).

    Shapes: rewards, values, taken (Q of what was done), traces [B, T + 1] -> [B, T].
    """
    values = values.masked_fill(ends.terminated, 0.0)
    traces = traces.masked_fill(ends.last, 0.0)  # at an episode's end nothing but its value counts
    rest = torch.addcmul(values, traces, taken, value=-1)
    after, found = values[:, -1], list[Tensor]()
    ticks = zip(rewards[:, 1:].unbind(1), traces[:, :-1].unbind(1), rest[:, :-1].unbind(1), strict=True)
    for reward, trace, other in reversed(list(ticks)):
        found.append(torch.add(reward, after, alpha=discount))
        after = torch.addcmul(other, trace, found[-1])
    return torch.stack(found[::-1], dim=1)


def v_trace(rewards: Tensor, values: Tensor, ratios: Tensor, ends: Ends, discount: float) -> tuple[Tensor, Tensor]:
    """Targets of values, and advantages of what was done, by V-trace, both truncated at 1 (arXiv:1802.01561).

    v_t = V_t + rho_t (r_{t+1} + discount V_{t+1} - V_t) + discount c_t (v_{t+1} - V_{t+1}), rho = c = min(1, ratio);
    the advantage is rho_t (r_{t+1} + discount v_{t+1} - V_t).

    Shapes: rewards, values, ratios [B, T + 1] -> two of [B, T].
    """
    values, ratios = values.masked_fill(ends.terminated, 0.0), ratios.clamp(max=1)
    target, targets, gains = values[:, -1], [], []
    for tick in reversed(range(values.shape[1] - 1)):
        now, rho = values[:, tick], ratios[:, tick]
        gains.append(rho * (rewards[:, tick + 1] + discount * target - now))
        surprise = rho * (rewards[:, tick + 1] + discount * values[:, tick + 1] - now)
        reached = now + surprise + discount * rho * (target - values[:, tick + 1])
        target = torch.where(ends.last[:, tick], now, reached)
        targets.append(target)
    return torch.stack(targets[::-1], dim=1), torch.stack(gains[::-1], dim=1)


def within_region(gradient: Tensor, outwards: Tensor, radius: float) -> Tensor:
    """The step nearest to a gradient [..., F] that goes outwards [..., F] by no more than a radius (arXiv:1611.01224).

    z = g - max(0, (k g - radius) / |k|^2) k, which solves: the least |g - z| with k z <= radius.
    """
    beyond = ((outwards * gradient).sum(-1, keepdim=True) - radius).clamp(min=0)
    return gradient - beyond / outwards.square().sum(-1, keepdim=True).clamp(min=1e-12) * outwards
