from __future__ import annotations

from dataclasses import dataclass

import pytest

from physim.errors import PhysimError
from physim.scripts import check_choices, run_script


@dataclass(frozen=True)
class Args:
    """Count."""

    many: int = 1


def count(args: Args) -> None:
    if args.many < 0:
        raise PhysimError(f"many is {args.many}, wanted 0 or more")
    print(args.many)


def test_a_script_is_called_with_its_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["somewhere/count.py", "--many", "3"])
    run_script(count, Args)
    assert capsys.readouterr().out == "3\n"


def test_a_mistake_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["somewhere/count.py", "--many", "-1"])
    with pytest.raises(SystemExit) as ended:
        run_script(count, Args)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "count.py: many is -1, wanted 0 or more\n"


def test_an_interrupt_is_one_line_and_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(args: Args) -> None:
        raise KeyboardInterrupt(": all is kept")

    monkeypatch.setattr("sys.argv", ["somewhere/count.py"])
    with pytest.raises(SystemExit) as ended:
        run_script(interrupted, Args)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "count.py: interrupted: all is kept\n"


def test_choices_that_there_are_not_are_refused() -> None:
    check_choices("arms", ["plain"], {"plain": 1, "other": 2})
    with pytest.raises(PhysimError, match=r"^--arms: got \['best', 'new'\], wanted some of \['plain', 'other'\]$"):
        check_choices("arms", ["new", "plain", "best"], {"plain": 1, "other": 2})
    with pytest.raises(PhysimError, match=r"^--arms: got none, wanted some of \['plain', 'other'\]$"):
        check_choices("arms", [], {"plain": 1, "other": 2})
