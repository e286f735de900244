from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physim.errors import PhysimError
from physim.smoothing import SHORTEST, Smoothing, fitted_smoothing, leverage

TIMES = 0.02 * np.arange(80)


def cubic(coefficients: list[float]) -> np.ndarray:
    return np.stack([np.polyval(coefficients, TIMES), np.polyval(coefficients[::-1], TIMES)], axis=-1)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-9, 9), min_size=4, max_size=4), st.sampled_from([5, 7, 25, 79, 201]))
def test_velocities_of_polynomials_without_noise_are_exact(coefficients: list[float], window: int) -> None:
    slope = np.stack([np.polyval(np.polyder(c), TIMES) for c in (coefficients, coefficients[::-1])], axis=-1)
    smoothing = Smoothing(window, 0.0)
    np.testing.assert_allclose(smoothing.paths(cubic(coefficients)), cubic(coefficients), atol=1e-9)
    np.testing.assert_allclose(smoothing.slopes(cubic(coefficients), 0.02), slope, atol=1e-7)


@pytest.mark.parametrize("noise", [1e-3, 0.05])
def test_the_noise_is_found(noise: float) -> None:
    rng = np.random.default_rng(0)
    paths = [np.sin(rng.uniform(1, 3) * TIMES[:, None] + rng.uniform(0, 6, 20)) for _ in range(5)]
    found = fitted_smoothing([path + noise * rng.standard_normal(path.shape) for path in paths])
    assert found.noise == pytest.approx(noise, rel=0.05)


def test_more_noise_is_smoothed_over_longer_windows() -> None:
    rng = np.random.default_rng(0)
    path, drawn = np.sin(3 * TIMES[:, None] + rng.uniform(0, 6, 40)), rng.standard_normal((80, 40))
    windows = [fitted_smoothing([path + noise * drawn]).window for noise in (0.0, 1e-3, 0.1)]
    assert windows[0] == SHORTEST
    assert windows == sorted(set(windows))


def test_the_window_chosen_misses_left_out_positions_least() -> None:
    rng = np.random.default_rng(3)
    path = np.sin(4 * TIMES[:, None]) + 0.02 * rng.standard_normal((80, 1))

    def missed(window: int) -> float:
        """By leaving out one inner position after the other, the slow way."""
        half, errors = window // 2, []
        for middle in range(40, 45):
            near = [i for i in range(middle - half, middle + half + 1) if i != middle]
            fit = np.polynomial.Polynomial.fit(TIMES[near], path[near, 0], 3)
            errors.append(fit(TIMES[middle]) - path[middle, 0])
        return float(np.square(errors).mean())

    window = fitted_smoothing([path]).window
    rest = (path - Smoothing(window, 0.0).paths(path))[40:45, 0] / (1 - leverage(80, window)[40:45])
    assert float(np.square(rest).mean()) == pytest.approx(missed(window), rel=1e-6)


def test_segments_too_short_for_any_window_are_refused() -> None:
    with pytest.raises(PhysimError, match=f"wants {SHORTEST} instants in a row"):
        fitted_smoothing([np.zeros((SHORTEST - 1, 2, 2))])
