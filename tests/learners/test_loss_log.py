from __future__ import annotations

from pathlib import Path

import pytest

from learners.loss_log import LossLog
from physim.errors import PhysimError


def written(path: Path, updates: range) -> list[str]:
    with LossLog(path, ["velocity", "effects"], updates.start - 1) as log:
        for update in updates:
            log.write(update, [1 / update, 0.5])
    return path.read_text().splitlines()


def test_each_update_has_a_row_with_its_exact_losses(tmp_path: Path) -> None:
    assert written(tmp_path / "a.csv", range(1, 4)) == [
        "update,velocity,effects", "1,1.0,0.5", "2,0.5,0.5", f"3,{1 / 3!r},0.5",
    ]  # fmt: skip


def test_going_on_drops_what_was_logged_after_the_checkpoint(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.csv", range(1, 10))
    written(tmp_path / "a.csv", range(1, 8))
    assert written(tmp_path / "a.csv", range(6, 10)) == whole


def test_a_new_training_starts_a_new_log(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", range(1, 8))
    assert len(written(tmp_path / "a.csv", range(1, 2))) == 2


def test_rows_are_on_the_disk_after_a_flush(tmp_path: Path) -> None:
    with LossLog(tmp_path / "a.csv", ["x"], 0) as log:
        log.write(1, [2.0])
        log.flush()
        assert (tmp_path / "a.csv").read_text() == "update,x\n1,2.0\n"


def test_without_a_path_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with LossLog(None, ["x"], 5) as log:
        log.write(6, [2.0])
        log.flush()
    assert not list(tmp_path.iterdir())
    assert log.path.read_text() == ""


def test_going_on_never_leaves_the_disk_without_the_rows_so_far(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.csv", range(1, 6))
    with LossLog(tmp_path / "a.csv", ["velocity", "effects"], 5) as log:
        log.write(6, [1.0, 1.0])
        assert (tmp_path / "a.csv").read_text().splitlines() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_rows_that_were_lost_come_back_without_losses(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", range(1, 3))
    for name, kept in (("a.csv", ["1,1.0,0.5", "2,0.5,0.5"]), ("gone.csv", ["1,,", "2,,"])):
        assert written(tmp_path / name, range(5, 6))[1:] == [*kept, "3,,", "4,,", "5,0.2,0.5"]


def test_a_path_that_takes_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="cannot be written"):
        LossLog(tmp_path, ["x"], 0)
    with pytest.raises(PhysimError, match="the losses so far cannot be read from"):
        LossLog(tmp_path, ["x"], 1)
