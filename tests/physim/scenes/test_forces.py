from __future__ import annotations

import numpy as np
import pytest

from physim.arrays import Floats
from physim.scenes.forces import Gravity, PairForce, ScreenedCharge, Transverse

FORCES = [
    Gravity(3.0),
    Gravity(3.0, floor=1.5),
    Gravity(3.0, floor=1.5, softening=0.5),
    ScreenedCharge(2.0, length=1.3),
    ScreenedCharge(2.0, length=1.3, floor=1.5),
    Transverse(3.0, floor=0.5),
]


def bodies(scenes: int, count: int, seed: int = 0) -> tuple[Floats, Floats, dict[str, Floats]]:
    rng = np.random.default_rng(seed)
    pos, vel = 2 * rng.normal(size=(2, scenes, count, 2))
    columns = {"mass": rng.uniform(1, 2, size=(scenes, count)), "charge": rng.normal(size=(scenes, count))}
    return pos, vel, columns


def looped(force: PairForce, pos: Floats, vel: Floats, columns: dict[str, Floats]) -> Floats:
    """Each pair by itself."""
    total = np.zeros_like(pos)
    for i in range(pos.shape[1]):
        for j in range(pos.shape[1]):
            if i != j:
                pair = {name: column[:, [i, j]] for name, column in columns.items()}
                total[:, i] += force(pos[:, [i, j]], vel[:, [i, j]], pair)[:, 0]
    return total


def test_gravity_pulls_by_newtons_law() -> None:
    pos = np.array([[[0.0, 0.0], [3.0, 4.0]]])
    force = Gravity(2.0)(pos, pos, {"mass": np.array([[5.0, 7.0]])})
    assert np.allclose(force, 2 * 5 * 7 / 25 * np.array([[[0.6, 0.8], [-0.6, -0.8]]]), rtol=1e-15)


def test_under_the_floor_gravity_grows_with_the_distance() -> None:
    pos = np.array([[[0.0, 0.0], [1.0, 0.0]]])
    force = Gravity(2.0, floor=4.0)(pos, pos, {"mass": np.ones((1, 2))})
    assert force[0, 0, 0] == pytest.approx(2 / 64)


def test_a_transverse_force_is_across_the_line_of_centres() -> None:
    pos = np.array([[[0.0, 0.0], [2.0, 0.0]]])
    force = Transverse(3.0)(pos, pos, {"mass": np.ones((1, 2))})
    assert np.allclose(force, [[[0.0, 0.75], [0.0, -0.75]]])


@pytest.mark.parametrize("force", FORCES, ids=repr)
def test_forces_add_up_over_pairs_and_to_nothing(force: PairForce) -> None:
    pos, vel, columns = bodies(4, 5)
    total = force(pos, vel, columns)
    assert np.allclose(total, looped(force, pos, vel, columns), rtol=1e-12, atol=1e-12)
    assert np.allclose(total.sum(axis=1), 0, atol=1e-10)


@pytest.mark.parametrize("force", FORCES, ids=repr)
@pytest.mark.parametrize("count", [1, 2, 9, 33])
def test_forces_are_the_same_bits_in_a_batch_of_any_size(force: PairForce, count: int) -> None:
    pos, vel, columns = bodies(37, count)
    together = force(pos, vel, columns)
    for size in (1, 2, 5):
        part = {name: column[:size] for name, column in columns.items()}
        assert np.array_equal(force(pos[:size], vel[:size], part), together[:size])


@pytest.mark.parametrize("force", FORCES[:-1], ids=repr)
def test_the_force_is_the_slope_of_the_energy(force: PairForce) -> None:
    pos, vel, columns = bodies(3, 4)
    wanted = force(pos, vel, columns)
    step = 1e-6
    for body in range(4):
        for axis in range(2):
            ahead, behind = pos.copy(), pos.copy()
            ahead[:, body, axis] += step
            behind[:, body, axis] -= step
            high, low = force.energy(ahead, columns), force.energy(behind, columns)
            assert high is not None
            assert low is not None
            assert np.allclose(wanted[:, body, axis], (low - high) / (2 * step), rtol=1e-5, atol=1e-6)


def test_a_transverse_force_has_no_energy() -> None:
    pos, _, columns = bodies(2, 3)
    assert Transverse(1.0).energy(pos, columns) is None
