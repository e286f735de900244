"""What a learner is asked for: the contract that packages register under the entry-point group `physim.learners`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from physim.checks import TEST_SEEDS_FROM, check_positive, check_seed
from physim.errors import PhysimError
from physim.reports import Row

if TYPE_CHECKING:
    from physim.scenes.tracks import Tracks
    from physim.worlds import World

Precision = Literal["32-true", "64-true", "bf16-mixed"]


@dataclass(frozen=True)
class TrainSettings:
    """How to train: the same for every world and learner.

    `data` is a file of trajectories or a folder of shards (None: the learner makes `scenes` scenes of `steps` steps
    itself); of shards, as many are in memory at a time as a process may take in all within `memory` GiB (None: half of
    the machine's). `config` is one of the learner's configurations, `out` the weights file.
    Training ends after `minutes` or `updates`, whichever comes first (neither: the configuration's own length); on one
    thread, minutes are those of the processor, so that other work on the machine changes nothing. `rate` is the
    learning rate to begin with (None: the configuration's own). The training's state lies in `checkpoint`, from which
    `resume` goes on.
    """

    out: Path
    data: Path | None = None
    memory: float | None = None
    config: str = "best"
    minutes: float | None = None
    updates: int | None = None
    rate: float | None = None
    seed: int = 0
    resume: bool = False
    scenes: int = 1000
    steps: int = 1000
    precision: Precision = "32-true"
    threads: int | None = None

    def __post_init__(self) -> None:
        check_positive(minutes=self.minutes, updates=self.updates, rate=self.rate, memory=self.memory)
        check_positive(scenes=self.scenes, steps=self.steps, threads=self.threads)
        check_seed(self.seed)
        if self.seed >= TEST_SEEDS_FROM:
            raise PhysimError(f"seed must be under {TEST_SEEDS_FROM} (the rest are for tests), got {self.seed}")

    @property
    def checkpoint(self) -> Path:
        """Where an interrupted training leaves its state, beside the weights."""
        return self.out.with_name(f"{self.out.name}.checkpoint")


@dataclass(frozen=True)
class EvaluateSettings:
    """How to evaluate: `weights` are shipped names or files (none: those that ship for the world), `engines` the
    names of engines, or the places of anybody's, as file.py:Engine or module:Engine, that are judged beside them.

    Every world is judged on `scenes` unseen scenes and `steps` free-running steps. `varied` names the world's
    parameters that tell its rows from those of the other worlds.
    """

    weights: tuple[str, ...] = ()
    scenes: int = 100
    steps: int = 1000
    seed: int = TEST_SEEDS_FROM
    varied: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_positive(scenes=self.scenes, steps=self.steps)
        check_seed(self.seed)

    def labels(self, world: World) -> Row:
        """What tells rows of this world apart: its name, its number of bodies and the parameters varied."""
        known = world.parameters | {"dt": world.dt, "substeps": world.substeps}
        wanted = dict.fromkeys(("bodies", *self.varied))
        return {"world": world.name} | {name: known[name] for name in wanted if name in known}


class Learner(ABC):
    """Fits graphs to worlds and says how good they are; it gets worlds as arguments and never looks for them."""

    @property
    @abstractmethod
    def configs(self) -> tuple[str, ...]:
        """The names that `TrainSettings.config` may take, the best first."""

    @abstractmethod
    def train(self, world: World, settings: TrainSettings) -> Path:
        """Train on the world, write the weights to `settings.out` and return that path.

        On KeyboardInterrupt the checkpoint is left behind and the exception passes on.
        """

    @abstractmethod
    def train_tracks(self, tracks: Tracks, settings: TrainSettings) -> Path:
        """The same on positions over time, of which no world is known; `settings.config` and its data say nothing."""

    @abstractmethod
    def evaluate(self, worlds: Sequence[World], settings: EvaluateSettings) -> list[Row]:
        """The figures of each world with each of the weights, beside the baselines."""
