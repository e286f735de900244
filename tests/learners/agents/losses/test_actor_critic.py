from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.agents.graphs import agent
from learners.agents.losses import PolicyGradient, Values
from learners.agents.unrolls import ACTION, LAST, REWARD, TERMINATED
from physim.errors import PhysimError

B, T, A = 3, 6, 4
NET = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3)


def drawn() -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Logits, values and ticks; one episode is cut short, one ends by itself."""
    random = torch.Generator().manual_seed(0)
    last = torch.zeros(B, T + 1, dtype=torch.bool)
    last[0, 3] = last[1, 2] = True
    terminated = torch.zeros_like(last)
    terminated[1, 2] = True
    ticks = {
        ACTION: torch.randint(A, (B, T + 1), generator=random),
        REWARD: torch.randn(B, T + 1, generator=random, dtype=torch.float64),
        LAST: last,
        TERMINATED: terminated,
    }
    logits = torch.randn(B, T + 1, A, generator=random, dtype=torch.float64).requires_grad_()
    values = torch.randn(B, T + 1, 1, generator=random, dtype=torch.float64).requires_grad_()
    return logits, values, ticks


def slow_return(values: Tensor, ticks: dict[str, Tensor], item: int, tick: int) -> float:
    """The sum of discounted rewards, from the definition."""
    if ticks[LAST][item, tick] or tick == T:
        return 0.0 if ticks[TERMINATED][item, tick] else float(values[item, tick, 0].detach())
    return float(ticks[REWARD][item, tick + 1]) + 0.9 * slow_return(values, ticks, item, tick + 1)


def test_the_policy_gradient_is_the_papers() -> None:
    logits, values, ticks = drawn()
    loss = PolicyGradient(NET, entropy=0.01, discount=0.9).value((logits, values), ticks)
    wanted, counted = torch.zeros(()), 0
    for item in range(B):
        for tick in range(T):
            if not ticks[LAST][item, tick]:
                probability = logits[item, tick].softmax(0)
                gain = slow_return(values, ticks, item, tick) - float(values[item, tick, 0].detach())
                entropy = -(probability * probability.log()).sum()
                wanted = wanted - gain * probability[ticks[ACTION][item, tick]].log() - 0.01 * entropy
                counted += 1
    torch.testing.assert_close(loss, wanted / counted)
    loss.backward()
    assert values.grad is None  # the critic is not taught by the actor's loss
    assert not logits.grad[ticks[LAST]].any()  # type: ignore[index]  # nothing is decided there


def test_values_come_to_the_returns() -> None:
    _, values, ticks = drawn()
    loss = Values(NET, weight=1.0, discount=0.9).value((values,), ticks)
    errors = [
        (slow_return(values, ticks, item, tick) - values[item, tick, 0]) ** 2 / 2
        for item in range(B)
        for tick in range(T)
        if not ticks[LAST][item, tick]
    ]
    torch.testing.assert_close(loss, torch.stack(errors).mean())


def test_a_loss_without_weight_is_refused() -> None:
    with pytest.raises(PhysimError, match=r"the weight of values is 0\.0, wanted more than 0"):
        Values(NET, weight=0.0)
