"""Mazes to walk through, with the keyboard or led by who knows them: python examples/maze.py --render."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from physim.errors import PhysimError
from physim.reports import Row, check_report, report
from physim.scripts import run_script
from physim.viewer import WalkSettings, walk
from physim.walks import Walk
from worlds.maze.families import FAMILIES


@dataclass(frozen=True)
class Args:
    """A maze in first person, with a map and depths beside it: arrows turn and go, H shows all keys."""

    render: bool = False
    """Open a window; what happens anyway unless --headless is given."""
    headless: bool = False
    """Draw without a window, as fast as it goes; who knows the maze walks."""
    family: str = "physim/NavMazeAllRandom01-v0"
    """Which mazes: a Gymnasium id such as physim/NavMazeDoors01-v0, physim/IMaze-v0, ..."""
    seed: int = 0
    """Which episode to begin with; R begins that of the next seed."""
    steps: int | None = None
    """Stop after so many decisions, 15 a second; without it, when the window is closed (headless: after an episode)."""
    replay: Path | None = None
    """Show the walk of this file, which worlds.maze.replays.RecordWalk wrote, instead."""
    size: tuple[int, int] = (1280, 720)
    """Width and height of the picture in pixels."""
    record: Path | None = None
    """Write what is shown to this .gif, .mp4 or .png file, or as pictures to a new folder (a name without ending)."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""

    def play(self) -> list[Row]:
        """Walk, print the figures, and return them."""
        if self.render and self.headless:
            raise PhysimError("render and headless exclude one another: give one of them")
        if self.family not in FAMILIES:
            raise PhysimError(f"family is {self.family!r}, wanted one of {', '.join(FAMILIES)}")
        check_report(self.json)
        names = ("seed", "steps", "headless", "replay", "size", "record")
        rows = walk(WalkSettings(walk=self.walk, **{name: getattr(self, name) for name in names}))
        if rows:
            report(rows, self.json)
        return rows

    def walk(self) -> Walk:
        """The maze; imports much, so it is called when the window is open."""
        from worlds.maze.game import Game
        from worlds.maze.walk import MazeWalk

        return MazeWalk(Game.of(**FAMILIES[self.family]), self.family)


if __name__ == "__main__":
    run_script(Args.play, Args)
