from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physim.manifold import Hulls, manifold
from physim.meeting import Outlines


def hulls(corners: int, count: int, seed: int) -> Hulls:
    """Regular polygons of up to so many corners somewhere, segments and circles among them."""
    rng = np.random.default_rng(seed)
    number = rng.integers(1, corners + 1, count)
    angle = 2 * np.pi * np.arange(corners) / number[:, None] + rng.uniform(0, 6, (count, 1))
    corner = np.stack([np.cos(angle), np.sin(angle)], axis=-1) + 1.5 * rng.normal(size=(count, 1, 2))
    return Hulls(torch.from_numpy(corner), torch.from_numpy(number), torch.zeros(count, dtype=torch.float64))


def outlines_of(first: Hulls, second: Hulls) -> Outlines:
    x, y = torch.stack([first.corner, second.corner]).permute(3, 0, 2, 1).numpy()
    return Outlines.of(x, y, torch.stack([first.count, second.count]).numpy())


@pytest.mark.parametrize("corners", [1, 2, 5])
def test_shapes_are_as_far_apart_as_their_manifolds_say_and_along_its_normal(corners: int) -> None:
    first, second = hulls(corners, 300, 0), hulls(corners, 300, 1)
    way, apart = outlines_of(first, second).apart()
    met = manifold(first, second)
    np.testing.assert_allclose(way.T, met.normal, atol=1e-12)
    np.testing.assert_allclose(apart, met.gap.amin(1), atol=1e-12)
    assert corners == 1 or 2 < (apart < 0).sum() < 290


def test_edges_that_face_one_another_are_on_the_sides_that_meet() -> None:
    first, second = hulls(5, 300, 2), hulls(5, 300, 3)
    outlines, normal = outlines_of(first, second), manifold(first, second).normal.numpy()
    x, y = outlines.x.ravel()[outlines.facing(*normal.T)], outlines.y.ravel()[outlines.facing(*normal.T)]
    heights = x * normal[:, 0] + y * normal[:, 1]  # [2, 2, P]
    for side, hull, sign in ((0, first, 1), (1, second, -1)):
        every = sign * (hull.corner.numpy() * normal[:, None]).sum(-1)
        counted = np.arange(5) < hull.count.numpy()[:, None]
        np.testing.assert_allclose((sign * heights[side]).max(axis=0), np.where(counted, every, -np.inf).max(axis=1))


def test_what_is_nowhere_is_near_nothing() -> None:
    first, second = hulls(4, 4, 0), hulls(4, 4, 1)
    corner = first.corner.clone()
    corner[0], corner[1], corner[2] = torch.nan, torch.inf, 1e200
    _, apart = outlines_of(replace(first, corner=corner), second).apart()
    assert not (apart[:3] < 1e6).any()
    assert np.isfinite(apart[3])
