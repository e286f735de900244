"""Files that are written whole or not at all, and refused before any work starts where they could not be."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from physim.errors import PhysimError

PLOTS = (".png", ".pdf", ".svg")
"""How the names of files end that plots are drawn into."""


def check_writable(path: Path, field: str, suffix: str = "") -> None:
    """Refuse a path that is no plain file or lies in a folder that does not exist or takes no files.

    It must end in `suffix`: an existing file is replaced, and one of another kind is somebody's.
    """
    if path.exists() and not path.is_file():
        raise PhysimError(f"{field} must be a file to write, but {path} is not a plain file")
    if not path.name.endswith(suffix):
        raise PhysimError(f"{field} must be a file whose name ends in {suffix}, got {path}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise PhysimError(f"{field} cannot be written: {path} ({error.strerror})") from error


def check_folder_writable(path: Path, field: str) -> None:
    """Refuse a folder that takes no files or, where it does not exist, cannot be made."""
    try:
        with tempfile.TemporaryFile(dir=path if path.exists() else path.parent):
            pass
    except OSError as error:
        raise PhysimError(f"{field} cannot be written: {path} ({error.strerror})") from error


def check_plot(path: Path, field: str) -> None:
    """Refuse, before any work starts, a picture that could not be drawn or written."""
    check_writable(path, field)
    if path.suffix not in PLOTS:
        raise PhysimError(f"{field} must be a file that ends with one of {', '.join(PLOTS)}, got {path}")
    check_drawing(field)


def check_drawing(what: str) -> None:
    """Refuse, before any work starts, to draw without matplotlib, which is an extra."""
    if not find_spec("matplotlib"):
        raise PhysimError(f"{what} draws with matplotlib, which is not installed: pip install 'physim[plot]'")


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary sibling to write, which takes the path's place at the end, or goes where anything fails.

    It may become a file or a folder.

    Raises: PhysimError with the path where the file system refuses.
    """
    target = Path(path)
    draft = target.parent / f".{os.getpid()}.{target.name}"
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        raise PhysimError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink()
