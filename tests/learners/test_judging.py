from __future__ import annotations

import numpy as np
import pytest

from learners.judging import crossed, difference, improvement, interquartile, mean_difference, mean_improvement, ratio
from physim.errors import PhysimError

RNG = np.random.default_rng(0)
OURS = (RNG.normal(1.0, 0.5, (3, 10)) + np.array([[0.0], [0.1], [0.2]])).tolist()
THEIRS = (RNG.normal(0.0, 0.5, (3, 10)) + np.array([[0.0], [0.1], [0.2]])).tolist()


def test_the_middle_half_counts() -> None:
    assert interquartile([[0.0, 1.0, 2.0, 1e9]]).middle == 1.5
    assert interquartile([[0.0, 1.0], [2.0, 1e9]]).middle == 1.5


def test_intervals_keep_tasks_apart() -> None:
    """Runs that agree in each task leave no doubt, however far tasks are from one another."""
    found = interquartile([[1.0] * 5, [100.0] * 5, [5.0] * 5])
    assert found.low == found.middle == found.high


def test_what_is_better_by_one_is_found_to_be() -> None:
    found = difference(OURS, THEIRS)
    assert found.low < 1.0 < found.high
    assert found.low > 0
    assert difference(THEIRS, OURS).middle == -found.middle
    assert ratio(OURS, OURS).middle == 1.0


def test_the_probability_of_improvement_is_that_of_pairs() -> None:
    pairs = [[a > b for a in ours for b in theirs] for ours, theirs in zip(OURS, THEIRS, strict=True)]
    assert improvement(OURS, THEIRS).middle == pytest.approx(np.mean(pairs))
    assert improvement(OURS, OURS).middle == 0.5


@pytest.mark.parametrize("sizes", [(3, 10), (1, 5)])
def test_intervals_hold_the_truth_as_often_as_they_say(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        found = interquartile(rng.normal(size=sizes).tolist())
        held += found.low < 0 < found.high
    assert 0.9 < held / 200 < 0.99


def test_intervals_over_trainings_and_episodes_hold_the_truth_as_often_as_they_say() -> None:
    """Luck of trainings and of episodes counts, too, not only that of each training in each episode."""
    rng = np.random.default_rng(1)
    held = alone = 0
    for _ in range(150):
        scores = rng.normal(size=(8, 1)) + rng.normal(size=16) + 0.5 * rng.normal(size=(8, 16))
        found, other = crossed(scores), interquartile(scores.mean(1)[None].tolist())
        held += found.low < 0 < found.high
        alone += other.low < 0 < other.high
    assert held / 150 > 0.9
    assert alone < held
    assert crossed(np.array([[1.0, 3.0]])).middle == 2.0


def test_kinds_of_tasks_count_alike_however_many_their_runs() -> None:
    kinds = [([[1.0] * 12, [1.2] * 12], [[0.5] * 12, [0.7] * 12]), ([[10.0] * 3], [[9.9] * 3])]
    found = mean_difference(kinds)
    assert (found.low, found.middle, found.high) == pytest.approx((0.3, 0.3, 0.3))
    assert mean_improvement([*kinds, ([[1.0]], [[1.0]])]).middle == pytest.approx(2.5 / 3)


def test_arms_of_few_and_of_many_runs_are_compared() -> None:
    found = difference([[1.0, 2.0, 3.0]], [[1.0] * 12])
    assert found.low < found.middle == 1.0 < found.high


def test_tasks_with_unequal_runs_are_refused() -> None:
    with pytest.raises(PhysimError, match=r"the tasks have \[1, 2\] runs"):
        interquartile([[1.0], [1.0, 2.0]])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_intervals_are_those_of_rliable() -> None:
    """pip install rliable 'pandas<3', beside the extra `test`."""
    library, metrics = (pytest.importorskip(f"rliable.{name}") for name in ("library", "metrics"))
    scores = {"ours": np.array(OURS).T}  # runs x tasks
    points, bounds = library.get_interval_estimates(
        scores, lambda each: np.array([metrics.aggregate_iqm(each)]), reps=20_000
    )
    found = interquartile(OURS)
    assert found.middle == pytest.approx(float(points["ours"][0]))
    assert found.low == pytest.approx(float(bounds["ours"][0, 0]), abs=0.1)
    assert found.high == pytest.approx(float(bounds["ours"][1, 0]), abs=0.1)
