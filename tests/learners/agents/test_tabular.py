from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import Tensor

from learners.agents.graphs import decide
from learners.agents.learning import values_on
from learners.agents.losses.base import FRESH
from learners.agents.methods import PGQ
from learners.agents.tabular import Tabular, _Learners
from learners.agents.unrolls import ACTION, LAST, RESET, REWARD, TERMINATED
from physim.arrays import Floats
from physim.errors import PhysimError
from physim.graph import ModuleGraph
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


def pgqs_fixed_point(
    problem: Problem, share: float, temperature: float, implied: Floats | None = None
) -> tuple[Floats, Floats]:
    """Q~ = (1 - share) Q_pi + share T* Q~ and Q_pi, pi = softmax(Q~ / temperature), by damped iteration."""
    found = np.zeros_like(problem.rewards) if implied is None else implied
    policy = softmax(found / temperature, -1)
    for _ in range(4000):
        worths = problem.action_values(problem.values(policy))
        before, found = found, (1 - share) * worths + share * problem.action_values(found.max(-1))
        wanted = softmax(found / temperature, -1)
        if max(np.abs(found - before).max(), np.abs(wanted - policy).max()) < 1e-12:
            break
        policy = policy + min(0.5, 0.3 * temperature) * (wanted - policy)
    return found, problem.action_values(problem.values(softmax(found / temperature, -1)))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("seed", [0, 3])
def test_pgqs_fixed_point_comes_to_the_policys_values_and_the_best_ones_with_the_temperature(
    seed: int, share: float
) -> None:
    """Section 4.2 of arXiv:1611.01626, by exact values of the policy.

    max Q~ - E_pi Q~ is at most temperature log A; what is asserted of the rest follows from it.
    """
    problem, implied, sizes = drawn(seed), None, []
    for temperature in (1.0, 0.3, 0.1, 0.03):
        implied, truth = pgqs_fixed_point(problem, share, temperature, implied)
        best = problem.action_values(implied.max(-1))
        np.testing.assert_allclose(implied, (1 - share) * truth + share * best, atol=1e-8)
        apart, residual = np.abs(implied - truth).max(), np.abs(problem.action_values(truth.max(-1)) - truth).max()
        most = share * problem.discount * temperature * np.log(problem.actions) / (1 - share * problem.discount)
        assert apart <= most + 1e-9
        assert residual <= (problem.discount + 1 / share) * most + 1e-9
        sizes.append((apart, residual))
    for colder, warmer in pairwise(reversed(sizes)):
        assert colder[0] < warmer[0]
        assert colder[1] < warmer[1]
    assert max(sizes[-1]) < 0.02 * max(sizes[0])


def gradient(net: ModuleGraph, problem: Problem, method: PGQ, truth: Floats) -> dict[str, Tensor]:
    """The mean gradient of a method's losses over all transitions of the policy, by weights; each state alike."""
    weight = net.get_parameter("policy.weight")
    policy = weight.detach().T.softmax(-1)
    total = torch.zeros((), dtype=weight.dtype)
    for loss in method.losses(net):
        for state, action in np.ndindex(problem.rewards.shape):
            for after in range(problem.states):
                told = loss.stream == FRESH  # an exact return: the episode ends, and that is what it brought
                ticks = {
                    "vector": torch.eye(problem.states, dtype=weight.dtype)[[state, after]][None],
                    ACTION: torch.tensor([[action, 0]]),
                    REWARD: torch.tensor([[0.0, (truth if told else problem.rewards)[state, action]]]).double(),
                    RESET: torch.zeros(1, 2, dtype=torch.bool),
                    LAST: torch.tensor([[False, told]]),
                    TERMINATED: torch.tensor([[False, told]]),
                }
                chance = float(policy[state, action] * problem.chances[state, action, after])
                total = total + chance * loss.among(values_on(net, loss.ports, ticks), ticks)
    weights = {name: net.get_parameter(name) for name in ("policy.weight", "value.weight")}
    return dict(zip(weights, torch.autograd.grad(total, list(weights.values())), strict=True))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_at_pgqs_fixed_point_the_losses_move_nothing(share: float) -> None:
    """Equation 16: (1 - eta) E[(Q_pi - Q~) d] + eta E[(T* Q~ - Q~) d], d the gradients of log pi and of V, is 0 there.

    And not at A3C's, of which Q~ = Q_pi. The agent is a table: it reads which state it is in.
    """
    problem = drawn(2, states=4)
    for temperature, mine in ((1.0, True), (0.3, True), (0.3, False)):
        implied, truth = pgqs_fixed_point(problem, share if mine else 0.0, temperature)
        logits = implied / temperature
        net = ModuleGraph()
        decide(net, (net.input("vector"), problem.states), problem.actions)
        net.double()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.zero_()
            net.get_parameter("policy.weight").copy_(torch.from_numpy(logits.T))
            values = (softmax(logits, -1) * implied).sum(-1)
            net.get_parameter("value.weight").copy_(torch.from_numpy(values[None]))
        found = gradient(net, problem, PGQ(problem.discount, temperature, 0.7, share), truth)
        for each in found.values():
            assert (each.abs().max() < 1e-8) if mine else (each.abs().max() > 1e-3)


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
