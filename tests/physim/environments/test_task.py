from __future__ import annotations

import numpy as np
import pymunk
import pytest

from physim.environments.task import Task, forces_of, typical_force
from physim.errors import PhysimError
from physim.worlds import world
from physim.worlds.find import world_from
from worlds.nbody import NBody
from worlds.strings import Strings


def test_the_typical_force_is_the_weight_of_what_falls(falling: object) -> None:
    assert typical_force(world_from(falling, {})) == pytest.approx(2.0 * 10.0)  # type: ignore[arg-type]


def test_the_typical_force_grows_with_the_worlds_forces() -> None:
    weak, strong = (typical_force(NBody(gravity=gravity)) for gravity in (6e3, 6e4))
    assert strong > 5 * weak


def test_worlds_are_built_by_whatever_gives_them() -> None:
    wanted = NBody(bodies=3)
    for source, parameters in ((wanted, {}), (NBody, {"bodies": 3}), ("nbody", {"bodies": 3})):
        assert Task.of(source, **parameters).world == wanted  # type: ignore[arg-type]


def test_a_world_without_forces_wants_one_from_the_user(drifting: object) -> None:
    with pytest.raises(PhysimError, match=r"give a max_force: .* the world drifting, because no force acts"):
        Task.of(drifting)  # type: ignore[arg-type]
    assert Task.of(drifting, max_force=3.0).max_force == 3.0  # type: ignore[arg-type]


@world(dt=1.0)
def bursting(rng: np.random.Generator) -> pymunk.Space:
    space = pymunk.Space()
    body = pymunk.Body(1.0, 1.0)
    body.velocity = 1e308, 0
    space.add(body)
    return space


def test_a_world_that_blows_up_wants_a_force_from_the_user() -> None:
    with pytest.raises(PhysimError, match=r"give a max_force: .* because the rollout blew up: body 0"):
        Task.of(bursting)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"max_force": 0}, "max_force must be above 0, got 0"),
        ({"max_force": 1e39}, r"max_force must be at most 3\.40282e\+38, which is float32's largest, got 1e\+39"),
        ({"pins": 1}, r"the world strings is built already, got pins too"),
    ],
)
def test_what_is_no_task_is_refused(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        Task.of(Strings(), **settings)  # type: ignore[arg-type]


def test_forces_are_cut_off_at_the_largest() -> None:
    assert forces_of([[1, -9], [0.5, 2]], (2, 2), 2.0).tolist() == [[1, -2], [0.5, 2]]


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ([1, 2], r"action has shape \(2,\), wanted \(2, 2\): a force for each body that can move"),
        ([[1, np.nan], [0, 0]], "action is not finite, wanted forces in newtons"),
        ("left", r"action is 'left', wanted an array of shape \(2, 2\)"),
    ],
)
def test_what_is_no_action_is_refused(action: object, sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        forces_of(action, (2, 2), 1.0)  # type: ignore[arg-type]
