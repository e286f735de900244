"""What the command lines of the examples have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from physim.errors import PhysimError
from physim.reports import Row, check_report, report
from physim.scripts import run_script
from physim.viewer import PlaySettings, play
from physim.viewer.settings import BOTH, engine_names

if TYPE_CHECKING:
    from physim.worlds import World


@dataclass(frozen=True)
class Arguments(ABC):
    """How to show a world; an example adds its world's parameters as fields, and defaults of its own."""

    render: bool = False
    """Open a window; what happens anyway unless --headless is given."""
    headless: bool = False
    """Draw without a window, as fast as it goes."""
    steps: int | None = None
    """Stop after so many steps of 1 ms; without it, when the window is closed (headless: 1000)."""
    steps_per_frame: int = 4
    """Steps from one frame to the next."""
    seed: int = 0
    """Which start to play."""
    engines: Annotated[tuple[str, ...], tyro.conf.arg(aliases=["--engine"])] = BOTH
    """What to show, each in a panel: truth, learned, ..., or path/to/file.py:Engine; "both" is truth learned."""
    weights: str | None = None
    """The learned engine: a name that ships with physim, or a file; without it, the world's own."""
    size: tuple[int, int] = (1280, 720)
    """Width and height of the picture in pixels."""
    record: Path | None = None
    """Write what is shown to this .gif, .mp4 or .png file, or as pictures to a new folder (a name without ending)."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""

    @abstractmethod
    def check(self) -> None:
        """Refuse what is plainly wrong before a window opens."""

    @abstractmethod
    def world(self) -> World:
        """The world; imports torch, so it is called when the window is open."""

    def play(self) -> list[Row]:
        """Play, print the figures, and return them."""
        rows = play(self.settings())
        if rows:
            report(rows, self.json)
        return rows

    def settings(self) -> PlaySettings:
        """What to play; refuses what is plainly wrong."""
        if self.render and self.headless:
            raise PhysimError("render and headless exclude one another: give one of them")
        self.check()
        check_report(self.json)
        return PlaySettings(
            world=self.world,
            engines=engine_names(self.engines),
            weights=self.weights,
            seed=self.seed,
            steps=self.steps,
            steps_per_frame=self.steps_per_frame,
            headless=self.headless,
            record=self.record,
            size=self.size,
        )


def run_example(arguments: type[Arguments]) -> None:
    """Be the program: read the command line and play; a mistake is one sentence and exit code 2."""
    run_script(arguments.play, arguments)
