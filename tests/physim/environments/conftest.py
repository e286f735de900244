"""Worlds as users write them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest

Filler = Callable[..., pymunk.Space]


def _dropped(bodies: int) -> pymunk.Space:
    space = pymunk.Space()
    space.gravity = 0, -10
    for number in range(bodies):
        body = pymunk.Body(2.0, 0.1)
        body.position = number, 0
        space.add(body)
    return space


@pytest.fixture
def falling() -> Filler:
    """Bodies of 2 kg that fall at 10 m/s^2 from fixed places."""

    def falling(rng: np.random.Generator, bodies: int = 3) -> pymunk.Space:
        return _dropped(bodies)

    return falling


@pytest.fixture
def crowds() -> Filler:
    """One body more or less."""

    def crowds(rng: np.random.Generator) -> pymunk.Space:
        return _dropped(int(rng.integers(1, 9)))

    return crowds


@pytest.fixture
def drifting() -> Filler:
    """A body that nothing acts on."""

    def drifting(rng: np.random.Generator) -> pymunk.Space:
        space = pymunk.Space()
        space.add(pymunk.Body(1.0, 1.0))
        return space

    return drifting
