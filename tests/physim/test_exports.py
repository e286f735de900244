from __future__ import annotations

import ast
from pathlib import Path

import physim


def test_type_checkers_see_the_names_and_homes_of_the_table() -> None:
    tree = ast.parse(Path(physim.__file__).read_text())
    block = next(part for part in tree.body if isinstance(part, ast.If))
    imports = [part for part in block.body if isinstance(part, ast.ImportFrom)]
    assert {name.asname: part.module for part in imports for name in part.names} == physim._HOMES


def test_every_name_leads_to_its_object() -> None:
    assert [name for name in physim.__all__ if getattr(physim, name).__name__ != name] == []


def test_losses_and_the_check_of_steps_are_at_hand() -> None:
    assert {"losses_of", "check_steps"} <= set(physim.__all__)
