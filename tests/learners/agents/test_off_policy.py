from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import Tensor

from learners.agents.off_policy import retrace, v_trace, within_region
from learners.agents.returns import lambda_returns
from physim.arrays import Floats
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
    found = retrace(t["rewards"], t["values"], t["taken"], traces, t["last"], t["terminated"], 0.9)
    for item in range(B):
        for tick in range(T):
            if not t["last"][item, tick]:
                assert float(found[item, tick]) == pytest.approx(slow_retrace(t, traces, item, tick))


def test_retrace_by_ones_own_policy_with_values_that_are_right_changes_nothing() -> None:
    """Where Q(s, a) = V everywhere and traces are 1, what is found is the n-step return."""
    t = ticks()
    found = retrace(t["rewards"], t["values"], t["values"], torch.ones(B, T + 1), t["last"], t["terminated"], 0.9)
    wanted = lambda_returns(t["rewards"], t["values"], t["last"], t["terminated"], 0.9)
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
    targets, gains = v_trace(t["rewards"], t["values"], t["ratios"], t["last"], t["terminated"], 0.9)
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


def test_truncation_with_its_bias_corrected_is_a_contraction_to_the_policys_values() -> None:
    """arXiv:1611.01224, section 7: B Q = r + discount E[min(c, rho) Q + max(0, rho - c) Q], by exact expectations."""
    problem = drawn(5)
    rng = np.random.default_rng(0)
    policy, other = (rng.dirichlet(np.ones(problem.actions), problem.states) for _ in range(2))
    ratio = policy / other
    truth = problem.action_values(problem.values(policy))
    for truncation in (0.0, 0.5, 1.0, np.inf):
        worths, errors = np.zeros_like(truth), []
        for _ in range(400):
            sampled = (other * np.minimum(ratio, truncation) * worths).sum(-1)
            corrected = (policy * np.maximum(0, 1 - truncation / ratio) * worths).sum(-1)
            worths = problem.action_values(sampled + corrected)
            errors.append(np.abs(worths - truth).max())
        assert errors[-1] < 1e-9
        assert all(after <= problem.discount * before + 1e-12 for before, after in pairwise(errors))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_retrace_and_v_trace_are_those_of_rlax() -> None:
    """pip install rlax, beside the extra `test`."""
    rlax = pytest.importorskip("rlax")
    t = {name: value[:1] for name, value in ticks().items()}
    t["last"][:], t["terminated"][:] = False, False
    targets, _ = v_trace(t["rewards"], t["values"], t["ratios"], t["last"], t["terminated"], 0.9)
    values, discounts = t["values"][0].numpy(), np.full(T, 0.9)
    errors = rlax.vtrace(values[:-1], values[1:], t["rewards"][0, 1:].numpy(), discounts, t["ratios"][0, :-1].numpy())
    np.testing.assert_allclose(targets[0].numpy(), values[:-1] + np.asarray(errors), rtol=1e-4, atol=1e-5)
    traces = t["ratios"].clamp(max=1)
    found = retrace(t["rewards"], t["values"], t["taken"], traces, t["last"], t["terminated"], 0.9)
    theirs = rlax.general_off_policy_returns_from_q_and_v(
        t["taken"][0, 1:-1].numpy(), values[1:], t["rewards"][0, 1:].numpy(), discounts, traces[0, 1:-1].numpy()
    )
    np.testing.assert_allclose(found[0].numpy(), np.asarray(theirs), rtol=1e-4, atol=1e-5)
