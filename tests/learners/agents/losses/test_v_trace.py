from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.agents.graphs import agent
from learners.agents.losses import CorrectedPolicyGradient, CorrectedValues, PolicyGradient, Values
from learners.agents.off_policy import v_trace
from learners.agents.returns import ends_of
from learners.agents.unrolls import ACTION, BEHAVIOUR, LAST, REWARD, TERMINATED

B, T, A = 3, 6, 4
NET = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3)


def drawn(stale: float) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
    """Logits and values, and ticks of a policy that is so much stale."""
    random = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    last = torch.zeros(B, T + 1, dtype=torch.bool)
    last[0, 3] = last[1, 2] = True
    terminated = torch.zeros_like(last)
    terminated[1, 2] = True
    logits, values = normal(B, T + 1, A).requires_grad_(), normal(B, T + 1, 1).requires_grad_()
    ticks = {
        ACTION: torch.randint(A, (B, T + 1), generator=random),
        BEHAVIOUR: (logits.detach() + stale * normal(B, T + 1, A)).log_softmax(-1),
        REWARD: normal(B, T + 1),
        LAST: last,
        TERMINATED: terminated,
    }
    return (logits, values), ticks


def test_what_one_decided_oneself_is_learned_from_as_by_a3c() -> None:
    for corrected, plain in (
        (CorrectedPolicyGradient(NET, 0.01, 0.9), PolicyGradient(NET, 0.01, 0.9)),
        (CorrectedValues(NET, 0.5, 0.9), Values(NET, 0.5, 0.9)),
    ):
        values, ticks = drawn(stale=0.0)
        read = values if plain.name == "policy_gradient" else values[1:]
        losses = corrected.value(values, ticks), plain.value(read, ticks)
        torch.testing.assert_close(*losses)
        ours, theirs = (torch.autograd.grad(loss, values, allow_unused=True) for loss in losses)
        for mine, other in zip(ours, theirs, strict=True):
            assert (mine is None) == (other is None)
            if mine is not None:
                torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("kind", [CorrectedPolicyGradient, CorrectedValues])
def test_gradients_are_the_papers(kind: type[CorrectedPolicyGradient] | type[CorrectedValues]) -> None:
    """Those of its equations, with targets and ratios that are no variables."""
    (logits, values), ticks = drawn(stale=1.0)
    chosen = ticks[ACTION][..., None]
    with torch.no_grad():
        ratios = (logits.log_softmax(-1) - ticks[BEHAVIOUR]).exp().gather(-1, chosen).squeeze(-1)
        targets, gains = v_trace(ticks[REWARD], values[..., 0], ratios, ends_of(ticks), 0.9)
        counted = (~ticks[LAST][:, :-1]).double()
        policy = logits.softmax(-1)[:, :-1]
        push = torch.nn.functional.one_hot(ticks[ACTION], A)[:, :-1] - policy
        wanted = -(counted * gains)[..., None] * push / counted.sum()
        told = counted * (values[:, :-1, 0] - targets) / counted.sum()
    if kind is CorrectedPolicyGradient:
        found = torch.autograd.grad(kind(NET, entropy=0.0, discount=0.9).value((logits, values), ticks), logits)[0]
        torch.testing.assert_close(found[:, :-1], wanted)
    else:
        found = torch.autograd.grad(kind(NET, 1.0, 0.9).value((logits, values), ticks), values)[0]
        torch.testing.assert_close(found[:, :-1, 0], told)
    assert not found[:, -1].any()
