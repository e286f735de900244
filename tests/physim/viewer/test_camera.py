from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physim.viewer.camera import Camera, round_length

LOW, HIGH = np.array([-10.0, -5.0]), np.array([10.0, 5.0])


def test_metres_and_pixels_are_inverse() -> None:
    camera = Camera(LOW, HIGH)
    camera.fit(20, 30, 400, 300)
    points = np.array([[1.0, 2.0], [-9.0, 4.0]])
    np.testing.assert_allclose(camera.metres(camera.pixels(points)), points)


def test_up_is_up_unless_bodies_fall_up() -> None:
    for upward in (True, False):
        camera = Camera(LOW, HIGH, upward)
        camera.fit(0, 0, 400, 300)
        low, high = camera.pixels(np.array([[0.0, -1.0], [0.0, 1.0]]))[:, 1]
        assert (high < low) == upward


@given(st.integers(0, 10_000))
def test_every_body_is_in_view_in_every_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    camera = Camera(LOW, HIGH)
    for _ in range(5):
        points = rng.normal(size=(4, 2)) * 10.0 ** rng.uniform(-2, 6) + rng.normal(size=2) * 100
        camera.follow(points.min(axis=0), points.max(axis=0), 1 / 60)
        camera.fit(10, 20, 300, 200)
        x, y = camera.pixels(points).T
        assert x.min() >= 9.9
        assert x.max() <= 310.1
        assert y.min() >= 19.9
        assert y.max() <= 220.1


def test_a_view_without_change_comes_to_rest() -> None:
    camera = Camera(LOW, HIGH)
    for _ in range(2000):
        camera.follow(LOW / 2, HIGH / 2, 1 / 60)
    np.testing.assert_allclose(camera.high, HIGH / 2 * 1.12, rtol=1e-3)


def test_a_single_point_has_a_view() -> None:
    camera = Camera(np.zeros(2), np.zeros(2))
    camera.fit(0, 0, 100, 100)
    assert np.isfinite(camera.scale)


@pytest.mark.parametrize(("metres", "rounded"), [(1.0, 1.0), (4.9, 2.0), (5.0, 5.0), (99.0, 50.0), (0.03, 0.02)])
def test_lengths_are_rounded_down(metres: float, rounded: float) -> None:
    assert round_length(metres) == pytest.approx(rounded)
