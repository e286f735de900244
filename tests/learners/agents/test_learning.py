"""What a learner does around its losses, by losses that note what they are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import combinations, pairwise
from statistics import fmean, pvariance
from typing import Any

import pytest
import torch
from torch import Tensor

from learners.agents.graphs import POLICY, agent
from learners.agents.learning import Learner, Learning, values_on
from learners.agents.losses import AgentLoss
from learners.agents.losses.base import FRESH, REPLAYED, SKEWED
from learners.agents.modules import TRIES
from learners.agents.unrolls import (
    ACTION,
    AVERAGE_POLICY,
    BEHAVIOUR,
    LAST,
    NEXT_REWARD,
    RESET,
    REWARD,
    TERMINATED,
    TRIED,
    Ticks,
    Unroll,
)
from physim.errors import PhysimError
from physim.graph import ModuleGraph

B, T, A = 2, 4, 3
SETTINGS: dict[str, Any] = {
    "rate": 0.05,
    "replay": 12,
    "begin": 0.5,
    "sequences": 3,
    "foreseen": 3,
    "average_decay": 0.75,
}
"""Steps that are seen, and a replay that is full after three unrolls."""


class Noting(AgentLoss):
    """Draws what the policy says to 1, and notes what it is given."""

    streams = (FRESH, REPLAYED, SKEWED)

    def __init__(self, net: ModuleGraph, stream: str = FRESH) -> None:
        super().__init__(f"noting_{stream}", net, (POLICY,), 1.0, stream)
        self.given: list[Ticks] = []
        self.policies: list[Tensor] = []
        self.compare: Callable[[Ticks], None] | None = None

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        self.given.append({name: value.clone() for name, value in ticks.items()})
        self.policies.append(values[0].detach().clone())
        if self.compare is not None:
            self.compare(self.given[-1])
        return (values[0] - 1).square().mean()


class Near(Noting):
    """Is told of the average policy, too."""

    wants = (AVERAGE_POLICY,)


def small(continuous: bool = False, cores: tuple[int, ...] = ()) -> ModuleGraph:
    torch.manual_seed(0)
    heads = ("duelling",) if continuous else ()
    return agent({"vector": (2,)}, A, cores, bool(cores), 4, heads, continuous=continuous)


def policy_of(net: ModuleGraph, ticks: Ticks) -> Tensor:
    with torch.no_grad():
        return values_on(net, [net[POLICY]], ticks)[net[POLICY]]


def unroll(net: ModuleGraph, number: int = 0, continuous: bool = False) -> Unroll:
    """What a graph without memory may have decided; every reward is 2."""
    random = torch.Generator().manual_seed(number)
    never = torch.zeros(B, T + 1, dtype=torch.bool)
    first = never.clone()
    first[:, 0] = number == 0
    numbers = torch.randn(B, T + 1, A, generator=random)
    ticks = {
        "vector": torch.randn(B, T + 1, 2, generator=random),
        ACTION: numbers if continuous else numbers.argmax(-1),
        BEHAVIOUR: numbers,
        REWARD: torch.full((B, T + 1), 2.0),
        RESET: first,
        LAST: never,
        TERMINATED: never,
    }
    told = policy_of(net, ticks) if not net.remembers else numbers
    return Unroll(ticks | {BEHAVIOUR: told if continuous else told.log_softmax(-1)}, {}, number=number)


def test_an_update_moves_the_average_part_of_the_way_to_the_weights() -> None:
    net = small()
    before = deepcopy(net.state_dict())
    learner = Learner(net, [Near(net)], Learning(**SETTINGS))
    assert learner.average is not None
    learner.update(unroll(net))
    after, average = net.state_dict(), learner.average.shadow.state_dict()
    for name in ("policy.weight", "policy.bias", "features.0.weight"):
        assert not torch.equal(average[name], before[name])
        assert not torch.equal(average[name], after[name])
        torch.testing.assert_close(average[name], 0.75 * before[name] + 0.25 * after[name])


def test_losses_are_told_the_average_policy_not_the_present_one() -> None:
    net = small()
    losses = [Near(net), Near(net, REPLAYED)]
    learner = Learner(net, losses, Learning(**SETTINGS, ratio=2.0))
    apart = []

    def compare(ticks: Ticks) -> None:
        assert learner.average is not None
        torch.testing.assert_close(ticks[AVERAGE_POLICY], policy_of(learner.average.shadow, ticks))
        apart.append(float((ticks[AVERAGE_POLICY] - policy_of(net, ticks)).abs().max()))

    for loss in losses:
        loss.compare = compare
    for number in range(6):
        learner.update(unroll(net, number))
    assert len(losses[1].given) > 2
    assert apart[0] == 0  # nothing moved yet
    assert min(apart[1:]) > 1e-3


def test_actions_are_tried_by_other_chances_at_every_update() -> None:
    net = small(continuous=True)
    losses = [Noting(net), Noting(net, REPLAYED)]
    learner = Learner(net, losses, Learning(**SETTINGS, ratio=2.0, repeats=2))
    told = unroll(net, continuous=True)
    for _ in range(6):
        learner.update(told)
    tried = [ticks[TRIED] for loss in losses for ticks in loss.given]
    assert len(losses[0].given) == 12
    assert len(losses[1].given) > 2
    assert all(each.shape[1:] == (T + 1, TRIES, A) for each in tried)
    assert not any(torch.equal(one[0], other[0]) for one, other in combinations(tried, 2))
    numbers = torch.cat([each.flatten() for each in tried])
    assert float(numbers.mean()) == pytest.approx(0, abs=0.05)
    assert float(numbers.std()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("ratio", [None, 2.0])
def test_rewards_are_scaled_once_on_every_stream(ratio: float | None) -> None:
    net = small()
    losses = [Noting(net, stream) for stream in (FRESH, REPLAYED, SKEWED)]
    learner = Learner(net, losses, Learning(**SETTINGS, ratio=ratio, repeats=2, reward_scale=0.25))
    for number in range(6):
        learner.update(unroll(net, number))
    for loss in losses:
        assert len(loss.given) > 2
        assert all((ticks[REWARD] == 0.5).all() for ticks in loss.given)
    assert all((ticks[NEXT_REWARD] == 0.5).all() for ticks in losses[2].given)


def test_an_agent_reads_rewards_as_they_came_whatever_their_scale_for_losses() -> None:
    net = small(cores=(4,))
    loss = Noting(net)
    told = unroll(net)
    wanted = policy_of(net, told.ticks)
    Learner(net, [loss], Learning(**SETTINGS, reward_scale=0.25)).update(told)
    torch.testing.assert_close(loss.policies[0], wanted)


@pytest.mark.parametrize("continuous", [False, True])
def test_who_acted_is_remembered_not_found_again(continuous: bool) -> None:
    """What is replayed tells the policy that decided, after the weights moved, too."""
    net = small(continuous)
    acted = deepcopy(net)
    loss = Noting(net, REPLAYED)
    learner = Learner(net, [loss], Learning(**SETTINGS, ratio=3.0))
    for number in range(6):
        learner.update(unroll(acted, number, continuous))
    assert len(loss.given) > 5
    for ticks in loss.given:
        then, now = (policy_of(one, ticks) for one in (acted, net))
        told = ticks[BEHAVIOUR]
        torch.testing.assert_close(told, then if continuous else then.log_softmax(-1))
        assert float((told - (now if continuous else now.log_softmax(-1))).abs().max()) > 0.01


def test_updates_from_replay_are_so_many_by_poissons_distribution() -> None:
    """Its variance is its mean: that of a number that is always the same is 0, of a geometric one 6."""
    net = small()
    learner = Learner(net, [Noting(net, REPLAYED)], Learning(**SETTINGS, ratio=2.0))
    versions = []
    for number in range(402):
        learner.update(unroll(net, min(number, 1)))
        versions.append(learner.version)
    counts = [after - before for before, after in pairwise(versions[1:])]
    assert fmean(counts) == pytest.approx(2, abs=0.25)
    assert pvariance(counts) == pytest.approx(2, abs=0.5)
    assert counts.count(0) / len(counts) == pytest.approx(math.exp(-2), abs=0.06)


class Cut(Noting):
    """Has no gradient."""

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Tensor:
        return super().error(values, ticks).detach()


def test_losses_that_could_teach_nothing_are_refused() -> None:
    net = small()
    with pytest.raises(PhysimError, match="ratio is 0, but noting_replayed learn from what is replayed"):
        Learner(net, [Noting(net), Noting(net, REPLAYED)], Learning(ratio=0))
    with pytest.raises(PhysimError, match="noting_fresh has no gradient: it was cut off"):
        Learner(net, [Cut(net)], Learning()).update(unroll(net))
