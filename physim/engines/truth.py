"""The truth: pymunk, with pairwise forces as kicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pymunk
import torch

from physim.arrays import Floats
from physim.engines.base import Engine
from physim.engines.bodies import Bodies, bodies_of
from physim.errors import PhysimError
from physim.scenes.forces import PairForce
from physim.scenes.scene import STATE_FIELDS, STATIC, Scene, scenes_of
from physim.scenes.space_editing import edit_space
from physim.scenes.spaces import space_of

Equip = Callable[[pymunk.Space], None]


@dataclass
class LiveSpace:
    """A Space that keeps its contacts from step to step, and what the kicks need."""

    bodies: Bodies
    columns: Mapping[str, Floats]
    inverse_mass: Floats
    tick: int = 0

    def move_on(self, tick: int) -> None:
        """Leave the state of this tick behind; raises PhysimError where it was left before."""
        if self.tick != tick:
            raise PhysimError("this state was stepped before and its Space has moved on: start anew from state.scene")
        self.tick += 1


@final
@dataclass(frozen=True)
class PymunkState:
    """What one read of the live Spaces gave; only the newest state of a rollout can be stepped.

    Shapes: values [N, 6], in the order of bodies.FIELDS.
    """

    start: Scene
    live: tuple[LiveSpace, ...]
    values: Floats
    tick: int = 0

    @property
    def pos(self) -> Floats:
        """Positions [N, 2]."""
        return self.values[:, 0:2]

    @property
    def angle(self) -> Floats:
        """Angles [N]."""
        return self.values[:, 2]

    @property
    def vel(self) -> Floats:
        """Velocities [N, 2]."""
        return self.values[:, 3:5]

    @property
    def angular_velocity(self) -> Floats:
        """Angular velocities [N]."""
        return self.values[:, 5]

    @property
    def scene(self) -> Scene:
        """All of it as a scene; its contacts stay behind in the live Space."""
        return self.start.moved(**{name: torch.from_numpy(getattr(self, name).copy()) for name in STATE_FIELDS})


@final
class PymunkEngine(Engine[PymunkState]):
    """pymunk steps the Space; pairwise forces kick the velocities first, because pymunk moves before it applies forces.

    The Space stays alive in the state, since contacts are cached there. `equip` is called with each Space once it is
    built, and again when it is altered, and adds what a scene does not express.
    """

    def __init__(
        self, dt: float, substeps: int = 1, forces: PairForce | None = None, equip: Equip = lambda space: None
    ) -> None:
        self.dt, self.substeps, self.forces, self.equip = dt, substeps, forces, equip

    def start(self, scene: Scene) -> PymunkState:
        """The state of one scene, or of a batch with one Space for each scene."""
        live = tuple(_live(part, self.equip) for part in scenes_of(scene))
        return PymunkState(scene, live, _read(live))

    def step(self, state: PymunkState) -> PymunkState:
        """The state one dt later; raises PhysimError where the Spaces of this state have moved on already."""
        for live in state.live:
            live.move_on(state.tick)
            self._advance(live)
        return PymunkState(state.start, state.live, _read(state.live), state.tick + 1)

    def driven(self, state: PymunkState, force: Floats, torque: Floats) -> PymunkState:
        """The state one dt later under forces [N, 2] and torques [N], which act where gravity does; as `step`."""
        forces = np.column_stack([force, torque])
        for live, rows in zip(state.live, _rows(state.live), strict=True):
            live.move_on(state.tick)
            self._advance(live, forces[rows])
        return PymunkState(state.start, state.live, _read(state.live), state.tick + 1)

    def pushed(self, state: PymunkState, impulse: Floats) -> PymunkState:
        """The state after an impulse (N s) [N, 2] on each object, whose Spaces go on living; as `step`, it raises."""
        values = state.values.copy()
        for live, rows in zip(state.live, _rows(state.live), strict=True):
            live.move_on(state.tick)
            values[rows, 3:5] += impulse[rows] * live.inverse_mass[:, None]
            live.bodies.write_velocities(values[rows, 3:5])
        return PymunkState(state.start, state.live, values, state.tick + 1)

    def moved(self, state: PymunkState, scene: Scene) -> PymunkState:
        """The state with its bodies elsewhere, whose Spaces go on living where no static object moves; as `step`."""
        values = np.column_stack([scene[name].numpy() for name in ("pos", "angle", "vel", "angular_velocity")])
        static = (scene.body_type == STATIC).numpy()
        if not np.array_equal(values[static], state.values[static]):
            return self.start(scene)
        for live, rows in zip(state.live, _rows(state.live), strict=True):
            live.move_on(state.tick)
            live.bodies.write(values[rows])
        return PymunkState(state.start, state.live, values, state.tick + 1)

    def altered(self, state: PymunkState, scene: Scene, kept: Sequence[int]) -> PymunkState:
        """The state of another scene in its place, with the contacts of the objects that are `kept`; as `step`."""
        (live,) = state.live
        live.move_on(state.tick)
        space = live.bodies.space
        bodies = edit_space(space, live.bodies.bodies, state.scene, scene, kept)
        self.equip(space)
        changed = (_lived(space, bodies, scene, state.tick + 1),)
        return PymunkState(scene, changed, _read(changed), state.tick + 1)

    def restarted(self, state: PymunkState, fresh: Mapping[int, Scene]) -> PymunkState:
        """The state with fresh scenes in the places of some; the Spaces of the others go on living; as `step`."""
        live = list(state.live)
        for number in range(len(live)):
            if number in fresh:
                live[number] = _live(fresh[number], self.equip, state.tick + 1)
            else:
                live[number].move_on(state.tick)
        scenes = [fresh.get(number, scene) for number, scene in enumerate(scenes_of(state.start))]
        return PymunkState(Scene.batch_of(scenes), tuple(live), _read(tuple(live)), state.tick + 1)

    def _advance(self, live: LiveSpace, driving: Floats | None = None) -> None:
        """Take all substeps, with a force and a torque on each object [N, 3] where there are any."""
        dt = self.dt / self.substeps
        for _ in range(self.substeps):
            if self.forces is not None:
                self._kick(self.forces, live, dt)
            if driving is not None:
                live.bodies.write_forces(driving)
            live.bodies.space.step(dt)

    @staticmethod
    def _kick(forces: PairForce, live: LiveSpace, dt: float) -> None:
        values = live.bodies.read()
        pos, vel = values[:, 0:2], values[:, 3:5]
        with np.errstate(all="ignore"):
            force = forces(pos[None], vel[None], live.columns)[0]
            live.bodies.write_velocities(vel + force * (live.inverse_mass * dt)[:, None])


def _live(scene: Scene, equip: Equip, tick: int = 0) -> LiveSpace:
    space = space_of(scene)
    equip(space)
    return _lived(space, list(space.bodies), scene, tick)


def _lived(space: pymunk.Space, bodies: Sequence[pymunk.Body], scene: Scene, tick: int) -> LiveSpace:
    columns = {name: scene[name].numpy()[None] for name in scene.columns}
    return LiveSpace(bodies_of(space, bodies), columns, scene.inverse_mass.numpy(), tick)


def _rows(live: tuple[LiveSpace, ...]) -> list[slice]:
    """Where the objects of each Space stand among those of all."""
    stops = np.cumsum([len(item.inverse_mass) for item in live]).tolist()
    return [slice(stop - len(item.inverse_mass), stop) for item, stop in zip(live, stops, strict=True)]


def _read(live: tuple[LiveSpace, ...]) -> Floats:
    return np.concatenate([item.bodies.read() for item in live])
