from __future__ import annotations

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

from learners.planning import ByGradient, Futures, Planner, Sampled
from learners.planning.planner import rest
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from worlds.steering import Steering

HOLD = 15


@pytest.fixture(scope="module")
def futures() -> Futures:
    """What the shipped engine of balls foresees."""
    return Futures(LearnedEngine.load("balls"), Steering("balls", hold=HOLD, balls=2).largest, HOLD)


def begun(seed: int = 90_003) -> Steering:
    """Two balls, at the start of an episode."""
    env = Steering("balls", hold=HOLD, balls=2)
    env.reset(seed=seed)
    return env


def test_what_is_foreseen_comes_true(futures: Futures) -> None:
    env = begun()
    scene, goal, plan = env.scene, env.goal, torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    costs = futures.costs(scene, goal, plan.double())
    rewards = [env.step(action.numpy())[1] for action in plan[1]]
    assert float(costs[1]) == pytest.approx(-np.mean(rewards), rel=0.01)


def test_gradients_of_costs_are_those_of_finite_differences(futures: Futures) -> None:
    env = begun()
    plan = torch.full((1, 3, 4), 0.1, dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(futures.costs(env.scene, env.goal, plan).sum(), plan)
    for place in ((0, 0, 0), (0, 1, 1), (0, 2, 0)):
        sides = []
        for sign in (1, -1):
            moved = plan.detach().clone()
            moved[place] += sign * 0.05
            sides.append(float(futures.costs(env.scene, env.goal, moved)))
        assert float(found[place]) == pytest.approx((sides[0] - sides[1]) / 0.1, rel=0.05, abs=1e-4)


def test_a_ball_is_steered_nearer_to_its_goal_than_it_goes_alone(futures: Futures) -> None:
    env = Steering("balls", hold=50, decisions=12, balls=2)
    planned = Sampled(replace(futures, hold=50), 3, count=12, elite=3, rounds=2).steer(env, 90_003)
    env.reset(seed=90_003)
    alone = [env.step(np.zeros(4))[1] for _ in range(12)]
    assert len(planned) == 12
    assert np.mean(planned[6:]) > 0.5 * np.mean(alone[6:])  # rewards are distances below zero


@pytest.mark.parametrize("kind", [Sampled, ByGradient])
def test_a_plan_is_better_than_nothing_and_the_same_by_the_same_chance(futures: Futures, kind: type[Planner]) -> None:
    env = begun()
    settings = {"count": 16, "elite": 4, "rounds": 2} if kind is Sampled else {"count": 2, "rounds": 2}
    planner = kind(futures, 4, **settings)  # type: ignore[arg-type] # of either
    nothing = planner.begun(env.scene)
    plans = [planner.best(env.scene, env.goal, nothing, torch.Generator().manual_seed(1)) for _ in range(2)]
    assert torch.equal(*plans)
    assert plans[0].abs().max() <= 1
    costs = futures.costs(env.scene, env.goal, torch.stack([nothing, plans[0]]))
    assert costs[1] < 0.99 * costs[0]
    assert torch.equal(rest(plans[0])[:-1], plans[0][1:])


def test_plans_are_for_forces_that_are_held_as_long(futures: Futures) -> None:
    with pytest.raises(PhysimError, match="hold is 7 of the futures, but 15 of the environment"):
        Sampled(replace(futures, hold=7), 2, count=4, elite=2, rounds=1).steer(begun(), 0)
    with pytest.raises(PhysimError, match=r"largest is 41\.33\d* of the futures, but 20\.66\d* of the"):
        Sampled(replace(futures, largest=2 * futures.largest), 2, count=4, elite=2, rounds=1).steer(begun(), 0)
    with pytest.raises(PhysimError, match="largest must be above 0, got -1"):
        replace(futures, largest=-1)


def test_what_gymnasium_makes_is_steered_and_what_has_no_goal_is_not(futures: Futures) -> None:
    planner = Sampled(futures, 2, count=4, elite=2, rounds=1)
    made = gymnasium.make("worlds:physim/Steering-v0", world="balls", hold=HOLD, balls=2, decisions=3)
    assert planner.steer(made, 90_003) == planner.steer(Steering("balls", HOLD, 3, balls=2), 90_003)
    with pytest.raises(PhysimError, match="wanted what tells its scene and goal"):
        planner.steer(gymnasium.make("CartPole-v1"), 0)  # type: ignore[arg-type]


def test_what_is_no_planner_is_refused(futures: Futures) -> None:
    with pytest.raises(PhysimError, match="engine is a str, wanted LearnedEngine"):
        Futures("balls", 1.0, 1)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="rate must be above 0, got -1"):
        ByGradient(futures, rate=-1)
    with pytest.raises(PhysimError, match=r"elite is 2\.5, wanted a whole number"):
        Sampled(futures, elite=2.5)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="elite is 5, wanted no more than the count of 4"):
        Sampled(futures, count=4, elite=5)
