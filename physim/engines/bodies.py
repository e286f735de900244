"""Reading and kicking all bodies of a live pymunk.Space: the one place that touches pymunk's batch module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt
import pymunk

if TYPE_CHECKING:
    from pymunk.batch import BodyFields

from physim.arrays import Floats, Integers

FIELDS = ("x", "y", "angle", "vx", "vy", "angular_velocity")
FORCES = ("fx", "fy", "torque")


class Bodies(ABC):
    """The bodies of a Space in a given order."""

    def __init__(self, space: pymunk.Space, bodies: Sequence[pymunk.Body]) -> None:
        self.space, self.bodies = space, bodies

    @abstractmethod
    def read(self) -> Floats:
        """Position, angle, velocity and angular velocity of each body [N, 6], in the order of FIELDS."""

    @abstractmethod
    def write(self, values: Floats) -> None:
        """Set what `read` gives [N, 6]."""

    @abstractmethod
    def write_velocities(self, vel: Floats) -> None:
        """Set the velocities [N, 2]."""

    @abstractmethod
    def read_forces(self) -> Floats:
        """The force (N) and the torque (N m) that act on each body in the next step [N, 3], in the order of FORCES."""

    @abstractmethod
    def write_forces(self, values: Floats) -> None:
        """Set what `read_forces` gives [N, 3]."""


@final
class BatchBodies(Bodies):
    """One call into pymunk for all bodies; rows are found by their ids, because pymunk's order may change."""

    def __init__(self, space: pymunk.Space, bodies: Sequence[pymunk.Body]) -> None:
        from pymunk import batch

        super().__init__(space, bodies)
        fields = batch.BodyFields
        self._batch, self._velocity = batch, fields.VELOCITY
        self._buffer, self._written = batch.Buffer(), batch.Buffer()  # kept: pymunk 7 never frees one
        self._state = fields.POSITION | fields.ANGLE | fields.VELOCITY | fields.ANGULAR_VELOCITY
        self._forces = fields.FORCE | fields.TORQUE
        self._ids = np.array([body.id for body in bodies], dtype=np.uintp)
        self._seen: npt.NDArray[np.uintp] = np.zeros(0, dtype=np.uintp)
        self._rows: Integers = np.zeros(0, dtype=np.int64)

    def read(self) -> Floats:
        """Position, angle, velocity and angular velocity [N, 6]."""
        return self._read(self._state, len(FIELDS))[self._rows]

    def write(self, values: Floats) -> None:
        """Set what `read` gives [N, 6]."""
        self._write(self._state, values)

    def write_velocities(self, vel: Floats) -> None:
        """Set the velocities [N, 2]."""
        self._write(self._velocity, vel)

    def read_forces(self) -> Floats:
        """The forces and torques of the next step [N, 3]."""
        return self._read(self._forces, len(FORCES))[self._rows]

    def write_forces(self, values: Floats) -> None:
        """Set what `read_forces` gives [N, 3]."""
        self._write(self._forces, values)

    def _write(self, wanted: BodyFields, rows: Floats) -> None:
        """Set fields of these bodies; pymunk sets those of all others too, so they are given what they have."""
        values = self._read(wanted, rows.shape[1])
        values[self._rows] = rows
        self._written.set_float_buf(values)
        self._batch.set_space_bodies(self.space, wanted, self._written)

    def _read(self, wanted: BodyFields, width: int) -> Floats:
        self._buffer.clear()
        self._batch.get_space_bodies(self.space, self._batch.BodyFields.BODY_ID | wanted, self._buffer)
        seen = np.frombuffer(self._buffer.int_buf(), dtype=np.uintp)
        if not np.array_equal(seen, self._seen):
            self._seen = seen.copy()
            order = np.argsort(seen)
            self._rows = order[np.searchsorted(seen[order], self._ids)]
        return np.frombuffer(self._buffer.float_buf(), dtype=np.float64).reshape(-1, width).copy()


@final
class LoopedBodies(Bodies):
    """One body at a time: slow, but on pymunk's stable interface alone."""

    def read(self) -> Floats:
        """Position, angle, velocity and angular velocity [N, 6]."""
        rows = [(*body.position, body.angle, *body.velocity, body.angular_velocity) for body in self.bodies]
        return np.array(rows, dtype=np.float64).reshape(-1, len(FIELDS))

    def write(self, values: Floats) -> None:
        """Set what `read` gives [N, 6]."""
        for body, (x, y, angle, *velocity, turning) in zip(self.bodies, values.tolist(), strict=True):
            body.position, body.angle = (x, y), angle
            body.velocity, body.angular_velocity = velocity, turning

    def write_velocities(self, vel: Floats) -> None:
        """Set the velocities [N, 2]."""
        for body, velocity in zip(self.bodies, vel.tolist(), strict=True):
            body.velocity = velocity

    def read_forces(self) -> Floats:
        """The forces and torques of the next step [N, 3]."""
        rows = [(*body.force, body.torque) for body in self.bodies]
        return np.array(rows, dtype=np.float64).reshape(-1, len(FORCES))

    def write_forces(self, values: Floats) -> None:
        """Set what `read_forces` gives [N, 3]."""
        for body, (*force, torque) in zip(self.bodies, values.tolist(), strict=True):
            body.force, body.torque = force, torque


def bodies_of(space: pymunk.Space, bodies: Sequence[pymunk.Body]) -> Bodies:
    """The fast way where it says what the slow one says: pymunk calls its batch module experimental."""
    slow = LoopedBodies(space, bodies)
    values, forces = slow.read(), slow.read_forces()
    try:
        fast = BatchBodies(space, bodies)
        agree = _hold(fast, values, forces)
        fast.write(values)
        fast.write_velocities(values[:, 3:5])
        fast.write_forces(forces)
    except (ImportError, AttributeError, TypeError, ValueError, IndexError):
        return slow
    return fast if agree and _hold(slow, values, forces) else slow


def _hold(bodies: Bodies, values: Floats, forces: Floats) -> bool:
    """Whether the bodies have these values and forces."""
    return np.array_equal(bodies.read(), values, equal_nan=True) and np.array_equal(
        bodies.read_forces(), forces, equal_nan=True
    )
