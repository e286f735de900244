"""One of pymunk's own example programs, headless, with another step where `Space.step` stood.

python examples/programs.py bouncing_balls --engine hybrid --out recording.npz
"""

from __future__ import annotations

import json
import os
import random
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyglet_stand_in
import pymunk
import torch
import tyro

import physim
from physim.attached import SUBSTEPS, WEIGHTS
from physim.contact_measures import depths
from physim.engines import HybridContactsEngine, HybridEngine, LearnedEngine, PymunkEngine
from physim.engines.hybrids import Hybrid
from physim.errors import PhysimError
from physim.outputs import replacing
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of

Floats = npt.NDArray[np.float64]
Step = Callable[[pymunk.Space, float], None]

TRUTH = "truth"
HYBRIDS = {"hybrid": HybridEngine, "hybrid_contacts": HybridContactsEngine}
SILENCED = " silenced"
"""Follows the name of a hybrid whose learned part is set to zero."""
ARGUMENTS = {"newtons_cradle": ("/i",)}
"""What programs want on their command lines."""
LOOKS = 5
"""Every so many frames it is looked how deep bodies are in one another."""
CROWD = 200
"""More bodies are not looked at: all of their pairs take long."""
OWN_STEP = pymunk.Space.step


@dataclass(frozen=True)
class Args:
    """Run a program of pymunk.examples for some frames and record where its bodies are."""

    name: tyro.conf.Positional[str]
    """The program's name."""
    engine: str = "truth 1"
    """`truth N` takes N steps of pymunk in each of the program's own; anything else is an engine of `physim.attach`, or
    a hybrid whose learned part is set to zero: `hybrid silenced`, `hybrid_contacts silenced`."""
    frames: int = 600
    """How many frames, by the ticks of the program's clock."""
    seed: int = 0
    """What the program's own random numbers are drawn from."""
    callbacks: bool = True
    """Whether collision callbacks are kept."""
    out: Path = Path("recording.npz")
    """Where the recording is left."""


class Finished(BaseException):
    """Ends a program; it is no Exception, so that no program catches it."""


class Recorder:
    """Stands where `Space.step` stood: takes the step, and records the first Space that the program steps."""

    def __init__(self, step: Step, frames: int) -> None:
        self.space: pymunk.Space | None = None
        self.refusal: str | None = None
        self.dts: list[float] = []
        self.frame = 0
        self._step, self._frames, self._stepping, self._clocked = step, frames, False, False
        self._numbers: dict[pymunk.Body, int] = {}
        self._rows: list[tuple[float, ...]] = []
        self._scenes: list[Scene] = []
        self._sizes: tuple[int, ...] = ()

    def step(self, space: pymunk.Space, dt: float) -> None:
        """Step a Space of the program; what steps Spaces of its own meanwhile does it as ever."""
        if self._stepping:
            OWN_STEP(space, dt)
            return
        if self.space is None:
            self.space = space
        if space is self.space:
            self._look(space)
            self.dts.append(dt)
        self._stepping = True
        try:
            self._step(space, dt)
        finally:
            self._stepping = False
        if not self._clocked and space is self.space:
            self.end_frame()

    def recording(self) -> dict[str, Any]:
        """All that was recorded, as arrays: rows [K, 4] are frame, number of the body, x, y; depths [L]."""
        depth = [depths(scene) for scene in self._scenes]
        return {
            "rows": np.array(self._rows, dtype=np.float64).reshape(-1, 4),
            "depths": torch.cat([*depth, torch.zeros(0)]).numpy(),
        }

    def clock(self) -> Callable[[], None]:
        """What a clock of the program calls after each frame; without one, each step is a frame."""
        self._clocked = True
        return self.end_frame

    def end_frame(self) -> None:
        """Record where the bodies are; the last frame ends the program."""
        self.frame += 1
        if self.space is not None:
            for body in self.space.bodies:
                if body.body_type == pymunk.Body.DYNAMIC:
                    number = self._numbers.setdefault(body, len(self._numbers))
                    self._rows.append((self.frame, number, *body.position))
            if self.refusal is None and self.frame % LOOKS == 0 and len(self.space.bodies) <= CROWD:
                self._scenes.append(scene_of(self.space))
        if self.frame >= self._frames:
            raise Finished

    def _look(self, space: pymunk.Space) -> None:
        """Note the first thing in the Space that a scene cannot express."""
        sizes = len(space.bodies), len(space.shapes), len(space.constraints), len(space._handlers)
        if self.refusal is None and sizes != self._sizes:
            self._sizes = sizes
            try:
                scene_of(space)
            except PhysimError as error:
                self.refusal = str(error)


def stepper(engine: str) -> Step:
    """The step of an engine."""
    kind, _, parts = engine.partition(" ")
    if kind == TRUTH and parts:
        return lambda space, dt: finer(space, dt, int(parts))
    return lambda space, dt: attached(space, engine).step(dt)


def attached(space: pymunk.Space, engine: str) -> physim.Attached:
    """A Space with an engine of `physim.attach`, which may be silenced; the same for the same Space."""
    kind = engine.removesuffix(SILENCED)
    return physim.attach(space, engine=engine) if kind == engine else physim.attach(space, silenced(kind))


@lru_cache
def silenced(kind: str) -> Hybrid:
    """The hybrid that `physim.attach` gives, but for its learned part, which is set to zero."""
    learned = LearnedEngine.load(WEIGHTS)
    return HYBRIDS[kind](learned, PymunkEngine(learned.dt, SUBSTEPS), silenced=True)


def learned_share(space: pymunk.Space, engine: str) -> float | None:
    """The share of all impulses so far that the learned part of a Space's hybrid gave; None where it has none."""
    its = None if engine.startswith(TRUTH) else attached(space, engine).engine
    return its.impulses.share if isinstance(its, Hybrid) and not its.silenced else None


def finer(space: pymunk.Space, dt: float, parts: int) -> None:
    """A step of pymunk in parts, in all of which the program's forces act: each step clears them."""
    pushed = [(body, body.force, body.torque) for body in space.bodies if body.force != (0, 0) or body.torque]
    for _ in range(parts):
        for body, force, torque in pushed:
            body.force, body.torque = force, torque
        OWN_STEP(space, dt / parts)


def run(args: Args) -> dict[str, Any]:
    """Run the program and give what was recorded and how it went: refusal and failure are sentences, or None."""
    recorder, failure = Recorder(stepper(args.engine), args.frames), None
    _without_display(recorder)

    def step(space: pymunk.Space, dt: float) -> None:  # a function becomes a method; a bound method would not
        recorder.step(space, dt)

    pymunk.Space.step = step  # type: ignore[method-assign, assignment]
    if not args.callbacks:
        pymunk.Space.on_collision = lambda *_, **__: None  # type: ignore[method-assign]
    random.seed(args.seed)
    sys.argv = [args.name, *ARGUMENTS.get(args.name, ())]
    try:
        runpy.run_module(f"pymunk.examples.{args.name}", run_name="__main__")
    except (Finished, SystemExit):
        pass
    except Exception as error:  # of any program, or engine
        failure = f"{type(error).__name__}: {error}"
    told = {
        "refusal": recorder.refusal,
        "failure": failure,
        "frames": recorder.frame,
        "dts": sorted(set(recorder.dts)),
        "steps_per_frame": len(recorder.dts) / max(recorder.frame, 1),
        "learned_share": learned_share(recorder.space, args.engine) if recorder.space and failure is None else None,
    }
    return recorder.recording() | {"told": json.dumps(told)}


def _without_display(recorder: Recorder) -> None:
    """No window, no sound, no waiting."""
    os.environ |= {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    import pygame

    class Clock:
        def __init__(self) -> None:
            self._end_frame = recorder.clock()

        def tick(self, *_: float) -> int:
            self._end_frame()
            return 1000 // 60

        def get_fps(self) -> float:
            return 60.0

    pygame.time.Clock = Clock  # type: ignore[misc, assignment]
    pyglet_stand_in.install(recorder.clock)


def main(args: Args) -> None:
    """Run the program, say which share of impulses was learned where there are others, and leave the recording."""
    recording = run(args)
    share = json.loads(recording["told"])["learned_share"]
    if share is not None:
        print(f"{args.name}: {share:.0%} of all impulses were learned ({args.engine})")
    with replacing(args.out) as draft, draft.open("wb") as file:
        np.savez(file, **recording)


if __name__ == "__main__":
    main(tyro.cli(Args, description=__doc__))
