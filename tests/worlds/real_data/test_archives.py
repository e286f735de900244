from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from physim.errors import PhysimError
from worlds.real_data.archives import Members, copy, of_folder, of_tar, of_zip

FILES = {
    "package/setup.py": b"raise SystemExit",
    "package/data/a.txt": b"one",
    "package/data/deep/b.txt": b"two",
    "package/data/c.bin": b"three",
    "package/data/._a.txt": b"a Mac's",
    "package/data/../../../out.txt": b"an attack",
    "package/data//d.txt": b"an attack",
    "package/other/e.txt": b"four",
}
WANTED = {"a.txt": b"one", "deep/b.txt": b"two"}


@pytest.fixture(params=["folder", "tar", "zip"])
def members(request: pytest.FixtureRequest, tmp_path: Path, tar: Callable[..., Path]) -> Members:
    """The same files, from each kind of archive."""
    if request.param == "tar":
        return of_tar(tar(tmp_path / "package.tgz", FILES))
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "package.whl", "w") as archive:
            for name, held in FILES.items():
                archive.writestr(name, held)
        return of_zip(tmp_path / "package.whl")
    for name, held in FILES.items():
        if "//" not in name and ".." not in name:
            path = tmp_path / "unpacked" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held)
    return of_folder(tmp_path / "unpacked")


def test_only_visible_files_of_the_folder_that_match_are_written(members: Members, tmp_path: Path) -> None:
    into = tmp_path / "deep" / "down" / "into"
    copy(members, "data", ["*.txt"], into)
    written = {path.relative_to(into).as_posix(): path.read_bytes() for path in into.rglob("*") if path.is_file()}
    assert written == WANTED
    assert not list(tmp_path.rglob("out.txt"))


@pytest.mark.parametrize("read", [of_tar, of_zip])
def test_a_torn_archive_is_named(read: Callable[[Path], Members], tar: Callable[..., Path], tmp_path: Path) -> None:
    whole = tar(tmp_path / "whole.tgz", {"a": bytes(range(256)) * 400}).read_bytes()
    torn = tmp_path / "torn.tgz"
    torn.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PhysimError, match=r"torn.tgz is no whole (tar|zip) archive"):
        copy(read(torn), "whole", ["*"], tmp_path / "into")


def test_links_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        link = tarfile.TarInfo("data/passwords.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert list(of_tar(tmp_path / "links.tar")) == []
