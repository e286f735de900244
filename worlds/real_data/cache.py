"""The folder of this user that real data is kept in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from physim.errors import PhysimError


def cache() -> Path:
    """What PHYSIM_DATA names, or else `physim` where the user's caches are (XDG_CACHE_HOME, ~/.cache)."""
    named = os.environ.get("PHYSIM_DATA")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(named) if named else Path(caches) / "physim").expanduser().absolute()


@contextmanager
def filling(target: Path) -> Iterator[Path]:
    """Give an empty folder to work in; its `whole` takes the target's place at the end, and all else goes.

    Where several fill the same target, the first stays: a folder in the cache never changes.

    Raises: PhysimError with the target where the file system refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as folder:
            yield Path(folder)
            _place(Path(folder) / "whole", target)
    except OSError as error:
        raise PhysimError(f"{target} cannot be written (PHYSIM_DATA names another place): {error}") from error


def _place(whole: Path, target: Path) -> None:
    try:
        whole.rename(target)
    except OSError:
        if not target.is_dir():
            raise
