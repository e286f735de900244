from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.agents.graphs import agent
from learners.agents.losses import ImpliedValues, PolicyGradient, Values
from learners.agents.losses.implied_values import SELDOM, implied_values
from learners.agents.unrolls import ACTION, LAST, REWARD, TERMINATED

A = 4
NET = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3)


def transition(terminated: bool = False, last: bool = False) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Logits, values and ticks of one decision."""
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 2, A, generator=random, dtype=torch.float64).requires_grad_()
    values = torch.randn(1, 2, 1, generator=random, dtype=torch.float64).requires_grad_()
    ticks = {
        ACTION: torch.tensor([[2, 0]]),
        REWARD: torch.tensor([[0.0, 0.7]], dtype=torch.float64),
        LAST: torch.tensor([[False, terminated or last]]),
        TERMINATED: torch.tensor([[False, terminated]]),
    }
    return logits, values, ticks


def test_the_values_implied_have_the_mean_that_the_critic_says() -> None:
    logits, values, _ = transition()
    logs = logits.log_softmax(-1)
    found = implied_values(logs, values.squeeze(-1), 0.3)
    torch.testing.assert_close((logs.exp() * found).sum(-1), values.squeeze(-1))


def test_an_update_is_the_papers_and_not_scaled_by_the_temperature() -> None:
    """Equation 16: err (grad log pi(a) + grad V), whatever the temperature; a time limit is no end."""
    for terminated, last in ((False, False), (True, True), (False, True)):
        logits, values, ticks = transition(terminated, last)
        ImpliedValues(NET, temperature=1e-3, weight=1.0, discount=0.9, values=1.0).value(
            (logits, values), ticks
        ).backward()
        implied = implied_values(logits.detach().log_softmax(-1), values.detach().squeeze(-1), 1e-3)
        target = 0.7 + (0.0 if terminated else 0.9 * float(implied[0, 1].max()))
        wrong = target - implied[0, 0, 2]
        policy = logits.detach()[0, 0].softmax(-1)
        wanted = -wrong * (torch.eye(A, dtype=torch.float64)[2] - policy)
        assert logits.grad is not None
        assert values.grad is not None
        torch.testing.assert_close(logits.grad[0, 0], wanted)
        torch.testing.assert_close(values.grad[0, 0, 0], -wrong)
        assert not logits.grad[0, 1].any()  # the target is no variable
        assert not values.grad[0, 1].any()


def test_worths_of_what_is_next_to_never_done_have_an_end() -> None:
    """Two actions that are about as good: one is never done any more, and its error is no larger than twice as seldom
    ones'.
    """
    for logits in (torch.tensor([0.0, -60.0]), torch.tensor([0.0, -600.0])):
        implied = implied_values(logits.double().log_softmax(-1), torch.tensor(1.0, dtype=torch.float64), 0.03)
        assert float(implied[0]) == pytest.approx(1.0)
        assert float(implied[1]) == pytest.approx(1.0 + 0.03 * SELDOM)


def test_implied_advantages_stand_beside_those_of_the_targets() -> None:
    random = torch.Generator().manual_seed(0)
    logits, values = (torch.randn(3, 5, size, generator=random, dtype=torch.float64) for size in (A, 1))
    ticks = {
        ACTION: torch.randint(A, (3, 5), generator=random),
        REWARD: torch.randn(3, 5, generator=random, dtype=torch.float64),
        LAST: torch.zeros(3, 5, dtype=torch.bool),
        TERMINATED: torch.zeros(3, 5, dtype=torch.bool),
    }
    told = []
    for temperature in (1e-3, 1e-2):
        loss = ImpliedValues(NET, temperature, discount=0.0)
        loss.value((logits, values), ticks)
        told.append(loss.notes)
    names = ["implied advantages", "advantages of targets", "seldom"]
    assert list(told[0]) == names
    assert told[1][names[0]] == pytest.approx(10 * told[0][names[0]])
    logs = logits.log_softmax(-1)[:, :-1]
    advantages = (logs - (logs.exp() * logs).sum(-1, keepdim=True)).gather(-1, ticks[ACTION][:, :-1, None])
    assert told[0][names[0]] == pytest.approx(1e-3 * float(advantages.square().mean().sqrt()))
    gains = ticks[REWARD][:, 1:] - values[:, :-1, 0]
    assert told[0][names[1]] == pytest.approx(float(gains.square().mean().sqrt()))
    loss.value((torch.tensor([0.0, *[-30.0] * (A - 1)]).expand(3, 5, -1), values), ticks)
    assert loss.notes["seldom"] == pytest.approx(float((ticks[ACTION][:, :-1] > 0).float().mean()))


def test_duelling_sarsa_is_regularised_actor_critic() -> None:
    """Section 3.3: fitting W - E_mu W + V to the worths of actions, mu = softmax(W / temperature) as a constant, moves
    W and V as regularised actor-critic moves logits and V, in expectation over actions.
    """
    temperature = 0.05
    logits, values, ticks = transition(terminated=True)
    worths = torch.tensor([0.3, -1.2, 0.7, 2.0], dtype=torch.float64)  # any
    policy = logits.detach()[0, 0].softmax(-1)
    policy_loss = PolicyGradient(NET, entropy=temperature, discount=0.9)
    value_loss = Values(NET, weight=1.0, discount=0.9)
    for action in range(A):
        told = ticks | {
            ACTION: torch.tensor([[action, 0]]),
            REWARD: torch.stack([worths[:1] * 0, worths[action : action + 1]], 1),
        }
        loss = policy_loss.value((logits, values), told) + value_loss.value((values,), told)
        (policy[action] * loss).backward()
    fitted = (temperature * logits.detach()[0, 0]).requires_grad_()
    value = values.detach()[0, 0, 0].clone().requires_grad_()
    duelling = fitted - (policy * fitted).sum() + value
    (policy * (worths - duelling).square() / 2).sum().backward()
    assert logits.grad is not None
    assert values.grad is not None
    torch.testing.assert_close(logits.grad[0, 0], fitted.grad, atol=1e-10, rtol=0)
    torch.testing.assert_close(values.grad[0, 0, 0], value.grad, atol=1e-10, rtol=0)
