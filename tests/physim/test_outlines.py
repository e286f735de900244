from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from physim.outlines import half_widths, outlines, separation
from physim.scenes.scene import CIRCLE, POLYGON, SEGMENT, Scene

DIRECTIONS = np.stack([np.cos(np.linspace(0, 2 * np.pi, 20001)), np.sin(np.linspace(0, 2 * np.pi, 20001))])


def corners(points: list[tuple[float, float]], most: int = 6) -> Tensor:
    hull = [tuple(corner) for corner in pymunk.Poly(None, points).get_vertices()] if len(points) > 2 else points
    return torch.tensor(hull + hull[-1:] * (most - len(hull)), dtype=torch.float64)


def by_directions(own: Tensor, other: Tensor) -> float:
    """The largest gap that any of many directions sees between two convex shapes."""
    return float(((other.numpy() @ DIRECTIONS).min(axis=0) - (own.numpy() @ DIRECTIONS).max(axis=0)).max())


def shape(count: int, size: float) -> st.SearchStrategy[list[tuple[float, float]]]:
    number = st.integers(-100, 100).map(lambda hundredths: size * hundredths / 100)
    return st.lists(st.tuples(number, number), min_size=count, max_size=count, unique=True)


@given(
    own=shape(6, 1.0) | shape(2, 1.0) | shape(1, 1.0), other=shape(6, 1.0) | shape(2, 1.0),
    x=st.integers(-20, 20), y=st.integers(-20, 20),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_shapes_are_as_far_apart_or_as_deep_as_the_best_direction_says(
    own: list[tuple[float, float]], other: list[tuple[float, float]], x: int, y: int
) -> None:
    first, second = corners(own), corners(other) + torch.tensor([x / 10, y / 10], dtype=torch.float64)
    wanted = by_directions(first, second)
    assert float(separation(first, second)) == pytest.approx(wanted, abs=1e-3)
    assert float(separation(second, first)) == pytest.approx(wanted, abs=1e-3)


def test_points_are_as_far_apart_as_they_are() -> None:
    assert float(separation(corners([(0, 0)]), corners([(3, 4)]))) == 5.0


def test_outlines_are_those_of_every_kind_of_object() -> None:
    triangle = [[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]
    scene = Scene.of(
        torch.zeros(4, 2), torch.zeros(4, 2), torch.ones(4), shape=torch.tensor([CIRCLE, POLYGON, SEGMENT, POLYGON]),
        extent=torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 1.0], [0.0, 0.0]]),
        corner=torch.tensor([[5.0, 5.0], [6.0, 5.0], [6.0, 8.0], [5.0, 8.0], *triangle]),
        corner_index=torch.tensor([1] * 4 + [3] * 3),
    )  # fmt: skip
    found = outlines(scene)
    assert found[0].tolist() == [[0.0, 0.0]] * 4
    assert found[1].tolist() == scene.corner[:4].tolist()
    assert found[2].tolist() == [[-3.0, -1.0]] + [[3.0, 1.0]] * 3
    assert found[3].tolist() == triangle + triangle[-1:]
    assert half_widths(found).tolist() == pytest.approx([torch.inf, 0.5, 0.0, 1 / 5**0.5])


def test_a_scene_of_points_has_outlines_without_sides(crowd: Callable[[], Scene]) -> None:
    assert half_widths(outlines(crowd())).isinf().all()
