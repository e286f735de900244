from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from physim.errors import PhysimError
from physim.problems import Problem
from worlds.grids import drawn, four_rooms, grid


def iterated(problem: Problem, policy: np.ndarray) -> np.ndarray:
    values = np.zeros(problem.states)
    for _ in range(2000):
        values = (policy * problem.action_values(values)).sum(-1)
    return values


@pytest.mark.parametrize("problem", [drawn(0), grid(), four_rooms()])
def test_values_are_the_fixed_point_of_their_equation(problem: Problem) -> None:
    policy = np.random.default_rng(0).dirichlet(np.ones(problem.actions), problem.states)
    np.testing.assert_allclose(problem.values(policy), iterated(problem, policy), atol=1e-9)
    both = problem.values(np.stack([policy, policy[::-1]]))
    np.testing.assert_allclose(both[0], problem.values(policy))


@pytest.mark.parametrize("problem", [drawn(3), grid(), four_rooms()])
def test_nothing_is_better_than_the_best(problem: Problem) -> None:
    best = problem.best()
    np.testing.assert_allclose(best, problem.action_values(best).max(-1) * ~problem.ends, atol=1e-9)
    policies = np.random.default_rng(0).dirichlet(np.ones(problem.actions), (50, problem.states))
    assert (problem.worth(policies) <= best @ problem.start + 1e-9).all()


def test_the_grid_pays_once_at_its_end() -> None:
    problem = grid(6, 4, discount=0.95)
    assert problem.best()[0] == pytest.approx(0.95**7)  # eight steps, of which the last pays
    assert problem.best()[-1] == 0
    with pytest.raises(PhysimError, match=r"wanted a way from \(0, 0\) to \(5, 3\)"):
        grid(walls=[(1, 0), (0, 1)])


def test_what_does_not_add_up_is_refused() -> None:
    with pytest.raises(PhysimError, match="chances add up to other than 1"):
        replace(drawn(0), chances=drawn(0).chances * 2)
    with pytest.raises(PhysimError, match=r"ends has the shape \[3\], wanted \[8\]"):
        replace(drawn(0), ends=np.zeros(3, bool))
