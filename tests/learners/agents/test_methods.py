from __future__ import annotations

from typing import Any

import pytest
import torch

from learners.agents.environments import Environments, recipe_of
from learners.agents.graphs import agent
from learners.agents.learning import Learner, Learning
from learners.agents.losses import ImpliedValues, PolicyGradient
from learners.agents.losses.base import FRESH, REPLAYED
from learners.agents.methods import (
    A3C,
    ACER,
    AUXILIARY,
    IMPALA,
    PGQ,
    UNREAL,
    ACERContinuous,
    Method,
    heads_of,
    losses_of,
)
from learners.agents.transports import Playing
from physim.errors import PhysimError

POLE, PUSHED = Environments("CartPole-v1", 2), Environments("worlds:physim/Reacher-v0", 2, {"seconds": 1.0})


def recipe(environments: Environments, method: Method, **settings: Any) -> dict[str, Any]:
    """A small feed-forward agent for a method."""
    heads = heads_of((), method)
    return recipe_of(environments.make()) | {"cores": (), "told": False, "features": 8, "heads": heads} | settings


@pytest.mark.parametrize(
    ("method", "environments"),
    [
        (A3C(), POLE),
        (IMPALA(), POLE),
        (IMPALA(replayed=True), POLE),
        (PGQ(), POLE),
        (PGQ(share=1.0), POLE),
        (ACER(), POLE),
        (ACER(region=None, replayed=False), POLE),
        (ACERContinuous(), PUSHED),
        (ACERContinuous(region=None, duelling="plain_worths"), PUSHED),
    ],
    ids=str,
)
def test_every_method_moves_its_policy(method: Method, environments: Environments) -> None:
    playing = Playing(environments, recipe(environments, method), ticks=10)
    actor = playing.actor()
    net = agent(**playing.recipe)
    learner = Learner(net, losses_of((), method)(net), Learning(replay=30, begin=0.5, sequences=2))
    before = net.policy.weight.detach().clone()
    told: dict[str, float] = {}
    for _ in range(4):
        told |= learner.update(actor.unroll(10))
    assert {loss.name for loss in learner.losses} <= set(told)
    assert not torch.equal(net.policy.weight, before)


def test_pgq_lies_between_a3c_and_q_learning() -> None:
    net = agent(**recipe(POLE, PGQ()))
    streams = {share: [loss.stream for loss in PGQ(share=share).losses(net)] for share in (0.0, 0.5, 1.0)}
    assert streams == {0.0: [FRESH, FRESH], 0.5: [FRESH, FRESH, REPLAYED], 1.0: [REPLAYED]}
    weights = {share: [loss.weight for loss in PGQ(share=share).losses(net)] for share in (0.0, 0.25)}
    assert weights == {0.0: [1.0, 0.5], 0.25: [0.75, 0.375, 0.25]}
    policy, _, implied = PGQ(entropy=0.02).losses(net)
    assert isinstance(policy, PolicyGradient)
    assert isinstance(implied, ImpliedValues)
    assert policy.entropy == implied.temperature == 0.02
    for share in (-0.1, 1.1):
        with pytest.raises(PhysimError, match=f"share is {share}, wanted from 0 to 1"):
            PGQ(share=share)
    with pytest.raises(PhysimError, match="entropy must be above 0, got 0"):
        PGQ(entropy=0)


def test_what_is_no_method_is_refused() -> None:
    with pytest.raises(PhysimError, match=r"method is the class ACER, wanted one of it: ACER\(\)"):
        losses_of((), ACER)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="losses is 'pixel_control', wanted several"):
        heads_of("pixel_control")


def test_both_parts_of_pgq_move_values_by_their_errors_alike() -> None:
    net = agent(**recipe(POLE, PGQ()))
    logits, worth = torch.zeros(1, 2, 2), torch.zeros(1, 2, 1, requires_grad=True)
    told = {"reset": [0, 0], "last": [0, 1], "terminated": [0, 1]}
    ticks = {name: torch.tensor([values], dtype=torch.bool) for name, values in told.items()}
    ticks |= {"action": torch.zeros(1, 2, dtype=torch.int64), "reward": torch.tensor([[0.0, 1.0]])}  # an error of 1
    sizes = {}
    for share in (0.25, 0.5):
        _, values, implied = PGQ(share=share, entropy=1e-9).losses(net)
        (ours,) = torch.autograd.grad(values.value((worth,), ticks), worth)
        (theirs,) = torch.autograd.grad(implied.value((logits, worth), ticks), worth)
        sizes[share] = float(ours.sum()), float(theirs.sum())
    assert sizes == {0.25: pytest.approx((-0.375, -0.125)), 0.5: pytest.approx((-0.25, -0.25))}
    assert [loss.name for loss in PGQ(share=0.0).losses(net)] == [loss.name for loss in A3C().losses(net)]


def test_losses_are_added_by_name() -> None:
    assert heads_of(UNREAL) == ("pixel_control", "reward_prediction")
    assert heads_of(UNREAL, ACER()) == ("action_values", "pixel_control", "reward_prediction")
    assert set(UNREAL) < set(AUXILIARY)
    with pytest.raises(PhysimError, match="losses: got 'sleep', wanted some of pixel_control"):
        heads_of(("sleep",))
    with pytest.raises(PhysimError, match="losses: got 'sleep', wanted some of pixel_control"):
        losses_of(("sleep",))
    with pytest.raises(PhysimError, match="two of depth_1, depth_number learn by one head"):
        heads_of(("depth_1", "depth_number"))
