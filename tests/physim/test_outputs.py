from __future__ import annotations

from pathlib import Path

import pytest

from physim import outputs
from physim.errors import PhysimError
from physim.outputs import check_drawing, check_folder_writable, check_plot, check_writable, replacing


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


@pytest.mark.parametrize("name", ["missing/folder", "file/inside", "file"])
def test_folder_that_cannot_be_made_or_takes_no_files_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PhysimError, match=r"--out cannot be written: .*f"):
        check_folder_writable(tmp_path / name, "--out")


def test_new_and_old_folders_are_writable_and_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for name in ("old", "new"):
        check_folder_writable(tmp_path / name, "--out")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="not a plain file"):
        check_writable(tmp_path, "--record")


def test_a_file_is_replaced_when_all_went_well(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_text("old")
    with replacing(tmp_path / "a.gif") as draft:
        draft.write_text("new")
        assert (draft.parent, draft.suffix) == (tmp_path, ".gif")
        assert (tmp_path / "a.gif").read_text() == "old"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "a").write_text("old")

    def interrupted() -> None:
        with replacing(tmp_path / "a") as draft:
            draft.write_text("half")
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("name", ["missing/file", "file/inside", "."])
def test_what_the_file_system_refuses_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PhysimError, match=r"cannot be written"), replacing(tmp_path / name) as draft:
        draft.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_matplotlib_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    check_drawing("--plot")
    monkeypatch.setattr(outputs, "find_spec", lambda name: None)
    with pytest.raises(PhysimError, match=r"--plot draws with matplotlib, .*: pip install 'physim\[plot\]'"):
        check_drawing("--plot")


def test_only_pictures_are_drawn_into(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    check_plot(tmp_path / "new.png", "--plot")
    with pytest.raises(PhysimError, match=r"--plot must be a file that ends with one of \.png, .*, got .*bmp"):
        check_plot(tmp_path / "new.bmp", "--plot")
