from __future__ import annotations

import numpy as np
import psutil
import pymunk
import pytest

from physim.engines.bodies import BatchBodies, Bodies, LoopedBodies, bodies_of

KINDS = [BatchBodies, LoopedBodies]


def crowd() -> tuple[pymunk.Space, list[pymunk.Body]]:
    space = pymunk.Space()
    space.add(pymunk.Segment(space.static_body, (-9, 0), (9, 0), 0.1))
    bodies = [pymunk.Body(1 + k, 1.0) for k in range(5)]
    for k, body in enumerate(bodies):
        body.position, body.angle, body.velocity, body.angular_velocity = (k, -k), 0.1 * k, (k, 2), 0.2 * k
        space.add(body)
    return space, bodies


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_the_bodies_in_the_order_asked_for(kind: type[Bodies]) -> None:
    space, bodies = crowd()
    rows = kind(space, bodies[::-1]).read()
    assert rows[1].tolist() == [3.0, -3.0, 0.1 * 3, 3.0, 2.0, 0.2 * 3]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_stay_right_when_pymunks_order_changes(kind: type[Bodies]) -> None:
    space, bodies = crowd()
    kept = [bodies[k] for k in (4, 2, 3)]
    reader = kind(space, kept)
    reader.read()
    space.remove(bodies[0], bodies[1])
    assert reader.read()[:, 0].tolist() == [4.0, 2.0, 3.0]


@pytest.mark.parametrize("kind", KINDS)
def test_only_these_bodies_take_the_velocities(kind: type[Bodies]) -> None:
    space, bodies = crowd()
    vel = np.array([[7.0, 8.0], [9.0, 10.0]])
    kind(space, [bodies[3], bodies[1]]).write_velocities(vel)
    assert [tuple(body.velocity) for body in bodies] == [(0, 2), (9, 10), (2, 2), (7, 8), (4, 2)]
    assert tuple(space.static_body.velocity) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_only_these_bodies_take_the_motion_and_the_forces(kind: type[Bodies]) -> None:
    space, bodies = crowd()
    reader, everything = kind(space, [bodies[3], bodies[1]]), LoopedBodies(space, bodies)
    others = [0, 2, 4]
    kept = everything.read()[others]
    rng = np.random.default_rng(0)
    motion, forces = rng.normal(size=(2, 6)), rng.normal(size=(2, 3))
    reader.write(motion)
    reader.write_forces(forces)
    assert np.array_equal(reader.read(), motion)
    assert np.array_equal(reader.read_forces(), forces)
    assert np.array_equal(everything.read()[others], kept)
    assert not everything.read_forces()[others].any()
    assert (*bodies[1].force, bodies[1].torque) == tuple(forces[1])


def test_the_fast_way_is_taken_where_it_is_right() -> None:
    assert isinstance(bodies_of(*crowd()), BatchBodies)


@pytest.mark.parametrize("fault", ["read", "read_forces", "write_velocities", "write", "write_forces", "missing"])
def test_a_batch_module_that_changed_is_passed_over(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "missing":
        monkeypatch.delattr("pymunk.batch.BodyFields")
    elif fault.startswith("read"):
        monkeypatch.setattr(BatchBodies, fault, lambda self: np.ones((5, 6)))
    else:
        field = {"write": "position", "write_velocities": "velocity", "write_forces": "force"}[fault]
        monkeypatch.setattr(BatchBodies, fault, lambda self, rows: setattr(self.bodies[0], field, (9, 9)))
    assert isinstance(bodies_of(*crowd()), LoopedBodies)


def test_writing_takes_no_more_memory_from_step_to_step() -> None:
    space, bodies = crowd()
    batch = BatchBodies(space, bodies)
    velocities, process = np.zeros((len(bodies), 2)), psutil.Process()
    batch.write_velocities(velocities)
    before = process.memory_info().rss
    for _ in range(20_000):
        batch.write_velocities(velocities)
    assert process.memory_info().rss - before < 2**20  # a Buffer for each would take 3 MB
