"""The commands that train: on a world, and on positions over time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import tyro

from physim.cli.base import PlainCommand, WorldCommand, learner_of
from physim.errors import PhysimError
from physim.learner import Precision, TrainSettings
from physim.outputs import check_writable

TracksName = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
TRACKS = (".csv", ".npz", ".h5", ".hdf5")
"""How the names of files end that hold positions over time; no world's name ends so."""
STEPPING = ("dt", "substeps")
"""What of a world must fit its data; its other parameters are those that the data was made with."""


@dataclass(frozen=True, kw_only=True)
class Trains:
    """What any training is asked."""

    minutes: float | None = None
    """Stop after this time (of the processor, with --threads 1); without it, after what is trained takes by itself."""
    updates: int | None = None
    """Stop after this many updates: a length that gives the same weights on every run."""
    rate: float | None = None
    """The learning rate to begin with; without it, that of what is trained."""
    seed: int = 0
    """What weights, noise and batches are drawn from; under 90000, the rest are for tests."""
    resume: bool = False
    """Go on from the checkpoint that an interrupted run left beside --out. With --updates the losses are those of a run
    without a break; with --minutes the schedule follows the clock."""
    out: Path | None = None
    """The weights file to write; without it, the name of the world or file with .safetensors in this folder."""
    threads: int | None = None
    """How many threads torch uses; without it, torch decides."""
    learner: str = "physics"
    """Which installed learner trains."""

    def settings(self, name: str) -> TrainSettings:
        """The flags as the learner takes them; what was not asked for is as TrainSettings has it."""
        known = {item.name for item in fields(TrainSettings)}
        given = {item.name: getattr(self, item.name) for item in fields(self) if item.name in known}
        given["out"] = self.out or Path(f"{name}.safetensors")
        return TrainSettings(**{field: value for field, value in given.items() if value is not None})


@dataclass(frozen=True)
class Train(Trains, WorldCommand):
    """Train a learned engine of a world and write its weights to one safetensors file.

    In the place of WORLD may stand a file of positions over time, from a video tracker, say: tracks.csv, .npz, .h5 or
    .hdf5 (its own flags: physim train tracks.csv --help).
    """

    data: Path | None = None
    """Trajectories to learn from (physim generate): a file, or a folder of shards that need not fit in memory. Without
    them, scenes are simulated first."""
    memory: float | None = None
    """How many GiB of memory a training on a folder of shards may take; without it, half of the machine's."""
    config: str = "best"
    """What to train: best, paper (Battaglia et al. 2016), or a baseline: mlp, dynamics_only."""
    scenes: int | None = None
    """How many scenes to simulate where no data is given; without it, 1000."""
    steps: int | None = None
    """How many steps of each such scene to simulate; without it, 1000."""
    precision: Precision = "32-true"
    """The numbers that training computes with."""

    def run(self, parameters: Mapping[str, Any]) -> None:
        """Write the weights and print their path."""
        self._check_data(parameters)
        from physim.worlds import find_world

        world = find_world(self.world, dict(parameters))
        settings = self.settings(world.name)
        learner = learner_of(self.learner)
        if self.config not in learner.configs:
            raise PhysimError(f"unknown config {self.config!r}: the known ones are {', '.join(learner.configs)}")
        _trained(partial(learner.train, world), settings)

    def _check_data(self, parameters: Mapping[str, Any]) -> None:
        """Refuse flags that say what to simulate where there is data, which was simulated already."""
        asked = [name for name in parameters if name not in STEPPING]
        asked += [name for name in ("scenes", "steps") if getattr(self, name) is not None]
        if self.data is not None and asked:
            flag = asked[0].replace("_", "-")
            raise PhysimError(f"--{flag} says what to simulate, and --data {self.data} is there already: leave one out")


@dataclass(frozen=True)
class TrainTracks(Trains, PlainCommand):
    """Train an engine on positions over time, of a law that nobody states, and write its weights to one file.

    A .csv has a row for each object and instant, with the columns time (or frame, with --fps), object, x, y, and, where
    wanted, scene and angle; any other is an attribute of the object, such as mass or charge. An .npz or HDF5 file has
    the arrays pos [T, N, 2] or [S, T, N, 2], dt or times, and attributes [N] or [S, N]. Velocities are estimated.
    """

    file: TracksName
    """A file of positions over time: .csv, .npz, .h5 or .hdf5."""
    fps: float | None = None
    """How many frames a second has, where a .csv has frame numbers and no times."""

    def run(self) -> None:
        """Write the weights and print their path."""
        settings = self.settings(self.file.stem)
        from physim.scenes.tracks import read_tracks

        learner = learner_of(self.learner)
        _trained(partial(learner.train_tracks, read_tracks(self.file, self.fps)), settings)


def _trained(train: Callable[[TrainSettings], Path], settings: TrainSettings) -> None:
    """Train and print the path of the weights; one that is interrupted says how to go on."""
    check_writable(settings.out, "--out", ".safetensors")
    try:
        path = train(settings)
    except KeyboardInterrupt as stop:
        left = settings.checkpoint.exists()
        raise KeyboardInterrupt(f": --resume goes on from {settings.checkpoint}" if left else "") from stop
    if os.environ.get("RANK", "0") == "0":  # torchrun starts one command line for each process
        print(path)
