from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import physim


@pytest.fixture(params=["physim", "physim.engines", "physim.scenes", "physim.worlds"])
def package(request: pytest.FixtureRequest) -> ModuleType:
    return import_module(request.param)


def test_type_checkers_see_the_names_and_homes_of_the_table(package: ModuleType) -> None:
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text())
    block = next(part for part in tree.body if isinstance(part, ast.If))
    imports = [part for part in block.body if isinstance(part, ast.ImportFrom)]
    assert {name.asname: part.module for part in imports for name in part.names} == package._HOMES


def test_every_name_leads_to_its_object(package: ModuleType) -> None:
    for name in package.__all__:
        assert getattr(package, name) is getattr(import_module(package._HOMES[name]), name)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        _ = package.nothing


def test_losses_and_the_check_of_steps_are_at_hand() -> None:
    assert {"losses_of", "check_steps"} <= set(physim.__all__)
