"""The losses of a training, update by update."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, final

from physim.errors import PhysimError
from physim.outputs import replacing


@final
class LossLog:
    """A CSV file with one row an update; a resumed training goes on after the row of its checkpoint's last update.

    Where the file lacks rows of updates before that one, they are written without losses, so that row k is update k.
    """

    def __init__(self, path: Path | None, names: Sequence[str], updates: int) -> None:
        self.path = path or Path(os.devnull)
        if path is not None:
            rows = [",".join(["update", *names]), *_kept(path, updates, len(names))]
            with replacing(path) as draft:
                draft.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        self.file = self.path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def write(self, update: int, losses: Sequence[float]) -> None:
        """Add the losses of one update."""
        self.file.write(",".join(map(str, [update, *losses])) + "\n")

    def flush(self) -> None:
        """Hand all rows so far to the disk, so that a checkpoint is never ahead of its log."""
        self.file.flush()


def _kept(path: Path, updates: int, losses: int) -> list[str]:
    """The rows of the first updates, empty behind the last one that the file has."""
    try:
        text = path.read_text(encoding="utf-8") if updates and path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise PhysimError(f"the losses so far cannot be read from {path}: {error}") from None
    rows = text.splitlines()[1 : updates + 1]
    return [*rows, *(f"{update}{',' * losses}" for update in range(len(rows) + 1, updates + 1))]
