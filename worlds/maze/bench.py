"""The speeds behind `physim bench maze`, beside those of ViZDoom and Miniworld."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from tqdm import trange

from physim.errors import PhysimError
from physim.reports import Row, row
from worlds.maze.cameras import drawn
from worlds.maze.families import FAMILIES
from worlds.maze.vector_env import MazeVectorEnv

FAMILY = "physim/NavMazeRandomGoal01-v0"
ROUNDS = 5
MAZES = 32
DECISIONS = 901
"""Of a round: an episode of 900, and the step in which the next begins."""
SECONDS = 2.0
"""How long a round runs each setting of a peer."""
CAMERAS, DRAWINGS = 256, 100
"""How many frames are drawn by one call, and by how many calls a round."""
SIZES = {"vizdoom": (160, 120), "miniworld": (80, 60)}
"""At which size each peer is measured, and we beside it."""
PEERS_PYTHON = "PHYSIM_PEERS_PYTHON"
HOW = (
    f"{PEERS_PYTHON} is not set, so ViZDoom and Miniworld are left out; to have them beside: "
    "python -m venv peers; peers/bin/pip install 'physim[peers]' (or vizdoom and miniworld alone); "
    "apt-get install xvfb xauth libglu1-mesa libgl1-mesa-dri; "
    f"{PEERS_PYTHON}=peers/bin/python physim bench maze"
)

Speeds = dict[str, list[float]]
"""Frames a second of each round, by what was measured."""


def maze(progress: bool = True) -> list[Row]:
    """Frames a second of many mazes, physics included, on one core beside the peers; then of drawing alone."""
    python = os.environ.get(PEERS_PYTHON)
    return [
        *playing(_rounds(progress), python, DECISIONS, SECONDS),
        *drawing(_rounds(progress), CAMERAS, DRAWINGS),
    ]


def playing(rounds: Iterable[object], python: str | None, decisions: int, seconds: float) -> list[Row]:
    """Frames a second of MazeVectorEnv.step in colour and depth, at a row for each setting of the peers.

    Each round measures us and each peer, one right after the other, on the same core; figures are medians over rounds.
    """
    if not python:
        print(HOW, file=sys.stderr)
    players = {peer: player(size) for peer, size in SIZES.items()}
    ours: dict[str, list[float]] = {peer: [] for peer in SIZES}
    theirs: dict[str, Speeds] = {peer: {} for peer in SIZES}
    with one_core():
        for _ in rounds:
            for peer, play in players.items():
                ours[peer].append(play(decisions))
                for setting, speed in (peer_speeds(python, peer, seconds) if python else {}).items():
                    theirs[peer].setdefault(setting, []).append(speed)
    return [made for peer, size in SIZES.items() for made in _beside(size, ours[peer], theirs[peer])]


def drawing(rounds: Iterable[object], cameras: int, drawings: int) -> list[Row]:
    """Frames a second of colour and depth at 84 x 84 without physics, by one thread and by two."""
    env = _mazes((84, 84), cameras)
    mazes, poses, view = env.episodes.mazes, env.episodes.poses, env.game.sight.camera

    def draw(threads: int, times: int) -> float:
        begun = time.perf_counter()
        for _ in range(times):
            drawn(mazes, np.arange(cameras), poses, view, threads=threads)
        return cameras * times / (time.perf_counter() - begun)

    speeds: dict[int, list[float]] = {1: [], 2: []}
    for _ in rounds:
        for threads, found in speeds.items():
            found.append(draw(threads, drawings))
    labels: Row = {"width": 84, "height": 84, "mazes": cameras}
    return [
        row("drawn_frames_per_second", median(found), "1/s") | labels | {"threads": threads}
        for threads, found in speeds.items()
    ]


def player(size: tuple[int, int]) -> Callable[[int], float]:
    """What makes so many random decisions for all mazes, and gives the frames a second; it has been warmed up."""
    env, choices = _mazes(size, MAZES), np.random.default_rng(0)

    def play(decisions: int) -> float:
        actions = choices.integers(len(env.episodes.table), size=(decisions, MAZES))
        begun = time.perf_counter()
        for each in actions:
            env.step(each)
        return MAZES * decisions / (time.perf_counter() - begun)

    play(2)  # what numba compiles, it compiles here
    return play


def peer_speeds(python: str, peer: str, seconds: float) -> dict[str, float]:
    """Frames a second of a peer, by its version and setting, run by the Python of an environment that has it.

    Raises: PhysimError where that Python cannot run it.
    """
    display = shutil.which("xvfb-run") if peer == "miniworld" else None
    command = [python, str(Path(__file__).with_name("peers.py")), peer, str(seconds)]
    said = _last_line([display, "-a", *command] if display else command)
    try:
        found = json.loads(said)
    except ValueError:
        raise PhysimError(f"{PEERS_PYTHON} is {python}, which cannot run {peer}: {said}") from None
    return {f"{found['name']} {found['version']}, {setting}": speed for setting, speed in found["settings"].items()}


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and the processes that it starts, on one core, where the system can."""
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _last_line(command: list[str]) -> str:
    """The last line that a command prints, which has one thread."""
    one_thread = {"OMP_NUM_THREADS": "1", "LP_NUM_THREADS": "0"}  # the latter is Mesa's, which draws for Miniworld
    alone = {**os.environ, **one_thread}
    mixed = subprocess.STDOUT  # as xvfb-run does anyway
    try:
        done = subprocess.run(command, check=False, env=alone, stdout=subprocess.PIPE, stderr=mixed, text=True)
    except OSError as error:
        return str(error)
    return (done.stdout.splitlines() or [f"nothing, and ended with {done.returncode}"])[-1]


def _mazes(size: tuple[int, int], count: int) -> MazeVectorEnv:
    """So many mazes of the family, in which episodes have begun."""
    settings: dict[str, Any] = FAMILIES[FAMILY] | {"observe": ("image", "depth"), "size": size}
    env = MazeVectorEnv(num_envs=count, **settings)
    env.reset(seed=0)
    return env


def _beside(size: tuple[int, int], ours: list[float], theirs: Speeds) -> list[Row]:
    """Our row beside each of theirs, or alone where there are none."""
    labels: Row = {"width": size[0], "height": size[1], "mazes": MAZES, "threads": 1}
    name, value, unit = "maze_frames_per_second", median(ours), "1/s"
    rows = [row(name, value, unit, peer, median(speeds)) | labels for peer, speeds in theirs.items()]
    return rows or [row(name, value, unit) | labels]


def _rounds(progress: bool) -> Iterable[object]:
    return trange(ROUNDS, desc="bench", unit="round", leave=False, disable=None if progress else True)
