from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from physim import plugins
from physim.errors import PhysimError


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = EntryPoints(
        EntryPoint(name, value, plugins.WORLDS)
        for name, value in [
            ("good", "json:loads"),
            ("broken", "no_such_package:World"),
            ("lost", "json:no_such_name"),
            ("twice", "json:loads"),
            ("twice", "json:dumps"),
        ]
    )
    monkeypatch.setattr(plugins, "entry_points", entries.select)


@pytest.mark.usefixtures("_registered")
def test_names_are_sorted_and_single() -> None:
    assert plugins.names(plugins.WORLDS) == ["broken", "good", "lost", "twice"]


@pytest.mark.usefixtures("_registered")
def test_load_imports_what_is_registered() -> None:
    assert plugins.load(plugins.WORLDS, "good")("[1]") == [1]


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bad", "unknown world 'bad': the known ones are broken, good, lost, twice"),
        ("broken", r"world broken \(no_such_package:World\) cannot be loaded"),
        ("lost", r"world lost \(json:no_such_name\) cannot be loaded"),
        ("twice", "registered more than once: json:dumps, json:loads"),
    ],
)
def test_what_cannot_be_loaded_is_named(name: str, sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        plugins.load(plugins.WORLDS, name)


def test_bench_is_the_word_for_one_of_the_benches() -> None:
    with pytest.raises(PhysimError, match="unknown bench 'nothing'"):
        plugins.load(plugins.BENCHES, "nothing")
