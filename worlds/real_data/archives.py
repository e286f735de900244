"""The files in what registries serve: read from the archive one by one, so that nothing else of it is written."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import IO

from physim.errors import PhysimError

Members = Iterator[tuple[str, IO[bytes]]]
"""Paths with what the files hold, which is read before the next is asked for."""


def of_folder(root: Path) -> Members:
    """All files under a folder."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                yield path.relative_to(root).as_posix(), file


def of_tar(path: Path) -> Members:
    """The files of a tar archive, however it is compressed; links and devices are passed over."""
    with _whole(path, "tar"), tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, BytesIO(file.read())


def of_zip(path: Path) -> Members:
    """The files of a zip archive."""
    with _whole(path, "zip"), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, BytesIO(archive.read(member))


@contextmanager
def _whole(path: Path, kind: str) -> Iterator[None]:
    """Say by name which archive is torn."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        raise PhysimError(f"{path.name} is no whole {kind} archive: {error}") from error


def copy(members: Members, folder: str, patterns: Iterable[str], into: Path) -> None:
    """Write the files whose paths within `folder` (a path in the archive) match a pattern; a `*` crosses folders.

    Hidden files are left out (archives made on a Mac have one beside each file), and so is what would leave `into`.
    """
    for name, file in members:
        path = ("/" + name).partition(f"/{folder}/")[2]
        visible = not any(part.startswith(".") or part == "" for part in path.split("/"))
        if visible and any(fnmatchcase(path, pattern) for pattern in patterns):
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as copied:
                shutil.copyfileobj(file, copied)
