from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physim.engines.base import State
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.measures import energies
from physim.scenes.scaling import scaled
from physim.scenes.scene import STATE_FIELDS, Scene
from physim.scenes.spaces import scene_of
from worlds.strings import Strings

RandomSpace = Callable[..., pymunk.Space]
SEEDS = st.integers(0, 2**32 - 1)


def stepped(scene: Scene, steps: int) -> State:
    engine = PymunkEngine(1 / 120)
    state = engine.start(scene)
    for _ in range(steps):
        state = engine.step(state)
    return state


@given(seed=SEEDS, power=st.integers(-6, 6).filter(bool))
@settings(max_examples=30, deadline=None)
def test_a_step_of_the_scaled_scene_is_the_scaled_step(random_space: RandomSpace, seed: int, power: int) -> None:
    scene = scene_of(random_space(seed))
    length = 2.0**power  # computers round the same whatever the power of two
    one, other = scaled(stepped(scene, 20).scene, length), stepped(scaled(scene, length), 20).scene
    for name in STATE_FIELDS:
        assert torch.allclose(one[name], other[name], rtol=1e-9, atol=1e-12 * length), name


def test_any_length_will_do_within_rounding(random_space: RandomSpace) -> None:
    for seed in range(20):
        scene = scene_of(random_space(seed, joints=0))
        one, other = scaled(stepped(scene, 20).scene, 51.7), stepped(scaled(scene, 51.7), 20).scene
        assert torch.allclose(one.pos, other.pos, rtol=1e-6)


@given(seed=SEEDS, length=st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_there_and_back_is_the_same_scene(random_space: RandomSpace, seed: int, length: float) -> None:
    scene = scene_of(random_space(seed))
    back = scaled(scaled(scene, length), 1 / length)
    for name in {*scene.keys()}:
        assert torch.allclose(back[name], scene[name], rtol=1e-12, atol=0, equal_nan=True), name


def test_energies_go_with_the_square_of_the_length() -> None:
    scene = Strings().scene(seed=3)
    one, other = (energies(item, None) for item in (scene, scaled(scene, 7.0)))
    for energy, scaled_energy in zip(one, other, strict=True):
        assert np.allclose(energy * 49, scaled_energy)


@pytest.mark.parametrize("length", [0.0, -1.0, float("inf"), float("nan")])
def test_only_a_length_scales(length: float) -> None:
    with pytest.raises(PhysimError, match=r"length must be (above 0|finite)"):
        scaled(Strings().scene(seed=3), length)
