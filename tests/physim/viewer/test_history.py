from __future__ import annotations

import numpy as np

from physim.viewer.history import CAPACITY, STEPS, History, Sample


def test_all_of_time_is_kept_in_few_samples() -> None:
    history = History()
    for step in range(0, 40 * CAPACITY * STEPS, STEPS):
        if history.due(step):
            history.add(step, Sample(step / 1000, 1.0, 2.0, 3.0))
    seconds = history.columns()[0]
    assert CAPACITY / 4 < len(history) < CAPACITY
    assert seconds[0] == 0.0
    assert seconds[-1] > 0.95 * step / 1000
    gaps = np.diff(seconds)
    assert gaps.max() <= 2.01 * gaps.min()


def test_an_empty_history_has_empty_columns() -> None:
    assert History().columns().shape == (4, 0)
