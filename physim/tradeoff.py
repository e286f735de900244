"""What accuracy costs: position errors against time, of a learned engine and of the truth at few and many substeps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median
from time import perf_counter, process_time
from typing import Any, final

import numpy as np
import torch
from tqdm import tqdm

from physim import measures
from physim.arrays import Floats
from physim.checks import TEST_SEEDS_FROM, check_positive, check_seed
from physim.engines.base import Engine
from physim.engines.learned import LearnedEngine
from physim.engines.named import TRUTH
from physim.engines.truth import PymunkEngine
from physim.reports import Row, row
from physim.scenes.scene import Scene
from physim.threads import one_thread
from physim.worlds.base import World

FRAME = 1 / 60
"""A frame is a step of the world, or the largest power of two of its steps that takes no longer than this (s)."""
FINER = 2
"""The truth that errors are measured against takes this many times the world's own substeps."""
EARLY = 10
"""Errors are told at the end of the time and after this part of it."""
ROUNDS, ALONE = 5, 8
"""How often all engines are timed in turn, and how many of the scenes they then run one by one."""

Paths = Mapping[int, Floats]
"""Where the bodies of all scenes are [N, 2] at some frames."""


@dataclass(frozen=True)
class TradeoffSettings:
    """How to measure: `scenes` scenes of `seed` for `seconds`; errors are medians over these, times medians of rounds.

    `weights` are a name that ships with physim, or a file (None: the world's own); the learned engine runs on `device`.
    """

    weights: str | None = None
    scenes: int = 256
    seconds: float = 1.0
    seed: int = TEST_SEEDS_FROM
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_positive(scenes=self.scenes, seconds=self.seconds)
        check_seed(self.seed)


@final
@dataclass
class Runner:
    """An engine of which `steps` make a frame, and what is measured of it.

    `substeps` are those of the simulator in a frame, or the times a network is run; `errors` are the medians over
    scenes by frame (m); `alone` and `together` are the seconds, round by round, of a scene by itself and of all.
    """

    label: str
    engine: Engine[Any]
    steps: int
    substeps: int
    device: str = "cpu"
    errors: dict[int, float] = field(default_factory=dict)
    alone: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)

    def run(self, scene: Scene, frames: Sequence[int]) -> tuple[Paths, float]:
        """The positions at some frames, the last one last, and how long the frames took once all was ready.

        As in a program that draws, positions are read at every frame. Seconds are those of the processor, so that other
        work on the machine changes little; with another device than the CPU, those of the wall clock.
        """
        clock = process_time if self.device == "cpu" else perf_counter
        state = self.engine.start(scene)
        paths: dict[int, Floats] = {}
        began = clock()
        for number in range(1, frames[-1] + 1):
            with np.errstate(all="ignore"):
                for _ in range(self.steps):
                    state = self.engine.step(state)
                pos = state.pos
            if number in frames:
                paths[number] = pos.copy()
        return paths, clock() - began


def tradeoff(world: World, settings: TradeoffSettings) -> list[Row]:
    """One row an engine: the truth at 1, 2, 4, ... substeps a frame up to the world's own, then the learned engine.

    Where the world's truth is not pymunk, pymunk comes between. pymunk runs scenes one after another, the others all at
    once. Errors are against the truth at twice the world's own substeps, so that the world's own have one too.
    """
    steps = steps_a_frame(world)
    frames = max(1, round(settings.seconds / (steps * world.dt)))
    instants = sorted({max(1, round(frames / EARLY)), frames})
    with one_thread():
        runners = [*truths(world, steps), learned(world, steps, settings)]
        scenes = world.scenes(settings.seed, settings.scenes)
        measure(runners, finest(world, steps), scenes, instants)
    labels: Row = {"world": world.name, "bodies": _moving(scenes), "scenes": len(scenes)}
    return rows(runners, instants, steps * world.dt, labels, world.unit)


def steps_a_frame(world: World) -> int:
    """How many steps of a world are a frame."""
    return 2 ** max(0, math.floor(math.log2(FRAME / world.dt) + 1e-9))


def ladder(most: int) -> list[int]:
    """1, 2, 4, ... under a number, and the number."""
    return [*(2**power for power in range((most - 1).bit_length())), most]


def truths(world: World, steps: int) -> Iterator[Runner]:
    """The truth at more and more substeps a frame, up to the world's own, then pymunk where that is another engine."""
    frames = [replace(world, dt=steps * world.dt, substeps=substeps) for substeps in ladder(steps * world.substeps)]
    for frame in frames:
        yield Runner(TRUTH, frame.engine(), 1, frame.substeps)
    if not isinstance(world.engine(), PymunkEngine):
        for frame in frames:
            engine = PymunkEngine(frame.dt, frame.substeps, frame.forces, frame.equip)
            yield Runner("pymunk", engine, 1, frame.substeps)


def finest(world: World, steps: int) -> Runner:
    """The truth that the others are measured against."""
    substeps = FINER * steps * world.substeps
    return Runner(TRUTH, replace(world, dt=steps * world.dt, substeps=substeps).engine(), 1, substeps)


def learned(world: World, steps: int, settings: TradeoffSettings) -> Runner:
    """The learned engine of a world; raises PhysimError where there is none for it, or the device is not there."""
    engine = LearnedEngine.load(settings.weights or world.name).on(settings.device)
    return Runner("learned", engine, steps, steps * engine.terms.steps, settings.device)


def measure(runners: Sequence[Runner], reference: Runner, scenes: Sequence[Scene], instants: Sequence[int]) -> None:
    """Let all run in turn, round after round, the first of a round last in the next; errors are those of one round."""
    batch = Scene.batch_of(scenes)
    true, _ = reference.run(batch, instants)
    for runner in runners:  # what is slow at the first time only is not measured
        runner.run(batch, [1])
    turns = [runner for number in range(ROUNDS) for runner in _rotated(runners, number)]
    for runner in tqdm(turns, desc="tradeoff", unit="run", leave=False, disable=None):
        runner.alone.append(mean(runner.run(scene, instants)[1] for scene in scenes[:ALONE]))
        paths, seconds = runner.run(batch, instants)
        runner.together.append(seconds)
        runner.errors = {instant: _error(batch, paths[instant], true[instant]) for instant in instants}


def rows(runners: Sequence[Runner], instants: Sequence[int], frame: float, labels: Row, unit: str) -> list[Row]:
    """What was measured after frames of `frame` seconds; milliseconds are for each second of each of the scenes, errors
    in the world's `unit`.
    """
    own = [runner for runner in runners if runner.label == TRUTH][-1]
    early, end = instants[0], instants[-1]
    simulated = end * frame / 1e3
    return [
        row("position_error", runner.errors[end], unit, f"truth, {own.substeps} substeps", own.errors[end])
        | labels
        | {
            "engine": runner.label,
            "substeps": runner.substeps,
            "frame_ms": 1e3 * frame,
            "device": runner.device,
            "ms_alone": median(runner.alone) / simulated,
            "ms_together": median(runner.together) / simulated / int(labels["scenes"] or 1),
            "early_seconds": early * frame,
            "early_error": runner.errors[early],
            "seconds": end * frame,
        }
        for runner in runners
    ]


def _rotated(runners: Sequence[Runner], number: int) -> Sequence[Runner]:
    start = number % len(runners)
    return [*runners[start:], *runners[:start]]


def _error(batch: Scene, pos: Floats, true: Floats) -> float:
    found, wanted = (batch.moved(pos=torch.from_numpy(places)) for places in (pos, true))
    return measures.median(measures.position_error(found, wanted))


def _moving(scenes: Sequence[Scene]) -> int:
    """The median number of bodies that move."""
    return int(median(int((scene.inverse_mass > 0).sum()) for scene in scenes))
