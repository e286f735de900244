"""What to play: a record that needs neither pygame nor torch, so that a command line can build it at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from physim.errors import PhysimError
from physim.outputs import check_folder_writable, check_writable

if TYPE_CHECKING:
    from physim.walks import Walk
    from physim.worlds import World

BOTH = ("truth", "learned")
"""The engines that are shown where nobody says which, also called "both"."""
ENDINGS = (".gif", ".mp4", ".png")
HEADLESS_STEPS = 1000
SMALLEST = 240
FRAMES_PER_SECOND = 25
"""Of films; a GIF counts in hundredths of a second."""
GIF_FRAMES = 1500
"""A GIF is held in memory until it is written; a minute is long enough for one."""
MOST_PANELS = 9


@dataclass(frozen=True, kw_only=True)
class ShowSettings:
    """How to show something.

    The window closes after `steps` steps (None: when the user wants; headless, 1000). `record` names a .gif, .mp4 or
    .png file, or a folder of pictures by a name without ending, `size` the window's pixels, and `started` is the
    instant from which the time to the first frame counts.
    """

    seed: int = 0
    steps: int | None = None
    headless: bool = False
    record: Path | None = None
    size: tuple[int, int] = (1280, 720)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise PhysimError(f"seed must be 0 or more, got {self.seed}")
        if self.steps is not None and self.steps < 1:
            raise PhysimError(f"steps must be at least 1, got {self.steps}")
        width, height = self.size
        if min(width, height) < SMALLEST:
            raise PhysimError(f"size must be at least {SMALLEST} x {SMALLEST} pixels, got {width} x {height}")
        if self.record is not None:
            self._check_record(self.record)

    @property
    def last_step(self) -> int | None:
        """The step after which to stop; None in a window without `steps`."""
        return HEADLESS_STEPS if self.headless and self.steps is None else self.steps

    @property
    def most_steps_a_frame(self) -> int:
        """At most so many steps lie between two frames."""
        return 1

    def _check_record(self, path: Path) -> None:
        ending, each = path.suffix.lower(), self.most_steps_a_frame
        if not ending:
            if path.exists():
                raise PhysimError(f"record {path} is there already: a folder of pictures wants a new name")
            check_folder_writable(path, "record")
            return
        if ending not in ENDINGS:
            raise PhysimError(f"record must end in {', '.join(ENDINGS)}, or in nothing for a folder, got {path}")
        if ending == ".mp4" and find_spec("imageio_ffmpeg") is None:
            raise PhysimError(f"record {path} needs the extra video (pip install 'physim[video]'), or a .gif")
        if ending == ".gif" and (self.last_step or 0) > GIF_FRAMES * each:
            raise PhysimError(
                f"record {path} can hold {GIF_FRAMES} frames, got {self.last_step} steps at {each} a frame: take "
                f"{'more steps a frame' if each > 1 else 'fewer'}, or an .mp4"
            )
        check_writable(path, "record")


@dataclass(frozen=True, kw_only=True)
class PlaySettings(ShowSettings):
    """Engines of a world, to be watched side by side.

    `world` makes the world; it is called when the window is already open, because that imports torch. `engines` are
    names for `engine_named`, one a panel; `weights` names those of engines that learned (None: the world's own). So
    many `steps_per_frame` lie between two frames (None: as many as a sixtieth of a second takes, four at most).
    """

    world: Callable[[], World]
    engines: tuple[str, ...] = BOTH
    weights: str | None = None
    steps_per_frame: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.engines) <= MOST_PANELS:
            raise PhysimError(f"engines must be 1 to {MOST_PANELS} names, got {len(self.engines)}")
        if self.steps_per_frame is not None and self.steps_per_frame < 1:
            raise PhysimError(f"steps_per_frame must be at least 1, got {self.steps_per_frame}")
        super().__post_init__()

    @property
    def most_steps_a_frame(self) -> int:
        return self.steps_per_frame or 4


@dataclass(frozen=True, kw_only=True)
class WalkSettings(ShowSettings):
    """A walk, taken by the keyboard, or where there is none, or when `led`, by whoever knows the way.

    `walk` makes it, when the window is already open; `replay` names the file of a recorded walk, which is then seen in
    its place. Headless, without `steps`, it is over at the end of its first episode at the latest.
    """

    walk: Callable[[], Walk]
    replay: Path | None = None
    led: bool = False

    def __post_init__(self) -> None:
        if self.replay is not None and not self.replay.is_file():
            raise PhysimError(f"replay must be a file, and {self.replay} is none")
        if self.replay is not None and self.seed:
            raise PhysimError("seed is told by the file of the replay already: leave it out")
        super().__post_init__()


def engine_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The engines that a command line names, of which "both" is two."""
    return tuple(name for given in names for name in (BOTH if given == "both" else (given,)))
