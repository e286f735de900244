from __future__ import annotations

import numpy as np
import pytest

from learners.agents.tabular import Tabular, _Learners
from physim.errors import PhysimError
from physim.problems import Problem
from worlds.grids import drawn, grid


def fixed_point(problem: Problem, temperature: float) -> np.ndarray:
    """The policy that is the softmax of its own values over a temperature, by damped iteration."""
    policy = np.full(problem.rewards.shape, 1 / problem.actions)
    for _ in range(3_000):
        worths = problem.action_values(problem.values(policy)) / temperature
        wanted = np.exp(worths - worths.max(-1, keepdims=True))
        policy = 0.98 * policy + 0.02 * wanted / wanted.sum(-1, keepdims=True)
    return policy


def test_at_the_fixed_point_the_policy_implies_its_own_values() -> None:
    """Equation 7 of arXiv:1611.01626; and the residual of the optimal equation goes with the temperature."""
    problem, residuals = drawn(1), []
    for temperature in (1.0, 0.3, 0.1):
        policy = fixed_point(problem, temperature)
        values = problem.values(policy)
        truth = problem.action_values(values)
        entropy = -(policy * np.log(policy)).sum(-1, keepdims=True)
        implied = temperature * (np.log(policy) + entropy) + values[:, None]
        np.testing.assert_allclose(implied, truth, atol=1e-6)
        residuals.append(np.abs(problem.action_values(truth.max(-1)) - truth).max())
        assert residuals[-1] <= problem.discount * temperature * np.log(problem.actions)
    assert residuals[0] > residuals[1] > residuals[2]


def expected(problem: Problem, temperature: float, rounds: int, rate: float) -> _Learners:
    """A learner after updates that are the means of ours over all transitions of its policy, each state alike."""
    states, actions = problem.rewards.shape
    kinds = [each.ravel() for each in np.meshgrid(*map(np.arange, (states, actions, states)), indexing="ij")]
    state, action, after = (np.asarray(each) for each in kinds)
    many = _Learners(Tabular("pgq", rate, temperature), problem, 1, len(state), 0)
    for _ in range(rounds):
        weights = many.policy[0][state, action] * problem.chances[state, action, after]
        logits, values = many.logits[0].copy(), many.values[0].copy()
        found = [logits.copy(), values.copy()]
        for update in (many._improve, many._fit):
            update(state, action, after)
            found[0] += np.tensordot(weights, many.logits - logits, 1)
            found[1] += np.tensordot(weights, many.values - values, 1)
            many.logits[:], many.values[:] = logits, values
        many.logits[:], many.values[:] = found
    return many


def test_pgqs_fixed_point_is_halfway_between_the_policys_equation_and_the_best_ones() -> None:
    """Q~ = (1 - eta) T_pi Q~ + eta T* Q~, eta = 1/2 (section 4.1, its critic by temporal differences)."""
    problem, residuals = drawn(1), []
    for temperature in (4.0, 2.0, 1.0):
        found = expected(problem, temperature, 2000, 0.5)
        policy, values = found.policy[0], found.values[0]
        logs = np.log(policy)
        implied = temperature * (logs - (policy * logs).sum(-1, keepdims=True)) + values[:, None]
        ours, best = problem.action_values(values), problem.action_values(implied.max(-1))
        np.testing.assert_allclose(implied, (ours + best) / 2, atol=1e-6)
        residuals.append(np.abs(best - implied).max())
        assert residuals[-1] <= problem.discount * temperature * np.log(problem.actions) / 2  # half that of either
    assert residuals[0] > residuals[1] > residuals[2]


def test_together_they_are_better_than_either() -> None:
    """arXiv:1611.01626, section 4.4: the mean worth over the first three thousand steps, ten seeds."""
    found = {
        method: float(Tabular(method).run(grid(), 3000, 10).mean()) for method in ("actor_critic", "q_learning", "pgq")
    }
    assert found["pgq"] > found["actor_critic"] > found["q_learning"]
    assert found["pgq"] == pytest.approx(0.59, abs=0.03)


def test_a_seed_learns_the_same_alone_and_beside_others() -> None:
    many, alone = Tabular().run(grid(), 200, 4), Tabular().run(grid(), 200, 1, first=2)
    np.testing.assert_array_equal(many[2], alone[0])


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(PhysimError, match="method is 'sarsa', wanted one of actor_critic, q_learning, pgq"):
        Tabular("sarsa")
