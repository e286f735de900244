"""The command that shows a world in a window."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from physim.cli.base import WorldCommand
from physim.errors import PhysimError
from physim.reports import Row, check_report, report

if TYPE_CHECKING:
    from physim.walks import Walk
    from physim.worlds import World

WATCHING = ("engines", "weights", "steps_per_frame")
"""The flags about engines, which only worlds have that are watched."""


@dataclass(frozen=True)
class Play(WorldCommand):
    """Watch a world in a window: engines side by side, from the same start; or walk through it, if it is a maze."""

    engines: Annotated[tuple[str, ...], tyro.conf.arg(aliases=["--engine"])] = ("truth", "learned")
    """Which engines run, each in a panel: truth, learned, ..., or path/to/file.py:Engine; "both" is truth learned."""
    weights: str | None = None
    """Weights of learned engines: a name that ships with physim, or a file; without it, the world's name."""
    seed: int = 0
    """What the scene is drawn from."""
    steps: int | None = None
    """Stop after this many steps; without it, the window stays until it is closed (1000 steps with --headless)."""
    steps_per_frame: int | None = None
    """Steps from one frame to the next; without it, as many as a sixtieth of a second takes, four at most."""
    headless: bool = False
    """Run without a window; a walk is then led by who knows the way, for one episode if --steps is not given."""
    replay: Path | None = None
    """Show the walk of this file, as RecordWalk of worlds.maze writes it, instead."""
    record: Path | None = None
    """Record what is drawn to this .gif, .mp4 or .png file, or as pictures to a new folder (a name without ending)."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""

    def run(self, parameters: Mapping[str, Any]) -> None:
        """Open the window, or run without one, and print the figures of the run."""
        from physim.worlds import World, find_world, world_builder

        started = time.perf_counter()
        check_report(self.json)
        walked = world_builder(self.world).walk is not World.walk
        self._refuse_flags(walked, list(parameters))
        world = find_world(self.world, parameters)
        report((self._walk if walked else self._play)(world, self._common(started)), self.json)

    def _common(self, started: float) -> dict[str, Any]:
        """What both windows are told."""
        names = ("seed", "steps", "headless", "record")
        return {name: getattr(self, name) for name in names} | {"started": started}

    def _play(self, world: World, common: dict[str, Any]) -> list[Row]:
        from physim.viewer import PlaySettings, play
        from physim.viewer.settings import engine_names

        engines = engine_names(self.engines)
        watched = PlaySettings(world=lambda: world, engines=engines, weights=self.weights, **common)
        return play(watched)

    def _walk(self, world: World, common: dict[str, Any]) -> list[Row]:
        from physim.viewer import WalkSettings, walk

        return walk(WalkSettings(walk=partial(_walk_of, world), replay=self.replay, **common))

    def _refuse_flags(self, walked: bool, parameters: list[str]) -> None:
        """Refuse flags that say nothing here."""
        watching = [name for name in WATCHING if getattr(self, name) != getattr(Play, name)]
        if walked and watching:
            _refuse(watching[0], f"is for worlds that are watched, and {self.world} is walked through")
        if self.replay is not None and not walked:
            _refuse("replay", f"is for worlds that are walked through, and {self.world} is watched")
        if self.replay is not None and parameters:
            _refuse(parameters[0], "is told by the file of --replay already")


def _refuse(flag: str, reason: str) -> None:
    raise PhysimError(f"--{flag.replace('_', '-')} {reason}: leave it out")


def _walk_of(world: World) -> Walk:
    """The walk of a world whose class has one; called when the window is open already, as it may import much."""
    walk = world.walk()
    if walk is None:
        raise PhysimError(f"the world {world.name} cannot be walked through with these parameters")
    return walk
