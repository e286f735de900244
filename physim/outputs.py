"""Refusing, before any work starts, a path that could not be written in the end."""

from __future__ import annotations

import tempfile
from pathlib import Path

from physim.errors import PhysimError


def check_writable(path: Path, field: str) -> None:
    """Refuse a path that is no plain file or lies in a folder that does not exist or takes no files."""
    if path.exists() and not path.is_file():
        raise PhysimError(f"{field} must be a file to write, but {path} is not a plain file")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise PhysimError(f"{field} cannot be written: {path} ({error.strerror})") from error
