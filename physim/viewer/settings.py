"""What to play: a record that needs neither pygame nor torch, so that a command line can build it at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from physim.errors import PhysimError
from physim.outputs import check_writable

if TYPE_CHECKING:
    from physim.worlds import World

Engines = Literal["truth", "learned", "both"]

ENDINGS = (".gif", ".mp4", ".png")
HEADLESS_STEPS = 1000
SMALLEST = 240
FRAMES_PER_SECOND = 25
"""Of films; a GIF counts in hundredths of a second."""
GIF_FRAMES = 1500
"""A GIF is held in memory until it is written; a minute is long enough for one."""


@dataclass(frozen=True)
class PlaySettings:
    """What to play and how to show it.

    `world` makes the world; it is called when the window is already open, because that imports torch. `weights` names
    the learned engine. The window closes after `steps` steps (None: when the user wants; headless, 1000), of which
    `steps_per_frame` lie between two frames. `record` names a .gif, .mp4 or .png file, `size` the window's pixels, and
    `started` is the instant from which the time to the first frame counts.
    """

    world: Callable[[], World]
    engines: Engines = "both"
    weights: str = "nbody"
    seed: int = 0
    steps: int | None = None
    steps_per_frame: int = 4
    headless: bool = False
    record: Path | None = None
    size: tuple[int, int] = (1280, 720)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        if self.engines not in ("truth", "learned", "both"):
            raise PhysimError(f"engine must be truth, learned or both, got {self.engines!r}")
        if self.seed < 0:
            raise PhysimError(f"seed must be 0 or more, got {self.seed}")
        if self.steps is not None and self.steps < 1:
            raise PhysimError(f"steps must be at least 1, got {self.steps}")
        if self.steps_per_frame < 1:
            raise PhysimError(f"steps_per_frame must be at least 1, got {self.steps_per_frame}")
        width, height = self.size
        if min(width, height) < SMALLEST:
            raise PhysimError(f"size must be at least {SMALLEST} x {SMALLEST} pixels, got {width} x {height}")
        if self.record is not None:
            self._check_record(self.record)
            check_writable(self.record, "record")

    @property
    def last_step(self) -> int | None:
        """The step after which to stop; None in a window without `steps`."""
        return HEADLESS_STEPS if self.headless and self.steps is None else self.steps

    def _check_record(self, path: Path) -> None:
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            raise PhysimError(f"record must end in {', '.join(ENDINGS)}, got {path}")
        if ending == ".mp4" and find_spec("imageio_ffmpeg") is None:
            raise PhysimError(f"record {path} needs the extra video (pip install 'physim[video]'), or a .gif")
        if ending == ".gif" and (self.last_step or 0) > GIF_FRAMES * self.steps_per_frame:
            raise PhysimError(
                f"record {path} can hold {GIF_FRAMES} frames, got {self.last_step} steps at {self.steps_per_frame} a "
                "frame: take more steps a frame, or an .mp4"
            )
