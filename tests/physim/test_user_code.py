from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from physim.errors import PhysimError
from physim.user_code import module_of, module_of_text, object_in_file, object_in_module


def test_a_file_is_run_once_under_a_name_of_its_own(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(f"made = ['{folder}']")
    first, second = (object_in_file(tmp_path / folder / "mine.py", "made", "world") for folder in ("a", "b"))
    assert (first, second) == (["a"], ["b"])
    assert object_in_file(tmp_path / "a" / "mine.py", "made", "world") is first


def test_a_broken_file_is_run_anew_once_mended(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("1 / 0")
    with pytest.raises(PhysimError, match=r"mine\.py cannot be run: ZeroDivisionError"):
        module_of(file)
    file.write_text("made = 1.0")
    assert module_of(file).made == 1


def test_an_installed_module_is_named_where_it_lacks_what_is_wanted() -> None:
    assert object_in_module("math", "pi", "engine") > 3
    with pytest.raises(PhysimError, match="math has no engine 'pie': it defines"):
        object_in_module("math", "pie", "engine")
    with pytest.raises(PhysimError, match="engine no_such:thing cannot be loaded"):
        object_in_module("no_such", "thing", "engine")


def test_a_text_runs_like_its_file_where_that_is_not(tmp_path: Path) -> None:
    text = "def made():\n    return 'as it was'\n"
    module = module_of_text(tmp_path / "elsewhere.py", text)
    assert module.made() == "as it was"
    assert inspect.getsource(module.made) == text
    assert module_of_text(tmp_path / "elsewhere.py", text) is module
    with pytest.raises(PhysimError, match=r"gone\.py cannot be run: ZeroDivisionError"):
        module_of_text(tmp_path / "gone.py", "1 / 0")
