from __future__ import annotations

from pathlib import Path

import pytest

from physim.errors import PhysimError
from physim.outputs import check_writable


def test_new_and_old_files_are_writable_and_stay_as_they_are(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("kept")
    check_writable(old, "--out")
    check_writable(tmp_path / "new", "--out")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert old.read_text() == "kept"


@pytest.mark.parametrize("name", ["missing/file", "file/inside"])
def test_folder_that_takes_no_files_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PhysimError, match=r"--out cannot be written: .*file"):
        check_writable(tmp_path / name, "--out")


def test_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="not a plain file"):
        check_writable(tmp_path, "--record")
