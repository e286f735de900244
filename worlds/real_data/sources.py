"""Packages that carry data, from each kind of registry. No code of a package is ever run."""

from __future__ import annotations

import os
import sys
import venv
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from physim.errors import PhysimError
from worlds.real_data.archives import Members, copy, of_folder, of_tar, of_zip
from worlds.real_data.tools import run


class Source(ABC):
    """Where files come from."""

    @abstractmethod
    def unpack(self, patterns: Iterable[str], into: Path, scratch: Path) -> None:
        """Write the files that match a pattern into `into`; what else it takes goes to `scratch`, empty.

        Raises: PhysimError with what the registry's client says.
        """


@final
@dataclass(frozen=True)
class Bundle(Source):
    """Several packages, all of which are wanted, side by side."""

    packages: tuple[Package, ...]

    def __str__(self) -> str:
        return " with ".join(map(str, self.packages))

    def unpack(self, patterns: Iterable[str], into: Path, scratch: Path) -> None:
        """Write what is wanted of each."""
        wanted = list(patterns)
        for number, package in enumerate(self.packages):
            work = scratch / str(number)
            work.mkdir()
            package.unpack(wanted, into, work)


@dataclass(frozen=True)
class Package(Source):
    """One version of a package; what is wanted of it lies in one `folder` of its archive, or under that."""

    package: str
    version: str
    folder: str

    def __str__(self) -> str:
        return f"{type(self).__name__.lower()} {self.package} {self.version}"

    def unpack(self, patterns: Iterable[str], into: Path, scratch: Path) -> None:
        """Write the files of `folder` that match a pattern."""
        copy(self.members(scratch), self.folder, patterns, into)

    @abstractmethod
    def members(self, scratch: Path) -> Members:
        """The package's files, downloaded into the empty folder `scratch`."""


@final
class Wheel(Package):
    """A wheel from the Python package index."""

    def members(self, scratch: Path) -> Members:
        """The files in what pip downloads."""
        run(*_pip(self), "--only-binary=:all:", folder=scratch)
        return of_zip(_only(scratch, "*.whl"))


@final
class Sdist(Package):
    """A source archive from the Python package index; none that brings its own build backend (`backend-path`)."""

    def members(self, scratch: Path) -> Members:
        """What pip unpacks before it fails.

        It downloads no source archive without building its metadata (pypa/pip#1884), which runs the package's code. In
        an environment that holds no build backend, it downloads and unpacks, and has to stop there.
        """
        empty, unpacked = scratch / "empty", scratch / "unpacked"
        venv.create(empty, symlinks=os.name != "nt")  # as python -m venv does
        unpacked.mkdir()
        settings = {"TMPDIR": str(unpacked), "PYTHONPATH": "", "PIP_CONFIG_FILE": _pip_settings()}
        options = ("--no-binary=:all:", "--no-build-isolation", "--no-clean")
        try:
            run(*_pip(self, f"--python={empty}"), *options, folder=scratch, changed=settings)
        except PhysimError:
            if not any(path.is_file() for path in unpacked.rglob("*")):
                raise
        return of_folder(unpacked)


@final
class Npm(Package):
    """A package from the npm registry."""

    def members(self, scratch: Path) -> Members:
        """The files in what npm packs."""
        run("npm", "pack", "--loglevel=error", "--ignore-scripts", f"{self.package}@{self.version}", folder=scratch)
        return of_tar(_only(scratch, "*.tgz"))


@final
class Debian(Package):
    """A Debian package, of one version: updates go by, and mirrors of a release keep the one that it came with."""

    def members(self, scratch: Path) -> Members:
        """The files in what apt-get downloads."""
        run("apt-get", "download", "-qq", f"{self.package}={self.version}", folder=scratch)
        files = scratch / "data.tar"
        run("dpkg-deb", "--fsys-tarfile", _only(scratch, "*.deb"), folder=scratch, out=files)
        return of_tar(files)


def _pip(source: Package, *general: str) -> tuple[str, ...]:
    pinned = f"{source.package}=={source.version}"
    return sys.executable, "-m", "pip", *general, "download", "--quiet", "--no-input", "--no-deps", pinned


def _pip_settings() -> str:
    """pip's settings for this environment, which it does not read in another."""
    return os.environ.get("PIP_CONFIG_FILE") or str(Path(sys.prefix, "pip.ini" if os.name == "nt" else "pip.conf"))


def _only(folder: Path, pattern: str) -> Path:
    """The file that a client left."""
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise PhysimError(f"{len(found)} files {pattern} came, where one was wanted")
    return found[0]
