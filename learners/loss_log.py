"""The losses of a training, update by update."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, final

from physim.errors import PhysimError


@final
class LossLog:
    """A CSV file with one row an update; a resumed training goes on after the row of its checkpoint's last update."""

    def __init__(self, path: Path | None, names: Sequence[str], updates: int) -> None:
        self.path = path or Path(os.devnull)
        try:
            kept = self.path.read_text().splitlines()[1 : updates + 1] if updates and self.path.exists() else []
            self.file = self.path.open("w")
        except (OSError, UnicodeDecodeError) as error:
            raise PhysimError(f"the losses cannot be written to {self.path}: {error}") from None
        self.file.writelines(f"{row}\n" for row in [",".join(["update", *names]), *kept])

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
