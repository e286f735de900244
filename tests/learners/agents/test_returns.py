from __future__ import annotations

import pytest
import torch
from torch import Tensor

from learners.agents.returns import Ends, lambda_returns

B, T = 4, 12


def drawn(seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rewards, values, and where episodes ended, some by themselves."""
    random = torch.Generator().manual_seed(seed)
    rewards, values = (torch.randn(B, T + 1, generator=random, dtype=torch.float64) for _ in range(2))
    last = torch.rand(B, T + 1, generator=random) < 0.2
    terminated = last & (torch.rand(B, T + 1, generator=random) < 0.5)
    return rewards, values, last, terminated


def n_step(rewards: Tensor, values: Tensor, last: Tensor, terminated: Tensor, discount: float) -> Tensor:
    """Sums of rewards to the end of the episode or the unroll, from the definition."""
    found = torch.zeros(B, T, dtype=torch.float64)
    for item in range(B):
        for tick in range(T):
            weight, now = 1.0, tick
            while not last[item, now] and now < T:
                found[item, tick] += weight * rewards[item, now + 1]
                weight, now = weight * discount, now + 1
            if not terminated[item, now]:
                found[item, tick] += weight * values[item, now]
    return found


def advantage(
    rewards: Tensor, values: Tensor, last: Tensor, terminated: Tensor, discount: float, share: float
) -> Tensor:
    """Generalised advantages as sums of temporal differences, from the definition."""
    values = values.masked_fill(terminated, 0.0)
    found = torch.zeros(B, T, dtype=torch.float64)
    for item in range(B):
        for tick in range(T):
            weight, now = 1.0, tick
            while now < T and not last[item, now]:
                difference = rewards[item, now + 1] + discount * values[item, now + 1] - values[item, now]
                found[item, tick] += weight * difference
                weight, now = weight * discount * share, now + 1
    return found


@pytest.mark.parametrize("seed", range(3))
def test_n_step_returns_are_sums_of_rewards(seed: int) -> None:
    rewards, values, last, terminated = drawn(seed)
    found = lambda_returns(rewards, values, Ends(last, terminated), 0.9)
    torch.testing.assert_close(found, n_step(*drawn(seed), 0.9))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_lambda_returns_give_generalised_advantages(share: float) -> None:
    rewards, values, last, terminated = drawn()
    found = (
        lambda_returns(rewards, values, Ends(last, terminated), 0.9, share)
        - values.masked_fill(terminated, 0.0)[:, :-1]
    )
    torch.testing.assert_close(found, advantage(rewards, values, last, terminated, 0.9, share))


def test_each_cell_of_a_map_has_returns_of_its_own() -> None:
    rewards, values, last, terminated = drawn()
    maps = [torch.stack([value, -value], dim=-1)[..., None] for value in (rewards, values)]
    found = lambda_returns(maps[0], maps[1], Ends(last, terminated), 0.9)
    assert found.shape == (B, T, 2, 1)
    torch.testing.assert_close(found[..., 0, 0], lambda_returns(rewards, values, Ends(last, terminated), 0.9))
    torch.testing.assert_close(found[..., 1, 0], -found[..., 0, 0])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_returns_are_those_of_rlax() -> None:
    """pip install rlax, beside the extra `test`."""
    rlax = pytest.importorskip("rlax")
    rewards, values, last, terminated = drawn()
    last[:], terminated[:] = False, False
    terminated[:, 5] = last[:, 5] = True
    for item in range(B):
        discounts = 0.9 * (~terminated[item, 1:]).numpy()
        ours = lambda_returns(rewards, values, Ends(last, terminated), 0.9, 0.8)[item]
        theirs = rlax.lambda_returns(rewards[item, 1:].numpy(), discounts, values[item, 1:].numpy(), 0.8)
        decided = ~last[item, :-1]
        torch.testing.assert_close(ours[decided].float(), torch.tensor(theirs.tolist())[decided], rtol=1e-4, atol=1e-5)
