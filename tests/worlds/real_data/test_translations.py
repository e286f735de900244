from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from physim.errors import PhysimError
from worlds.real_data import translations
from worlds.real_data.packaged import Packaged
from worlds.real_data.parts import PARTS, part_of
from worlds.real_data.sources import Source
from worlds.real_data.translations import Pair, pairs

LONG = "a sentence that is long enough"
LANG = "ein Satz, der lang genug ist, auch"


def page(*paragraphs: tuple[str, str]) -> bytes:
    return "".join(f'<p id="{key}" class="x">{text}</p>\n' for key, text in paragraphs).encode()


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    translations._parts.cache_clear()
    yield
    translations._parts.cache_clear()


@pytest.fixture
def manual(
    data_set: Callable[..., Packaged], given: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, bytes], dict[str, bytes]], None]:
    """Have pages in English and German fetched."""

    def fetched(english: dict[str, bytes], german: dict[str, bytes]) -> None:
        files = {f"en-US/text/{name}.html": text for name, text in english.items()}
        files |= {f"de/text/{name}.html": text for name, text in german.items()}
        small = data_set(files, given(files))
        small.fetch()
        monkeypatch.setattr(translations, "MANUAL", small)

    return fetched


def every() -> list[Pair]:
    return [pair for part in PARTS for pair in pairs(part)]


def test_paragraphs_of_one_id_are_a_pair_without_markup(manual: Callable[..., None]) -> None:
    english = page(("one", f"<b>{LONG}</b> &amp;\n so on"), ("two", LONG + "!"), ("three", "short"))
    german = page(("one", LANG), ("three", "kurz"), ("four", LANG))
    manual({"a": english}, {"a": german})
    assert every() == [Pair(f"{LONG} & so on", LANG)]


def test_what_was_left_as_it_was_does_not_count(manual: Callable[..., None]) -> None:
    manual({"a": page(("one", LONG))}, {"a": page(("one", LONG))})
    assert every() == []


def test_pages_belong_to_one_part_and_no_english_comes_twice(manual: Callable[..., None]) -> None:
    names = [f"page{number}" for number in range(40)]
    english = {name: page(("one", f"{LONG} {name}"), ("two", LONG)) for name in names}
    manual(english, {name: page(("one", LANG), ("two", LANG)) for name in names})
    for part in PARTS:
        own = [pair for pair in pairs(part) if pair.english != LONG]
        assert {pair.english.split()[-1] for pair in own} == {name for name in names if part_of(f"{name}.html") == part}
    assert [pair.english for pair in every()].count(LONG) == 1
    assert LONG in {pair.english for pair in pairs("train")}


def test_what_was_not_fetched_says_how_to_get_it() -> None:
    with pytest.raises(PhysimError, match="`physim fetch manual` gets it"):
        pairs("test")


def test_what_is_said_on_one_system_only_is_left_out(manual: Callable[..., None]) -> None:
    keys = '<span id="s" class="switchinline"><span hidden="true" id="m" class="MAC">Command</span>'
    keys += '<span hidden="true" id="default">Ctrl</span></span>'
    manual({"a": page(("one", f"{LONG} {keys}+A"))}, {"a": page(("one", LANG))})
    assert every() == [Pair(f"{LONG} Ctrl+A", LANG)]
