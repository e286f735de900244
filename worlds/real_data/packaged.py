"""Data sets that lie in packages of public registries: one declarative entry each, checked by SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import final

from physim.data_sets import DataSet
from physim.errors import PhysimError
from worlds.real_data.cache import cache, filling
from worlds.real_data.sources import Source


@final
@dataclass(frozen=True, kw_only=True)
class Packaged(DataSet):
    """Files that one or more packages hold with the same bytes.

    `files` says which, and how they are checked: patterns of their paths (a `*` crosses folders), each with the SHA-256
    of what it matches, in the order of the paths, one file after the other: `LC_ALL=C; cat PATTERN | sha256sum`.
    `sources` are tried in their order.
    """

    files: Mapping[str, str]
    sources: tuple[Source, ...]

    @property
    def is_here(self) -> bool:
        """Whether it was fetched."""
        return self._folder.is_dir()

    def fetch(self) -> Path:
        """The folder that holds it; where it is missing, downloaded, checked and put there whole.

        Raises: PhysimError with what each source says where none has it.
        """
        if not self.is_here:
            with filling(self._folder) as scratch:
                self._from_any(scratch).rename(scratch / "whole")
        return self._folder

    def paths(self, pattern: str = "*") -> list[Path]:
        """The files that match a pattern, in the order of their paths; raises PhysimError where it was not fetched."""
        if not self.is_here:
            raise PhysimError(
                f"{self.name} ({self.megabytes:g} MB) is not in {cache()}: `physim fetch {self.name}` gets it"
            )
        return _matching(self._folder, pattern)

    @property
    def _folder(self) -> Path:
        """Another list of files is another folder: versions of this package may share a cache."""
        listed = "".join(f"{pattern} {digest}\n" for pattern, digest in self.files.items())
        return cache() / f"{self.name}-{hashlib.sha256(listed.encode()).hexdigest()[:8]}"

    def _from_any(self, scratch: Path) -> Path:
        """A folder of the files, from the first source that has them."""
        complaints = []
        for number, source in enumerate(self.sources):
            files, work = scratch / f"files{number}", scratch / f"work{number}"
            files.mkdir()
            work.mkdir()
            try:
                source.unpack(self.files, files, work)
                self._check(files)
            except PhysimError as error:
                complaints.append(f"{source}: {error}")
            else:
                return files
        raise PhysimError(f"{self.name} cannot be fetched: {'; '.join(complaints)}")

    def _check(self, folder: Path) -> None:
        for pattern, wanted in self.files.items():
            found = _matching(folder, pattern)
            if not found:
                raise PhysimError(f"no file {pattern} came")
            got = _digest(found)
            if got != wanted:
                raise PhysimError(f"{pattern} has the SHA-256 {got}, wanted {wanted}")


def _matching(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder whose paths in it match a pattern, in the order of these paths."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return [files[name] for name in sorted(files) if fnmatchcase(name, pattern)]


def _digest(paths: list[Path]) -> str:
    """The SHA-256 of files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
