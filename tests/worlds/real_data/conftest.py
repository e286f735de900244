"""A cache of the test's own, and packages in folders that take the place of the registries."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import pytest

from worlds.real_data.archives import Members
from worlds.real_data.packaged import Packaged
from worlds.real_data.sources import Package, Source


@final
@dataclass(frozen=True)
class Given(Package):
    """A package whose files are at hand; `wait` is called before they come, and `served` grows by one."""

    files: dict[str, bytes] = field(default_factory=dict)
    wait: Callable[[], object] = bool
    served: list[Path] = field(default_factory=list)

    def members(self, scratch: Path) -> Members:
        self.served.append(scratch)
        self.wait()
        return ((f"data/{name}", io.BytesIO(held)) for name, held in self.files.items())


@pytest.fixture
def given() -> Callable[..., Given]:
    """A package of the files given."""

    def made(files: dict[str, bytes], wait: Callable[[], object] = bool) -> Given:
        return Given("words", "1.0", "data", files, wait)

    return made


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test's data lies; nothing is there yet."""
    monkeypatch.setenv("PHYSIM_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def data_set() -> Callable[..., Packaged]:
    """A data set of the files and sources given."""

    def made(files: dict[str, bytes], *sources: Source, name: str = "small") -> Packaged:
        digests = {pattern: hashlib.sha256(held).hexdigest() for pattern, held in files.items()}
        return Packaged(name=name, about="a test", licence="none", megabytes=0.1, files=digests, sources=sources)

    return made


@pytest.fixture
def pip_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for packages."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    return folder


@pytest.fixture
def tar() -> Callable[[Path, dict[str, bytes]], Path]:
    """Write a compressed tar archive of files."""

    def written(path: Path, files: dict[str, bytes]) -> Path:
        with tarfile.open(path, "w:gz") as archive:
            for name, held in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(held)
                archive.addfile(member, io.BytesIO(held))
        return path

    return written


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a shell script in the place of a registry's client."""

    def replaced(name: str, script: str) -> None:
        folder = tmp_path / "clients"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return replaced
