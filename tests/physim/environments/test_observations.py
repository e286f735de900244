from __future__ import annotations

import numpy as np
import pytest

from physim.environments.observations import Form
from physim.errors import PhysimError
from worlds.charges import Charges
from worlds.strings import Strings


def test_columns_of_the_world_are_seen() -> None:
    scene = Charges(bodies=4).scene(seed=2)
    form = Form.of(scene, goal=False)
    held = form.held(scene, np.zeros(2))
    assert np.array_equal(held["charge"], scene.charge.numpy().astype(np.float32))
    assert form.observation_space["charge"].shape == (4,)
    assert "goal" not in form.observation_space.spaces


def test_what_stays_lies_in_the_space_with_its_dtype() -> None:
    scene = Strings(masses=5).scene(seed=2)
    form = Form.of(scene, goal=True)
    goal = np.array([0.5, -1.0])
    held = form.held(scene, goal)
    spaces = form.observation_space.spaces
    assert set(spaces) - set(held) == {"pos", "vel", "angle", "angular_velocity"}
    assert all(value in spaces[name] for name, value in held.items())
    assert {value.dtype for value in held.values()} == {np.dtype(np.float32)}
    assert held["goal"].tolist() == goal.tolist()
    assert held["gravity"][1] < -5
    assert held["inverse_moment"].tolist() == [0.0] * 6  # nothing turns


def test_forces_act_on_what_can_move() -> None:
    form = Form.of(Strings(masses=5, pins=2).scene(seed=2), goal=True)
    space = form.action_space(2.5)
    assert (form.objects, form.movable, space.shape) == (6, 3, (3, 2))
    assert (space.low.min(), space.high.max()) == (-2.5, 2.5)


def test_a_scene_of_another_size_is_refused() -> None:
    form = Form.of(Strings(masses=5).scene(seed=0), goal=True)
    form.check(Strings(masses=5).scene(seed=1), 1)
    with pytest.raises(PhysimError, match="of seed 1 has 7 objects, 5 of them movable, that of seed 0 has 6 and"):
        form.check(Strings(masses=6).scene(seed=1), 1)
