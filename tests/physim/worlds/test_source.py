from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from physim.worlds.source import source_of
from worlds.balls import Balls
from worlds.charges import Charges
from worlds.nbody import NBody

CODE = """
from json import dumps

SPEED, MASS = 5.0, 1.0
UNUSED = 3
CHOSEN: int = 2


def helper():
    return SPEED


def law():
    return helper(), CHOSEN, dumps(1)


if True:
    FACTOR = 3.0
    EXTRA = 1.0


def stronger(function):
    return lambda: FACTOR * function()


@stronger
def pull():
    return EXTRA


def strong():
    return pull()


class Base:
    mass = MASS


class Kind(Base):
    pass
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[ModuleType]:
    """A module of the code above, in a file."""
    path = tmp_path / "law_source.py"
    path.write_text(CODE)
    spec = importlib.util.spec_from_file_location("law_source", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["law_source"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["law_source"]


def test_a_function_brings_what_it_uses_and_nothing_else(made: ModuleType) -> None:
    text = source_of(made.law)
    for part in ("def law", "def helper", "SPEED, MASS = 5.0, 1.0", "CHOSEN: int = 2"):
        assert part in text
    for part in ("UNUSED", "class", "import"):
        assert part not in text


def test_a_class_brings_its_bases(made: ModuleType) -> None:
    text = source_of(made.Kind)
    assert "class Kind" in text
    assert "class Base" in text
    assert text.count("SPEED, MASS = 5.0, 1.0") == 1
    assert "def law" not in text


def test_a_world_brings_constants_and_helpers_of_the_modules_it_stands_on() -> None:
    text = Balls().source
    for part in ("class Balls", "class BoxWorld", "RADII = (0.1, 0.3)", "def _add_walls", "def _free_places"):
        assert part in text
    assert "class World" not in text


def test_what_has_no_file_has_no_text() -> None:
    kind: type = type("Nowhere", (), {"__module__": "nowhere"})
    assert source_of(kind) == ""


def test_decorators_and_what_stands_under_conditions_belong_to_the_law(made: ModuleType) -> None:
    text = source_of(made.strong)
    for part in ("@stronger", "def stronger", "FACTOR = 3.0", "EXTRA = 1.0"):
        assert part in text


def test_forces_are_part_of_a_world() -> None:
    assert "class ScreenedCharge" in Charges().source
    assert "class ProductForce" in NBody().source


def test_what_cannot_be_read_alone_has_no_text() -> None:
    def odd() -> str:
        return """
unindented
"""

    assert source_of(odd) == ""
