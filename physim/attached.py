"""Any engine where `space.step(dt)` stood: it moves the bodies of somebody else's live pymunk.Space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import isclose
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt
import pymunk
import torch

from physim.checks import check_positive
from physim.engines.base import Engine, Floats
from physim.engines.bodies import FIELDS, Bodies, bodies_of
from physim.engines.contract import check_signature
from physim.engines.guest import GuestEngine
from physim.engines.learned import LearnedEngine
from physim.engines.named import ENGINES, TRUTH, WITH_WEIGHTS
from physim.engines.truth import PymunkEngine
from physim.errors import BlowUp, PhysimError
from physim.scenes.scaling import scaled
from physim.scenes.scene import STATIC, Scene
from physim.scenes.space_contents import Contents, contents_of
from physim.scenes.space_reading import Origin, scene_and_origins

WEIGHTS = "playground"
"""The weights that are loaded where none are named."""
SUBSTEPS = 10
"""In how many steps pymunk takes each of a hybrid's: what is learned beside it was learned from steps as fine."""
_ATTRIBUTE = "_physim_attached"
_LENGTHS = np.array([1, 1, 0, 1, 1, 0])  # the power of a length in each of FIELDS
_FORCES = np.array([1, 1, 2])  # and in a force and a torque

EngineAt = Callable[[float], Engine[Any]]


def attach(
    space: pymunk.Space,
    weights: str | Path | Engine[Any] | None = None,
    engine: str = "learned",
    length_scale: float = 1.0,
) -> Attached:
    """An engine for a live Space: `attach(space).step(dt)` stands where `space.step(dt)` stood.

    `engine` is "learned", "hybrid" (learned free motion, pymunk's contacts), "hybrid_contacts" (the reverse) or
    "truth" (pymunk, in a Space of its own); in a hybrid's step pymunk takes ten. `weights` are the name of some that
    ship with physim ("playground", where none are named), a file, or an engine ready made. `length_scale` is the
    length, in the unit of the weights, of one unit of the Space: 50 for weights in pixels in a Space in metres of 50
    pixels each. Masses and seconds are not scaled. The same Space with the same arguments gives the same object, for as
    long as the Space lives.

    Before a step, what the program did is taken up: motion that it set goes on from there, forces and torques act for
    the step and are cleared, as by pymunk, and where bodies, shapes, joints or any of their properties, or gravity, are
    no longer the same, the Space is read anew, and what keeps its outline keeps its contacts. Kinematic bodies move by
    their velocity. After it, positions, angles, velocities and angular velocities stand in the bodies, and shapes are
    where they are for queries and drawing.

    Refused by name, in the step that meets them: sensors; collision callbacks (`on_collision`) and
    `add_post_step_callback`; `velocity_func`, `position_func`, callbacks of joints; sleeping (`sleep_time_threshold`);
    bodies that move with several shapes, with a shape that is off their centre, or with a centre of gravity elsewhere;
    categories and masks of filters; `surface_velocity`; joints other than springs, pins, pivots and slides, and ones
    with a `max_force`, `max_bias` or `error_bias` of their own; and whatever shapes, joints or attributes the weights
    do not know. What a Space says of its last step, by `Body.each_arbiter` and `Space.current_time_step`, is said of
    the last that it took itself.

    Raises: PhysimError where the engine or its weights are unknown, or the scale is not above 0.
    """
    if not isinstance(space, pymunk.Space):
        raise PhysimError(f"space is a {type(space).__name__}, wanted a pymunk.Space")
    check_positive(length_scale=length_scale)
    # kept by the Space itself: a table of Spaces would keep alive those whose bodies lead back to them
    known: dict[Any, tuple[Any, Attached]] = vars(space).setdefault(_ATTRIBUTE, {})
    named = weights is None or isinstance(weights, str | Path)
    key = (str(weights) if named else id(weights), engine, length_scale)
    if key not in known:
        made = Attached(space, _engine(engine, weights), length_scale)
        known[key] = weights, made  # the weights too: what has their id must be they
    return known[key][1]


@final
@dataclass(frozen=True)
class _Reading:
    """What a Space was when it was last read: its contents, its objects, and those that move, by their rows."""

    contents: Contents
    scene: Scene
    origins: dict[Origin, int]
    rows: npt.NDArray[np.int64]
    bodies: Bodies


@final
class Attached:
    """A live Space and the engine that moves it; made by `attach`.

    `engine` is the one that stepped last, and `state` its state, from which the next step goes on: both are None before
    the first step, and the state is after one that was refused.
    """

    def __init__(self, space: pymunk.Space, engine_at: EngineAt, length_scale: float) -> None:
        self.space, self.length_scale = space, length_scale
        self.engine: Engine[Any] | None = None
        self.state: Any = None
        self._engine_at, self._lengths = engine_at, length_scale**_LENGTHS
        self._reading: _Reading | None = None
        self._written: Floats = np.empty((0, len(FIELDS)))

    def step(self, dt: float) -> None:
        """Move the bodies of the Space by `dt` seconds: the engine's own step, or a whole multiple of it.

        Raises: PhysimError where dt is another, or the Space holds what cannot be expressed; BlowUp where a body leaves
        the finite numbers. The bodies are then as they were.
        """
        self.engine, steps = self._prepared(dt)
        try:
            reading = self._up_to_date(self.engine)
            if len(reading.rows):
                self._advance(self.engine, reading, steps)
        except BaseException:
            self._reading = self.state = None
            raise

    def _prepared(self, dt: float) -> tuple[Engine[Any], int]:
        """The engine, and how many of its steps make a dt."""
        check_positive(dt=dt)
        engine = self._engine_at(dt)
        steps = round(dt / engine.dt)
        if steps < 1 or not isclose(steps * engine.dt, dt, rel_tol=1e-9):
            raise PhysimError(f"dt: this engine takes steps of {engine.dt:g} s, or whole multiples, got {dt:g} s")
        return engine, steps

    def _up_to_date(self, engine: Engine[Any]) -> _Reading:
        """What the Space is now; where that is not what it was, the state becomes one of it."""
        if self.space._post_step_callbacks:
            raise PhysimError("the Space has callbacks by add_post_step_callback, which only its own step would call")
        contents = contents_of(self.space, engine.columns)
        if self._reading is None or self._reading.contents != contents:
            before, self._reading = self._reading, self._read(engine, contents)
            self._written = self._motion(self._reading)
            self.state = self._begun(engine, before, self._reading)
        return self._reading

    def _begun(self, engine: Engine[Any], before: _Reading | None, reading: _Reading) -> Any:
        """The state of what was read; where there was one before, with what the engine keeps of it."""
        if not len(reading.rows):
            return None
        if before is None or self.state is None:
            return engine.start(reading.scene)
        return engine.altered(self.state, reading.scene, [before.origins.get(origin, -1) for origin in reading.origins])

    def _read(self, engine: Engine[Any], contents: Contents) -> _Reading:
        scene, origins = scene_and_origins(self.space, engine.dt, engine.columns)
        rows = np.flatnonzero((scene.body_type != STATIC).numpy())
        moving = bodies_of(self.space, [origins[row].body for row in rows])
        places = {origin: row for row, origin in enumerate(origins)}
        return _Reading(contents, scaled(scene, self.length_scale), places, rows, moving)

    def _advance(self, engine: Engine[Any], reading: _Reading, steps: int) -> None:
        state = self._as_set(engine, reading)
        driving = np.zeros((len(state.pos), 3))
        driving[reading.rows] = reading.bodies.read_forces() * self.length_scale**_FORCES
        driven = bool(driving.any())
        for _ in range(steps):
            state = engine.driven(state, driving[:, :2], driving[:, 2]) if driven else engine.step(state)
        self._write(reading, state)
        if driven:
            reading.bodies.write_forces(np.zeros((len(reading.rows), 3)))
        self.state = state

    def _as_set(self, engine: Engine[Any], reading: _Reading) -> Any:
        """The state, with the motion that the program has set since the last step."""
        values = self._motion(reading)
        if np.array_equal(values, self._written):
            return self.state
        motion = _values(self.state)
        motion[reading.rows] = np.where(values != self._written, values * self._lengths, motion[reading.rows])
        names = {"pos": motion[:, 0:2], "angle": motion[:, 2], "vel": motion[:, 3:5], "angular_velocity": motion[:, 5]}
        scene = self.state.scene.moved(**{name: torch.from_numpy(value.copy()) for name, value in names.items()})
        return engine.moved(self.state, scene)

    def _motion(self, reading: _Reading) -> Floats:
        """The motion of the bodies that move, as the program sees it; raises PhysimError where it is not finite."""
        values = reading.bodies.read()
        if not np.isfinite(values).all():
            row, field = np.argwhere(~np.isfinite(values))[0].tolist()
            raise PhysimError(f"{FIELDS[field]} of body {reading.rows[row]} is {values[row, field]}, wanted a number")
        return values

    def _write(self, reading: _Reading, state: Any) -> None:
        """Put the motion of a state into the bodies, and their shapes where they then are."""
        values = _values(state)[reading.rows] / self._lengths
        if not np.isfinite(values).all():
            raise BlowUp(int(reading.rows[np.argwhere(~np.isfinite(values))[0, 0]]), 1)
        reading.bodies.write(values)
        self._written = reading.bodies.read()
        for body in reading.bodies.bodies:
            self.space.reindex_shapes_for_body(body)


def _values(state: Any) -> Floats:
    """The motion of all objects of a state [N, 6], in the order of FIELDS."""
    return np.column_stack([state.pos, state.angle, state.vel, state.angular_velocity])


def _engine(name: str, weights: str | Path | Engine[Any] | None) -> EngineAt:
    """What gives the engine for a dt: the truth takes any, all others their own."""
    if name == TRUTH and weights is None:
        return lru_cache(maxsize=1)(PymunkEngine)
    made = _ready_made(name, weights)
    return lambda dt: made


def _ready_made(name: str, weights: str | Path | Engine[Any] | None) -> Engine[Any]:
    if name == TRUTH:
        raise PhysimError(f"weights: the engine {TRUTH} has none, got {weights!r}")
    if name not in WITH_WEIGHTS:
        raise PhysimError(f"unknown engine {name!r}: the known ones are {', '.join(ENGINES)}")
    if weights is None or isinstance(weights, str | Path):
        weights = LearnedEngine.load(WEIGHTS if weights is None else weights)
    if isinstance(weights, LearnedEngine):
        return WITH_WEIGHTS[name](weights, PymunkEngine(weights.dt, SUBSTEPS))
    check_signature(weights)
    if name != "learned":
        raise PhysimError(f"the engine {name} wants weights, got the engine {type(weights).__name__}")
    return weights if isinstance(weights, Engine) else GuestEngine(weights, type(weights).__name__)
