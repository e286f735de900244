"""The truth for bodies that only feel pairwise forces, many scenes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np

from physim.arrays import Floats, Integers
from physim.engines.base import Engine
from physim.errors import PhysimError
from physim.scenes.forces import PairForce

if TYPE_CHECKING:
    from physim.scenes.scene import Scene


@dataclass(frozen=True)
class Group:
    """What stays for the scenes of one size, with scenes last.

    Shapes: rows [N, B]; columns name -> [B, N]; push (dt / mass), move (dt, or 0), decay [N, B]; fall [2, N, B].
    """

    rows: Integers
    columns: Mapping[str, Floats]
    push: Floats
    move: Floats
    decay: Floats
    fall: Floats


@final
@dataclass(frozen=True)
class VectorState:
    """Positions and velocities of all scenes, grouped by their number of bodies.

    Shapes: motion: for each group [4, N, B], the rows x, y, vx, vy.
    """

    start: Scene
    groups: tuple[Group, ...]
    motion: tuple[Floats, ...]
    angle: Floats
    angular_velocity: Floats

    @cached_property
    def pos(self) -> Floats:
        """Positions [N, 2]."""
        return self._gathered(0)

    @cached_property
    def vel(self) -> Floats:
        """Velocities [N, 2]."""
        return self._gathered(2)

    @property
    def scene(self) -> Scene:
        """All of it as a scene."""
        import torch

        from physim.scenes.scene import STATE_FIELDS

        return self.start.moved(**{name: torch.from_numpy(np.array(getattr(self, name))) for name in STATE_FIELDS})

    def _gathered(self, first: int) -> Floats:
        if len(self.groups) == 1:
            return self.motion[0][first : first + 2].transpose(2, 1, 0).reshape(-1, 2)
        gathered = np.empty((len(self.angle), 2))
        for group, motion in zip(self.groups, self.motion, strict=True):
            gathered[group.rows] = motion[first : first + 2].transpose(1, 2, 0)
        return gathered


@final
class VectorEngine(Engine[VectorState]):
    """Points under pairwise forces: forces kick the velocities, which then move the bodies (semi-implicit Euler).

    Equal to PymunkEngine to rounding, and bit for bit the same whatever else is in the batch. It knows no contacts,
    springs or joints, and refuses scenes that have them.
    """

    def __init__(self, dt: float, forces: PairForce, substeps: int = 1) -> None:
        self.dt, self.forces, self.substeps = dt, forces, substeps

    def start(self, scene: Scene) -> VectorState:
        """The state of one scene or a batch; raises PhysimError where one holds more than free points."""
        from physim.scenes.scene import PAIR, POINT

        if bool((scene.shape != POINT).any()):
            raise PhysimError(
                "the vectorised engine runs points only, got a scene with other shapes: use the pymunk engine"
            )
        if bool((scene.edge_kind != PAIR).any()):
            raise PhysimError(
                "the vectorised engine knows no springs or joints, got a scene with some: use the pymunk engine"
            )
        counts = scene.counts.numpy()
        starts = np.cumsum(counts) - counts
        groups = []
        for count in np.unique(counts):
            members = np.flatnonzero(counts == count)
            groups.append(self._group(scene, starts[members] + np.arange(count)[:, None], members))
        arrays = np.concatenate([scene.pos.numpy(), scene.vel.numpy()], axis=1)
        motion = tuple(np.ascontiguousarray(arrays[group.rows].transpose(2, 0, 1)) for group in groups)
        return VectorState(scene, tuple(groups), motion, scene.angle.numpy(), scene.angular_velocity.numpy())

    def step(self, state: VectorState) -> VectorState:
        """The state one dt later."""
        with np.errstate(all="ignore"):
            motion = tuple(map(self._moved, state.groups, state.motion))
        if not state.angular_velocity.any():
            return replace(state, motion=motion)
        angle, turning = state.angle.copy(), state.angular_velocity.copy()
        for group in state.groups:
            for _ in range(self.substeps):
                angle[group.rows] += turning[group.rows] * group.move
                turning[group.rows] *= group.decay
        return replace(state, motion=motion, angle=angle, angular_velocity=turning)

    def pushed(self, state: VectorState, impulse: Floats) -> VectorState:
        """The state after an impulse (N s) [N, 2] on each object."""
        change = impulse * state.start.inverse_mass.numpy()[:, None]
        motion = tuple(held.copy() for held in state.motion)
        for group, held in zip(state.groups, motion, strict=True):
            held[2:] += change[group.rows].transpose(2, 0, 1)
        return replace(state, motion=motion)

    def _moved(self, group: Group, motion: Floats) -> Floats:
        """Kick, then move, as PymunkEngine does; gravity and damping follow the move, as in pymunk."""
        motion = motion.copy()
        pos, vel = motion[:2], motion[2:]
        for _ in range(self.substeps):
            kick = self.forces(pos.transpose(2, 1, 0), vel.transpose(2, 1, 0), group.columns).transpose(2, 1, 0)
            vel += kick * group.push
            pos += vel * group.move
            vel *= group.decay
            vel += group.fall
        return motion

    def _group(self, scene: Scene, rows: Integers, members: Integers) -> Group:
        from physim.scenes.scene import DYNAMIC, STATIC

        dt = self.dt / self.substeps
        body_type = scene.body_type.numpy()[rows]
        dynamic = body_type == DYNAMIC
        return Group(
            rows=rows,
            columns={name: np.ascontiguousarray(scene[name].numpy()[rows].T) for name in scene.columns},
            push=scene.inverse_mass.numpy()[rows] * dt,
            move=np.where(body_type == STATIC, 0.0, dt),
            decay=np.where(dynamic, scene.damping.numpy()[members] ** dt, 1.0),
            fall=np.where(dynamic, scene.gravity.numpy()[members].T[:, None] * dt, 0.0),
        )
