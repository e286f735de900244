from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, final

import pytest

from physim.errors import PhysimError
from worlds.real_data.archives import Members
from worlds.real_data.packaged import Packaged
from worlds.real_data.sources import Package

Made = Callable[..., Packaged]
Give = Callable[..., Any]


@final
class Failing(Package):
    """A registry that is not there."""

    def members(self, scratch: Path) -> Members:
        raise PhysimError("no network")


FAILING = Failing("words", "2.0", "data")
FILES = {"a.txt": b"one", "b.txt": b"two"}


def test_what_was_fetched_is_whole_and_is_not_fetched_again(data_set: Made, given: Give, cache: Path) -> None:
    source = given({**FILES, "unwanted": b"..."})
    data = data_set(FILES, source)
    assert not data.is_here
    folder = data.fetch()
    assert data.fetch() == folder
    assert data.is_here
    assert len(source.served) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert list(cache.iterdir()) == [folder]


def test_missing_data_gives_the_command_that_gets_it(data_set: Made, cache: Path) -> None:
    with pytest.raises(PhysimError, match=rf"^small \(0.1 MB\) is not in {cache}: `physim fetch small` gets it$"):
        data_set(FILES, FAILING).paths()


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (FILES | {"b.txt": b"tow"}, "given words 1.0: b.txt has the SHA-256 [0-9a-f]{64}, wanted 3fc4ccfe745870"),
        ({"a.txt": b"one"}, "given words 1.0: no file b.txt came"),
    ],
)
def test_other_bytes_are_refused_by_name_and_leave_nothing(
    data_set: Made, given: Give, cache: Path, held: dict[str, bytes], sentence: str
) -> None:
    data = data_set(FILES, given(held))
    with pytest.raises(PhysimError, match=sentence):
        data.fetch()
    assert list(cache.iterdir()) == []
    assert not data.is_here


def test_a_pattern_has_one_digest_over_its_files_in_order(data_set: Made, given: Give) -> None:
    data = data_set({"*.txt": b"onetwo"}, given(dict(reversed(FILES.items()))))
    data.fetch()
    assert [path.name for path in data.paths()] == ["a.txt", "b.txt"]
    assert [path.name for path in data.paths("b*")] == ["b.txt"]


def test_the_next_source_stands_in_for_one_that_fails(data_set: Made, given: Give) -> None:
    wrong = given({"a.txt": b"eno", "b.txt": b"two", "half": b"..."})
    folder = data_set(FILES, FAILING, wrong, given(FILES)).fetch()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_where_all_sources_fail_each_says_why(data_set: Made, given: Give) -> None:
    data = data_set(FILES, FAILING, given({}))
    with pytest.raises(PhysimError, match=r"^small cannot be fetched: failing words 2.0: no network; given words 1.0"):
        data.fetch()


def test_fetches_at_the_same_time_all_end_with_the_same_whole_folder(data_set: Made, given: Give, cache: Path) -> None:
    together = Barrier(4, timeout=20)
    data = data_set(FILES, given(FILES, together.wait))
    with ThreadPoolExecutor(4) as threads:
        folders = {future.result() for future in [threads.submit(data.fetch) for _ in range(4)]}
    assert list(cache.iterdir()) == list(folders)
    assert {path.name: path.read_bytes() for path in data.paths()[0].parent.iterdir()} == FILES


def test_an_entry_with_other_files_is_another_folder(data_set: Made, given: Give) -> None:
    data_set(FILES, given(FILES)).fetch()
    assert not data_set({"a.txt": b"one"}, given(FILES)).is_here
