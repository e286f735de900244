from __future__ import annotations

import numpy as np

from physim.viewer.history import CAPACITY, STEPS, History, Sample


def test_all_of_time_is_kept_in_few_samples() -> None:
    history = History()
    for step in range(0, 40 * CAPACITY * STEPS, STEPS):
        if history.due(step):
            history.add(step, Sample(step / 1000, {"learned": 1.0}, {}))
    seconds = history.seconds
    assert CAPACITY / 4 < len(history) < CAPACITY
    assert seconds[0] == 0.0
    assert seconds[-1] > 0.95 * step / 1000
    gaps = np.diff(seconds)
    assert gaps.max() <= 2.01 * gaps.min()


def test_runs_that_come_later_have_no_figures_before() -> None:
    history = History()
    history.add(0, Sample(0.0, {"learned": 1.0}, {"truth": 2.0}))
    history.add(1, Sample(0.1, {"learned": 3.0, "learned 2": 4.0}, {"truth": 5.0}))
    np.testing.assert_array_equal(history.errors()["learned 2"], [np.nan, 4.0])
    np.testing.assert_array_equal(history.energies()["truth"], [2.0, 5.0])


def test_going_back_forgets_what_came_after_and_samples_anew() -> None:
    history = History()
    for step in range(0, 160, STEPS):
        history.add(step, Sample(step / 100, {}, {}))
    history.go_back(64, 0.64)
    assert history.seconds.tolist() == [0.0, 0.16, 0.32, 0.48, 0.64]
    assert history.due(64)


def test_an_empty_history_has_no_curves() -> None:
    assert (len(History().seconds), History().errors(), History().energies()) == (0, {}, {})
