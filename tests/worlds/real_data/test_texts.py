from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from physim.errors import PhysimError
from worlds.real_data import splits, text, texts
from worlds.real_data.packaged import Packaged
from worlds.real_data.sources import Source

LINES = b"".join(b"%04d a line\n" % number for number in range(1000))


@pytest.fixture
def registered(
    data_set: Callable[..., Packaged], given: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, bytes]], None]:
    """Have a text `small` of these files fetched."""

    def fetched(files: dict[str, bytes]) -> None:
        small = data_set(files, given(files))
        small.fetch()
        monkeypatch.setitem(texts.TEXTS, "small", small)

    return fetched


def test_documents_follow_one_another_by_name(registered: Callable[[dict[str, bytes]], None]) -> None:
    registered({"b.txt": b"be", "a.txt": b"to "})
    assert text("small") == b"to be"


@pytest.mark.parametrize("ending", ["gz", "dz"])
def test_compressed_texts_are_unpacked(registered: Callable[[dict[str, bytes]], None], ending: str) -> None:
    registered({f"a.{ending}": gzip.compress(LINES)})
    assert text("small") == LINES


def test_one_document_is_split_between_lines(registered: Callable[[dict[str, bytes]], None]) -> None:
    registered({"a.txt": LINES})
    parts = splits("small")
    assert b"".join(parts) == LINES
    assert [part.count(b"\n") for part in parts] == pytest.approx([900, 50, 50], abs=1)
    assert all(part.endswith(b"\n") for part in parts)


def test_several_documents_are_split_between_documents(registered: Callable[[dict[str, bytes]], None]) -> None:
    sizes = [270] * 10 + [130, 140, 30]  # the ends nearest to 90 % and 95 % are those of the tenth and the eleventh
    held = [bytes([number]) * size for number, size in enumerate(sizes)]
    registered({f"{number:02d}.txt": document for number, document in enumerate(held)})
    assert splits("small") == (b"".join(held[:10]), held[10], held[11] + held[12])


def test_a_text_that_is_not_known_or_not_here_is_told() -> None:
    with pytest.raises(PhysimError, match="unknown text 'mnist': the known ones are gcide, kernel, shakespeare"):
        text("mnist")
    with pytest.raises(PhysimError, match="`physim fetch gcide` gets it"):
        splits("gcide")
