"""Writing frames to a GIF, an MP4, a PNG or a folder of PNGs, whole or not at all."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt
import pygame

from physim.outputs import replacing
from physim.viewer.film_colours import BITS, PAINTED_BITS, painted, reduced
from physim.viewer.settings import FRAMES_PER_SECOND, GIF_FRAMES

GIF_WIDTH, FILM_WIDTH = 720, 1920


class Film(NamedTuple):
    """How frames are written: so many a second, and `painted` where they have more colours than the window's few."""

    frames_per_second: float = FRAMES_PER_SECOND
    painted: bool = False


class _Discarded(Exception):
    """Leaves the draft without putting it in its place."""


@final
class _Pictures:
    """A folder of numbered pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        folder.mkdir()

    def write(self, surface: pygame.Surface) -> None:
        """Add a picture."""
        pygame.image.save(surface, self._folder / f"{self._count:05d}.png")
        self._count += 1

    def close(self) -> None:
        """Nothing is left to do: every picture is whole."""


@final
class Recorder:
    """Takes frames and, when closed, leaves the file; a PNG keeps the last frame alone, a folder each as a PNG.

    The `film` may be told at any time before the first frame.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.ending = path, path.suffix.lower()
        self.film, self.frames = Film(), 0
        self._draft = ExitStack()
        self._size: tuple[int, int] | None = None
        self._last: pygame.Surface | None = None
        self._writer: Any = None

    @property
    def full(self) -> bool:
        """Whether no more frames can be taken."""
        return self.ending == ".gif" and self.frames >= GIF_FRAMES

    def add(self, surface: pygame.Surface) -> None:
        """Take a frame, scaled to the size of the first."""
        if self.full:
            return
        if self._size is None:
            self._size = self._fitted(surface.get_size())
        scaled = surface if surface.get_size() == self._size else pygame.transform.smoothscale(surface, self._size)
        self.frames += 1
        if self.ending == ".png":
            self._last = scaled.copy()
        else:
            self._write(scaled)

    def close(self) -> None:
        """Finish the file and put it in its place; without frames there is none."""
        with self._draft:
            if self._last is not None:
                self._write(self._last)
            if self._writer is not None:
                self._writer.close()

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(_Discarded), self._draft:
            if self._writer is not None:
                self._writer.close()
            raise _Discarded

    def _write(self, surface: pygame.Surface) -> None:
        if not self.ending:
            self._writer = self._writer or _Pictures(self._draft.enter_context(replacing(self.path)))
            self._writer.write(surface)
            return
        frame = np.ascontiguousarray(pygame.surfarray.array3d(surface).transpose(1, 0, 2))
        if self._writer is None:
            self._writer = self._opened()
        if self.ending == ".gif":
            self._write_gif(frame)
        elif self.ending == ".png":
            self._writer.write(frame)
        else:
            self._writer.append_data(frame)

    def _write_gif(self, frame: npt.NDArray[np.uint8]) -> None:
        duration = 10 * round(100 / self.film.frames_per_second)  # a GIF counts in hundredths of a second
        colours, bits = (painted(frame), PAINTED_BITS) if self.film.painted else (reduced(frame), BITS)
        self._writer.write(colours, duration=duration, loop=0, bits=bits)

    def _opened(self) -> Any:
        draft = self._draft.enter_context(replacing(self.path))
        if self.ending == ".mp4":
            import imageio.v2

            return imageio.v2.get_writer(draft, fps=self.film.frames_per_second, macro_block_size=2, quality=8)
        import imageio.v3

        return imageio.v3.imopen(draft, "w", plugin="pillow")

    def _fitted(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size of the film's frames: no wider than it should be, and even as MP4 wants it."""
        if self.ending in ("", ".png"):
            return size
        share = min(1.0, (GIF_WIDTH if self.ending == ".gif" else FILM_WIDTH) / size[0])
        return 2 * round(size[0] * share / 2), 2 * round(size[1] * share / 2)
