from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import Tensor

from learners.agents.graphs import agent
from learners.agents.losses import AcerPolicy
from learners.agents.off_policy import retrace, v_trace, within_region
from learners.agents.returns import Ends, lambda_returns
from learners.agents.unrolls import ACTION, AVERAGE_POLICY, BEHAVIOUR, LAST, REWARD, TERMINATED
from physim.arrays import Floats
from physim.problems import Problem
from worlds.grids import drawn

B, T = 4, 9


def ticks(seed: int = 0) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    rewards, values, taken = (torch.randn(B, T + 1, generator=random, dtype=torch.float64) for _ in range(3))
    last = torch.rand(B, T + 1, generator=random) < 0.2
    terminated = last & (torch.rand(B, T + 1, generator=random) < 0.5)
    ratios = torch.rand(B, T + 1, generator=random, dtype=torch.float64) * 3
    return {
        "rewards": rewards,
        "values": values,
        "taken": taken,
        "ratios": ratios,
        "last": last,
        "terminated": terminated,
    }


def slow_retrace(t: dict[str, Tensor], traces: Tensor, item: int, tick: int) -> float:
    """Q_t from the definition."""
    value = 0.0 if t["terminated"][item, tick + 1] else float(t["values"][item, tick + 1])
    found = float(t["rewards"][item, tick + 1]) + 0.9 * value
    if tick + 1 < T and not t["last"][item, tick + 1]:
        correction = slow_retrace(t, traces, item, tick + 1) - float(t["taken"][item, tick + 1])
        found += 0.9 * float(traces[item, tick + 1]) * correction
    return found


@pytest.mark.parametrize("clipped", [True, False])
def test_retrace_is_its_definition(clipped: bool) -> None:
    t = ticks()
    traces = t["ratios"].clamp(max=1) if clipped else torch.ones_like(t["ratios"])
    found = retrace(t["rewards"], t["values"], t["taken"], traces, Ends(t["last"], t["terminated"]), 0.9)
    for item in range(B):
        for tick in range(T):
            if not t["last"][item, tick]:
                assert float(found[item, tick]) == pytest.approx(slow_retrace(t, traces, item, tick))


def test_retrace_by_ones_own_policy_with_values_that_are_right_changes_nothing() -> None:
    """Where Q(s, a) = V everywhere and traces are 1, what is found is the n-step return."""
    t = ticks()
    found = retrace(t["rewards"], t["values"], t["values"], torch.ones(B, T + 1), Ends(t["last"], t["terminated"]), 0.9)
    wanted = lambda_returns(t["rewards"], t["values"], Ends(t["last"], t["terminated"]), 0.9)
    decided = ~t["last"][:, :-1]
    torch.testing.assert_close(found[decided], wanted[decided])


def slow_v_trace(t: dict[str, Tensor], item: int, tick: int) -> float:
    """v_t from the definition: V and a sum of discounted, weighted temporal differences."""
    values = t["values"].masked_fill(t["terminated"], 0.0)
    found, weight, now = float(values[item, tick]), 1.0, tick
    while now < T and not t["last"][item, now]:
        rho = min(1.0, float(t["ratios"][item, now]))
        difference = t["rewards"][item, now + 1] + 0.9 * values[item, now + 1] - values[item, now]
        found += weight * rho * float(difference)
        weight, now = weight * 0.9 * rho, now + 1
    return found


def test_v_trace_is_its_definition() -> None:
    t = ticks()
    targets, gains = v_trace(t["rewards"], t["values"], t["ratios"], Ends(t["last"], t["terminated"]), 0.9)
    values = t["values"].masked_fill(t["terminated"], 0.0)
    for item in range(B):
        for tick in range(T):
            assert float(targets[item, tick]) == pytest.approx(slow_v_trace(t, item, tick))
            if not t["last"][item, tick]:
                after = slow_v_trace(t, item, tick + 1) if tick + 1 < T else float(values[item, T])
                gain = float(t["rewards"][item, tick + 1]) + 0.9 * after - float(values[item, tick])
                assert float(gains[item, tick]) == pytest.approx(min(1.0, float(t["ratios"][item, tick])) * gain)


def nearest(gradient: Floats, outwards: Floats, radius: float) -> Floats:
    """The step of least distance to a gradient with outwards step <= radius, by a numerical solver."""
    constraint = {"type": "ineq", "fun": lambda step: radius - outwards @ step, "jac": lambda _: -outwards}
    solved: Floats = optimize.minimize(
        lambda step: ((step - gradient) ** 2).sum() / 2,
        np.zeros(len(gradient)),
        jac=lambda step: step - gradient,
        constraints=constraint,
        tol=1e-12,
    ).x
    return solved


@pytest.mark.parametrize("radius", [0.0, 0.3, 5.0])
def test_steps_within_a_region_are_the_nearest_that_are(radius: float) -> None:
    random = torch.Generator().manual_seed(1)
    for _ in range(10):
        gradient, outwards = (torch.randn(4, generator=random, dtype=torch.float64) for _ in range(2))
        step = within_region(gradient, outwards, radius)
        assert float(outwards @ step) <= radius + 1e-9
        solved = nearest(gradient.numpy(), outwards.numpy(), radius)
        np.testing.assert_allclose(step.numpy(), solved, atol=1e-6)


def shipped(policy: Floats, other: Floats, truncation: float) -> tuple[Floats, Floats]:
    """What AcerPolicy weighs by, [S, A] each: Q_ret where another policy drew the action, and Q of every action."""
    shape, actions = policy.shape, policy.shape[1]
    net = agent(sees={"vector": (2,)}, actions=actions, cores=(), features=3, heads=("action_values",))
    loss = AcerPolicy(net, 0.0, truncation, None, discount=0.0)
    never = torch.zeros(shape[0], 2, dtype=torch.bool)
    told = {LAST: never, TERMINATED: never, AVERAGE_POLICY: torch.zeros(shape[0], 2, actions)}
    told[BEHAVIOUR] = torch.from_numpy(other).log()[:, None].repeat(1, 2, 1)
    logits = torch.from_numpy(policy).log()[:, None].repeat(1, 2, 1)
    kept, corrected = np.zeros(shape), np.zeros(shape)
    for action in range(actions):
        ticks = told | {ACTION: torch.full((shape[0], 2), action), REWARD: torch.ones(shape[0], 2).double()}
        step = loss.step((logits, torch.zeros_like(logits)), ticks)  # a return of 1, and V = 0
        kept[:, action] = (other * policy * step[:, 0].numpy())[:, action]
        worths = torch.zeros_like(logits)
        worths[..., action] = 1  # so that V is its probability: that is the return, too, and the first part nothing
        ticks |= {REWARD: logits[..., action].exp(), ACTION: (ticks[ACTION] + 1) % actions}  # another was done
        step = loss.step((logits, worths), ticks)
        corrected[:, action] = (policy * step[:, 0].numpy() / (1 - policy))[:, action]
    return kept, corrected


def truncated(problem: Problem, kept: Floats, corrected: Floats, worths: Floats) -> Floats:
    """G = r + discount E[sum of kept G + sum of corrected Q] for Q = `worths`."""
    moves = np.einsum("sat,tb->satb", problem.chances, kept).reshape(worths.size, worths.size)
    rest = problem.action_values((corrected * worths).sum(-1)).ravel()
    return np.linalg.solve(np.eye(worths.size) - problem.discount * moves, rest).reshape(worths.shape)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_truncation_with_its_bias_corrected_is_a_contraction_to_the_policys_values(seed: int) -> None:
    """arXiv:1611.01224, section 7: G = r + discount E[mu min(c, rho) G + pi max(0, 1 - c / rho) Q], solved for G.

    The parts that G and Q have are the shipped policy gradient's. By c = 0 it is the Bellman operator of the policy,
    by a c without bounds importance sampling: right at once.
    """
    problem, rng = drawn(seed, states=6), np.random.default_rng(seed)
    policy, other = (rng.dirichlet(np.ones(problem.actions), problem.states) for _ in range(2))
    truth = problem.action_values(problem.values(policy))
    for truncation in (1e-12, 0.5, 1.0, 5.0, 1e9):
        weights = shipped(policy, other, truncation)
        first = worths = rng.normal(size=truth.shape) * 10
        for _ in range(300):
            after = truncated(problem, *weights, worths)
            assert np.abs(after - truth).max() <= problem.discount * np.abs(worths - truth).max() + 1e-9
            worths = after
        np.testing.assert_allclose(worths, truth, atol=1e-9)
        once = truncated(problem, *weights, first)
        if truncation < 1e-9:
            np.testing.assert_allclose(once, problem.action_values((policy * first).sum(-1)), atol=1e-9)
        if truncation > 1e6:
            np.testing.assert_allclose(once, truth, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_retrace_is_its_operator_in_expectation_over_all_that_can_happen(seed: int) -> None:
    """R Q = Q + sum over k of (discount P c mu)^k (T_pi Q - Q), arXiv:1606.02647, by each way of four steps."""
    steps, problem, rng = 4, drawn(seed, states=2, actions=2), np.random.default_rng(seed)
    policy, other = (rng.dirichlet(np.ones(2), 2) for _ in range(2))
    traces, truth = np.minimum(1, policy / other), problem.action_values(problem.values(policy))
    ways = np.array(list(product(range(2), repeat=2 * (steps + 1))))
    state, action = ways[:, ::2], ways[:, 1::2]
    chances = problem.chances[state[:, :-1], action[:, :-1], state[:, 1:]].prod(1)
    chances *= other[state[:, 1:], action[:, 1:]].prod(1)  # the first action is given
    rewards = np.concatenate([np.zeros((len(ways), 1)), problem.rewards[state, action][:, :-1]], 1)
    never = torch.zeros(len(ways), steps + 1, dtype=torch.bool)
    moves = np.einsum("sat,tb->satb", problem.chances, other * traces).reshape(4, 4)
    for worths in (rng.normal(size=(2, 2)), truth):
        numbers = [rewards, (policy * worths).sum(-1)[state], worths[state, action], traces[state, action]]
        reward, value, taken, trace = (torch.from_numpy(each) for each in numbers)
        returns = retrace(reward, value, taken, trace, Ends(never, never), problem.discount)[:, 0].numpy()
        found = np.zeros((2, 2))
        np.add.at(found, (state[:, 0], action[:, 0]), chances * returns)
        surprise = (problem.action_values((policy * worths).sum(-1)) - worths).ravel()
        powers = np.stack([np.linalg.matrix_power(problem.discount * moves, power) for power in range(steps)])
        wanted = worths + (powers.sum(0) @ surprise).reshape(2, 2)
        np.testing.assert_allclose(found, wanted, atol=1e-10)
    np.testing.assert_allclose(found, truth, atol=1e-10)  # what is right already stays


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_retrace_and_v_trace_are_those_of_rlax() -> None:
    """pip install rlax, beside the extra `test`."""
    rlax = pytest.importorskip("rlax")
    t = {name: value[:1] for name, value in ticks().items()}
    t["last"][:], t["terminated"][:] = False, False
    targets, _ = v_trace(t["rewards"], t["values"], t["ratios"], Ends(t["last"], t["terminated"]), 0.9)
    values, discounts = t["values"][0].numpy(), np.full(T, 0.9)
    errors = rlax.vtrace(values[:-1], values[1:], t["rewards"][0, 1:].numpy(), discounts, t["ratios"][0, :-1].numpy())
    np.testing.assert_allclose(targets[0].numpy(), values[:-1] + np.asarray(errors), rtol=1e-4, atol=1e-5)
    traces = t["ratios"].clamp(max=1)
    found = retrace(t["rewards"], t["values"], t["taken"], traces, Ends(t["last"], t["terminated"]), 0.9)
    theirs = rlax.general_off_policy_returns_from_q_and_v(
        t["taken"][0, 1:-1].numpy(), values[1:], t["rewards"][0, 1:].numpy(), discounts, traces[0, 1:-1].numpy()
    )
    np.testing.assert_allclose(found[0].numpy(), np.asarray(theirs), rtol=1e-4, atol=1e-5)
