from __future__ import annotations

from pathlib import Path

import pytest

from physim.errors import PhysimError
from worlds.real_data.cache import cache, filling


def test_the_variable_names_the_cache_or_the_users_caches_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHYSIM_DATA", "/data")
    assert cache() == Path("/data")
    monkeypatch.delenv("PHYSIM_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache() == Path("/caches/physim")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache() == Path.home() / ".cache/physim"


def test_a_relative_cache_is_that_of_the_folder_the_process_works_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHYSIM_DATA", "data")
    assert cache() == Path.cwd() / "data"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, PhysimError, OSError])
def test_nothing_half_written_stays(tmp_path: Path, stop: type[BaseException]) -> None:
    def interrupted() -> None:
        with filling(tmp_path / "set") as folder:
            (folder / "whole").mkdir()
            (folder / "whole" / "half").write_bytes(b"...")
            raise stop("while it was written")

    with pytest.raises(PhysimError if stop is OSError else stop, match="while it was written"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_fill_the_same_folder_the_first_stays(tmp_path: Path) -> None:
    target = tmp_path / "set"
    with filling(target) as late:
        with filling(target) as early:
            (early / "whole").mkdir()
            (early / "whole" / "who").write_text("early")
        (late / "whole").mkdir()
        (late / "whole" / "who").write_text("late")
    assert (target / "who").read_text() == "early"
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_takes_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(PhysimError, match=r"file/set cannot be written \(PHYSIM_DATA names another place\)"),
        filling(tmp_path / "file" / "set"),
    ):
        pass
