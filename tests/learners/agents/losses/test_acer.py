from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from torch import Tensor

from learners.agents.graphs import agent
from learners.agents.losses import AcerCritic, AcerPolicy
from learners.agents.off_policy import retrace, within_region
from learners.agents.returns import ends_of
from learners.agents.unrolls import ACTION, AVERAGE_POLICY, BEHAVIOUR, LAST, REWARD, TERMINATED

B, T, A = 3, 5, 4
NET = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3, heads=("action_values",))


def drawn(seed: int = 0) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
    """Logits and worths of actions, and ticks that another policy brought."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    last = torch.zeros(B, T + 1, dtype=torch.bool)
    last[0, 2] = last[1, 3] = True
    terminated = torch.zeros_like(last)
    terminated[1, 3] = True
    ticks = {
        ACTION: torch.randint(A, (B, T + 1), generator=random),
        BEHAVIOUR: normal(B, T + 1, A).log_softmax(-1),
        AVERAGE_POLICY: normal(B, T + 1, A),
        REWARD: normal(B, T + 1),
        LAST: last,
        TERMINATED: terminated,
    }
    return (normal(B, T + 1, A).requires_grad_(), normal(B, T + 1, A).requires_grad_()), ticks


def parts(values: tuple[Tensor, Tensor], ticks: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The policy, V, and Q_ret."""
    policy, worths = values[0].detach().softmax(-1), values[1].detach()
    value = (policy * worths).sum(-1)
    ratio = (policy / ticks[BEHAVIOUR].exp()).gather(-1, ticks[ACTION][..., None]).squeeze(-1)
    taken = worths.gather(-1, ticks[ACTION][..., None]).squeeze(-1)
    traces = ratio.clamp(max=1)  # not the policy gradient's truncation
    return policy, value, retrace(ticks[REWARD], value, taken, traces, ends_of(ticks), 0.9)


def test_the_critic_fits_what_was_done_to_retrace() -> None:
    values, ticks = drawn()
    AcerCritic(NET, weight=1.0, discount=0.9).value(values, ticks).backward()
    _, _, returns = parts(values, ticks)
    decided = ~ticks[LAST][:, :-1]
    wanted = torch.zeros(B, T + 1, A, dtype=torch.float64)
    for item in range(B):
        for tick in range(T):
            if decided[item, tick]:
                action = ticks[ACTION][item, tick]
                wanted[item, tick, action] = (
                    values[1].detach()[item, tick, action] - returns[item, tick]
                ) / decided.sum()
    torch.testing.assert_close(values[1].grad, wanted, atol=1e-6, rtol=1e-5)
    assert values[0].grad is None or not values[0].grad.any()  # nothing flows through V's policy


@pytest.mark.parametrize("truncation", [0.5, 10.0, math.inf])
def test_the_policy_follows_its_equation_in_both_coordinates(truncation: float) -> None:
    """Equation 9, by autograd of log f; without a region both coordinates give the same gradient of logits."""
    values, ticks = drawn()
    policy, value, returns = parts(values, ticks)
    ratio = policy / ticks[BEHAVIOUR].exp()
    logits = values[0].detach().clone().requires_grad_()
    logs = logits.log_softmax(-1)
    gains, counted = torch.zeros((), dtype=torch.float64), 0
    for item in range(B):
        for tick in range(T):
            if not ticks[LAST][item, tick]:
                action = ticks[ACTION][item, tick]
                weight = ratio[item, tick, action].clamp(max=truncation)
                gains = gains + weight * logs[item, tick, action] * (returns[item, tick] - value[item, tick])
                for other in range(A):
                    beyond = max(0.0, 1 - truncation / float(ratio[item, tick, other]))
                    advantage = values[1].detach()[item, tick, other] - value[item, tick]
                    gains = gains + policy[item, tick, other] * beyond * logs[item, tick, other] * advantage
                counted += 1
    (-gains / counted).backward()
    for coordinates in ("probabilities", "logits"):
        values[0].grad = None
        loss = AcerPolicy(NET, 0.0, truncation, None, coordinates, 0.9)  # type: ignore[arg-type]
        loss.value(values, ticks).backward()
        torch.testing.assert_close(values[0].grad, logits.grad, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("coordinates", ["probabilities", "logits"])
def test_steps_stay_within_the_trust_region_on_the_whole_policy(coordinates: str) -> None:
    values, ticks = drawn()
    free = AcerPolicy(NET, region=None, coordinates=coordinates).step(values, ticks)  # type: ignore[arg-type]
    held = AcerPolicy(NET, region=0.1, coordinates=coordinates).step(values, ticks)  # type: ignore[arg-type]
    statistics = values[0].detach()[:, :-1] if coordinates == "logits" else values[0].detach()[:, :-1].softmax(-1)
    statistics.requires_grad_()
    logs = statistics.log_softmax(-1) if coordinates == "logits" else statistics.log()
    average = ticks[AVERAGE_POLICY][:, :-1].softmax(-1)
    (average * (average.log() - logs)).sum().backward()  # the divergence from the average policy
    outwards = statistics.grad
    assert outwards is not None
    assert ((outwards * free).sum(-1) > 0.1).any()
    assert ((outwards * held).sum(-1) <= 0.1 + 1e-6).all()
    inside = (outwards * free).sum(-1) <= 0.1
    torch.testing.assert_close(held[inside], free[inside])
    torch.testing.assert_close(held, within_region(free, outwards, 0.1))  # the nearest: no other stays as near


def test_shares_of_what_was_truncated_and_turned_are_noted() -> None:
    values, ticks = drawn()
    policy, _, _ = parts(values, ticks)
    ratio = (policy / ticks[BEHAVIOUR].exp()).gather(-1, ticks[ACTION][..., None])[:, :-1]
    free, held = AcerPolicy(NET, truncation=1.0, region=None), AcerPolicy(NET, truncation=1.0, region=0.1)
    steps = [loss.step(values, ticks) for loss in (free, held)]
    decided = ~ticks[LAST][:, :-1]
    turned = (steps[0] != steps[1]).any(-1)[decided].float().mean()
    assert free.notes == {"truncated": pytest.approx(float((ratio > 1)[decided].float().mean())), "turned": 0.0}
    assert held.notes == {**free.notes, "turned": pytest.approx(float(turned))}
    assert 0 < held.notes["truncated"] < 1
    assert 0 < held.notes["turned"] < 1


@pytest.mark.parametrize("coordinates", ["probabilities", "logits"])
def test_what_is_impossible_breaks_nothing(coordinates: Literal["probabilities", "logits"]) -> None:
    """An action that the policy, or the one that acted, never takes."""
    values, ticks = drawn()
    with torch.no_grad():
        values[0][0, 0, 1] = -1e4
        ticks[BEHAVIOUR][1, 0, 2] = -math.inf
    ticks[ACTION][:2, 0] = 0
    AcerPolicy(NET, coordinates=coordinates).value(values, ticks).backward()
    assert values[0].grad is not None
    assert torch.isfinite(values[0].grad).all()


def test_entropy_is_outside_the_region() -> None:
    values, ticks = drawn()
    with_it, without = (AcerPolicy(NET, entropy).value(values, ticks) for entropy in (0.5, 0.0))
    policy = values[0].detach()[:, :-1].softmax(-1)
    entropy = -(policy * policy.log()).sum(-1)[~ticks[LAST][:, :-1]].mean()
    torch.testing.assert_close((without - with_it).detach(), 0.5 * entropy)
