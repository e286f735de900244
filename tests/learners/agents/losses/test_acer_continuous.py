from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from learners.agents.environments import Environments, recipe_of
from learners.agents.graphs import agent
from learners.agents.learning import Learning
from learners.agents.losses import (
    AcerContinuousCritic,
    AcerContinuousPolicy,
    AgentLoss,
    PixelControl,
    PolicyGradient,
    Values,
)
from learners.agents.losses.acer_continuous import ratios
from learners.agents.losses.base import FRESH, REPLAYED
from learners.agents.modules import DEVIATION, TRIES, StochasticDuelling
from learners.agents.off_policy import retrace, within_region
from learners.agents.returns import ends_of
from learners.agents.training import Training, TrainingSettings
from learners.agents.transports import Playing
from learners.agents.unrolls import ACTION, AVERAGE_POLICY, BEHAVIOUR, LAST, REWARD, TERMINATED
from physim.errors import PhysimError
from physim.graph import ModuleGraph

B, T, A = 3, 5, 2
NET = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3, heads=("duelling",), continuous=True)


def drawn() -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """Means, values, worths of what was done and of another action, that action; and ticks."""
    random = torch.Generator().manual_seed(0)

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return scale * torch.randn(*shape, generator=random, dtype=torch.float64)

    last = torch.zeros(B, T + 1, dtype=torch.bool)
    last[0, 2] = last[1, 3] = True
    terminated = torch.zeros_like(last)
    terminated[1, 3] = True
    means = normal(B, T + 1, A)
    ticks = {
        ACTION: means + normal(B, T + 1, A, scale=0.3),
        BEHAVIOUR: means + normal(B, T + 1, A, scale=0.3),
        AVERAGE_POLICY: means + normal(B, T + 1, A, scale=0.1),
        REWARD: normal(B, T + 1),
        LAST: last,
        TERMINATED: terminated,
    }
    other = means + normal(B, T + 1, A, scale=0.3)
    values = (means, normal(B, T + 1, 1), normal(B, T + 1, 1), normal(B, T + 1, 1), other)
    return tuple(value.requires_grad_() for value in values), ticks


def test_ratios_are_those_of_densities() -> None:
    values, ticks = drawn()
    logs = [Normal(m, DEVIATION).log_prob(ticks[ACTION]).sum(-1) for m in (values[0], ticks[BEHAVIOUR])]
    torch.testing.assert_close(ratios(values[0], ticks, ticks[ACTION]), (logs[0] - logs[1]).exp())


def test_the_critic_fits_retrace_and_v_its_corrected_target() -> None:
    values, ticks = drawn()
    AcerContinuousCritic(NET, discount=0.9).value(values[:3], ticks).backward()
    ratio = ratios(values[0].detach(), ticks, ticks[ACTION])
    value, worth = values[1].detach()[..., 0], values[2].detach()[..., 0]
    traces = ratio.sqrt().clamp(max=1)  # 1 / A, A = 2
    returns = retrace(ticks[REWARD], value, worth, traces, ends_of(ticks), 0.9)
    decided = ~ticks[LAST][:, :-1]
    surprise = (returns - worth[:, :-1]) * decided / decided.sum()
    assert values[1].grad is not None
    assert values[2].grad is not None
    torch.testing.assert_close(values[2].grad[:, :-1, 0], -surprise)
    torch.testing.assert_close(values[1].grad[:, :-1, 0], -ratio[:, :-1].clamp(max=1) * surprise)
    assert values[0].grad is None or not values[0].grad.any()


@pytest.mark.parametrize("truncation", [0.5, 5.0, math.inf])
def test_the_policy_follows_its_equation_within_its_region(truncation: float) -> None:
    """Equation 11 by autograd of log-densities."""
    values, ticks = drawn()
    means = values[0].detach().clone().requires_grad_()
    value, worth = values[1].detach()[..., 0], values[2].detach()[..., 0]
    ones = torch.ones(B, T + 1, dtype=torch.float64)
    returns = retrace(ticks[REWARD], value, worth, ones, ends_of(ticks), 0.9)
    other = values[4].detach()
    logs, tried = (Normal(means, DEVIATION).log_prob(each).sum(-1)[:, :-1] for each in (ticks[ACTION], other))
    ratio, beyond = (ratios(values[0].detach(), ticks, each)[:, :-1] for each in (ticks[ACTION], other))
    gains = ratio.clamp(max=truncation) * (returns - value[:, :-1]) * logs
    gains = gains + (1 - truncation / beyond).clamp(min=0) * (values[3].detach()[:, :-1, 0] - value[:, :-1]) * tried
    gains.sum().backward()
    assert means.grad is not None
    free = AcerContinuousPolicy(NET, truncation, None, 0.9).step(values, ticks)
    torch.testing.assert_close(free, means.grad[:, :-1])
    outwards = (values[0].detach() - ticks[AVERAGE_POLICY])[:, :-1] / DEVIATION**2  # of the divergence
    held = AcerContinuousPolicy(NET, truncation, 0.2, 0.9).step(values, ticks)
    torch.testing.assert_close(held, within_region(free, outwards, 0.2))
    assert ((outwards * held).sum(-1) <= 0.2 + 1e-9).all()


def test_stochastic_duelling_has_the_mean_that_the_value_says() -> None:
    """Over actions and chances of the policy, the mean of Q is V."""
    torch.manual_seed(0)
    module = StochasticDuelling(3, A).double()
    count = 40_000
    core, value, means = (torch.randn(1, size).double().expand(count, -1) for size in (3, 1, A))
    action = means + DEVIATION * torch.randn(count, A).double()
    worth, other, tried = module(core, value, means, action, torch.randn(count, TRIES, A).double())
    for found in (worth, other):
        torch.testing.assert_close(found.mean().detach(), value[0, 0], atol=0.01, rtol=0)
    again = module(core[:1], value[:1], means[:1], tried[:1], torch.zeros(1, TRIES, A).double())
    assert again[0].shape == (1, 1)


def duelled() -> tuple[StochasticDuelling, list[Tensor]]:
    """A module, and what it reads: core, value, means, action and chances."""
    torch.manual_seed(0)
    shapes = ((4, 3), (4, 1), (4, A), (4, A), (4, TRIES, A))
    return StochasticDuelling(3, A).double(), [torch.randn(shape).double().requires_grad_() for shape in shapes]


def test_worths_are_those_of_the_equation_over_five_that_are_tried_beside_the_compared_one() -> None:
    """Q(x, a) = V(x) + A(x, a) - mean of A(x, u_i), i = 1..5 (arXiv:1611.01224, section 4.1)."""
    module, read = duelled()
    core, value, means, action, tried = read

    def advantage(action: Tensor) -> Tensor:
        return module.advantage(torch.cat([core, action], -1))

    drawn = means[:, None] + 0.3 * tried
    mean = torch.stack([advantage(drawn[:, number]) for number in (1, 2, 3, 4, 5)]).mean(0)
    worth, other, compared = module(*read)
    torch.testing.assert_close(worth, value + advantage(action) - mean)
    torch.testing.assert_close(other, value + advantage(drawn[:, 0]) - mean)
    torch.testing.assert_close(compared, drawn[:, 0])
    (found,) = torch.autograd.grad(worth.sum(), tried)
    assert not found[:, 0].any()  # the compared one is none of those that are averaged
    assert found[:, 1:].any(-1).all()


def test_no_gradient_of_a_worth_reaches_the_policys_means() -> None:
    """But value, core and advantage are reached."""
    module, read = duelled()
    core, value, means, *_ = read
    *worths, compared = module(*read)
    for worth in worths:
        reached = [core, value, next(module.parameters())]
        assert all(each.any() for each in torch.autograd.grad(worth.sum(), reached, retain_graph=True))
    for told in (*worths, compared):
        (found,) = torch.autograd.grad(told.sum(), means, retain_graph=True, allow_unused=True)
        assert found is None or not found.any()
    net = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3, heads=("duelling",), continuous=True)
    inputs = {"vector": torch.randn(4, 2), "action": torch.randn(4, A), "tried": torch.randn(4, TRIES, A)}
    worth = net(inputs, outputs=[net["duelling"]])
    (found,) = torch.autograd.grad(worth.sum(), net.get_parameter("policy.weight"), allow_unused=True)
    assert found is None or not found.any()


def test_losses_are_for_one_kind_of_actions() -> None:
    with pytest.raises(PhysimError, match="policy_gradient is for agents that choose among actions"):
        PolicyGradient(NET)
    choosing = agent(sees={"vector": (2,)}, actions=A, cores=(), features=3, heads=("duelling",))
    with pytest.raises(PhysimError, match="acer_critic_fresh is for agents that tell numbers"):
        AcerContinuousCritic(choosing)
    sees = {"image": (42, 42, 3)}
    telling = agent(sees=sees, actions=A, cores=(), features=3, heads=("pixel_control",), continuous=True)
    with pytest.raises(PhysimError, match="pixel_control is for agents that choose among actions"):
        PixelControl(telling)
    Values(NET)


def test_numbers_are_learned_from_replay() -> None:
    env = Environments("worlds:physim/Reacher-v0", 3, {"seconds": 1.0})
    recipe = recipe_of(env.make()) | {"cores": (), "features": 16, "heads": ("duelling",)}

    def acer(net: ModuleGraph) -> list[AgentLoss]:
        both = AcerContinuousPolicy, AcerContinuousCritic
        return [loss(net, stream=stream) for loss in both for stream in (FRESH, REPLAYED)]

    learning = Learning(replay=60, ratio=2.0, begin=0.5, sequences=3)
    training = Training(Playing(env, recipe, ticks=10), acer, learning, TrainingSettings(600, points=2))
    row = training.run(progress=False)[-1]
    assert {"acer_policy_replayed", "acer_critic_fresh", "score"} <= set(row)
    assert all(math.isfinite(value) for value in row.values())
