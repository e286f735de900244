from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from learners.experiment import Cell, Grid, Interval, grouped, markdown, mean, percentages
from learners.rows import read_rows
from physim.errors import PhysimError
from physim.reports import Row
from physim.threads import threads

CELLS = [Cell(arm, seed, (("world", "balls"),), minutes=30) for arm in ("ours", "theirs") for seed in range(2)]


def measured(cell: Cell) -> list[Row]:
    """Two rows a cell."""
    return [{"name": name, "value": cell.seed + len(cell.arm) / 10} for name in ("first", "second")]


def interrupted(cell: Cell) -> list[Row]:
    if cell.arm == "theirs":
        raise KeyboardInterrupt
    return measured(cell)


def nothing(cell: Cell) -> Sequence[Row]:
    return []


WORK = """
import signal, time
import torch
from physim.errors import PhysimError

def seeds(cell):
    return [{"value": cell.seed}, {"value": -cell.seed}]

def threads(cell):
    return [{"value": torch.get_num_threads()}]

def deaf(cell):
    return [{"value": signal.getsignal(signal.SIGINT) is signal.SIG_IGN}]

def failing(cell):
    if cell.seed:
        raise PhysimError("mass must be positive")
    return [{"value": 0}]

def broken(cell):
    return [{"value": 1 / cell.seed}]

def endless(cell):
    if cell.seed:
        time.sleep(1000)
    return [{"value": 0}]
"""


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Grid]:
    """A grid of work that other processes find."""
    (tmp_path / "some_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "some_work", raising=False)
    return lambda name: Grid(tmp_path / "grid.csv", CELLS, getattr(importlib.import_module("some_work"), name))


Make = Callable[[str], Grid]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("workers", [1, 2])
def test_every_cell_leaves_its_rows_whatever_the_workers(workers: int, grid: Make) -> None:
    work = grid("seeds")
    rows = work.complete(workers)
    assert rows == [{**cell.labels, "value": sign * cell.seed} for cell in CELLS for sign in (1, -1)]
    assert not work.missing()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("workers", [1, 2])
def test_every_cell_has_one_thread_whatever_the_workers(workers: int, grid: Make) -> None:
    with threads(2):
        assert {row["value"] for row in grid("threads").complete(workers)} == {1}
        assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("workers", [1, 2])
def test_cells_that_fail_are_named_and_the_others_are_kept(workers: int, grid: Make) -> None:
    with pytest.raises(PhysimError) as failed:
        grid("failing").complete(workers)
    assert sorted(str(failed.value).splitlines()) == [
        f"cell arm {arm}, seed 1, world balls: mass must be positive" for arm in ("ours", "theirs")
    ]
    assert [cell.seed for cell in grid("failing").missing()] == [1, 1]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_no_mistake_of_users_is_raised_with_its_trace(workers: int, grid: Make) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        grid("broken").complete(workers)
    assert all(isinstance(error, ZeroDivisionError) for error in failed.value.exceptions)
    assert {note for error in failed.value.exceptions for note in error.__notes__} >= {
        "in the cell arm ours, seed 0, world balls",
        "in the cell arm theirs, seed 0, world balls",
    }
    assert [cell.seed for cell in grid("broken").missing()] == [0, 0]


def test_workers_leave_ctrl_c_to_the_first_process(grid: Make) -> None:
    assert all(row["value"] for row in grid("deaf").complete(2))


@pytest.mark.usefixtures("at_once")
def test_an_interrupt_ends_the_cells_under_way_and_keeps_the_finished_ones(
    grid: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Grid._keep

    def interrupted(self: Grid, cell: Cell, rows: Sequence[Row]) -> None:
        keep(self, cell, rows)
        raise KeyboardInterrupt

    monkeypatch.setattr(Grid, "_keep", interrupted)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt, match=r"grid\.csv keeps the cells that are finished, and the same command"):
        grid("endless").complete(2)
    assert time.monotonic() - begun < 100
    assert len(grid("endless").rows()) == 1


def test_finished_cells_are_kept_and_not_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "grid.csv"
    with pytest.raises(KeyboardInterrupt):
        Grid(path, CELLS, interrupted).complete()
    kept = path.read_bytes()
    assert [cell.arm for cell in Grid(path, CELLS, measured).missing()] == ["theirs", "theirs"]
    Grid(path, CELLS[:2], interrupted).complete()
    assert path.read_bytes() == kept
    capsys.readouterr()
    assert len(Grid(path, CELLS, measured).complete()) == 8
    assert "2 of 4 cells are finished; the rest takes 1 core-hours" in capsys.readouterr().err


def test_a_cell_that_another_command_finished_meanwhile_is_not_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"

    def late(cell: Cell) -> list[Row]:
        Grid(path, CELLS[:1], measured).complete()
        return measured(cell)

    assert Grid(path, CELLS[:1], late).complete() == Grid(path, CELLS[:1], measured).rows()
    assert len(read_rows(path)) == 2


def test_rows_of_other_cells_stay_in_the_file_but_are_not_given(tmp_path: Path) -> None:
    path = tmp_path / "grid.csv"
    Grid(path, CELLS, measured).complete()
    assert {row["arm"] for row in Grid(path, CELLS[:1], measured).complete()} == {"ours"}
    assert len(read_rows(path)) == 8


def test_a_cell_without_rows_and_cells_that_are_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="arm ours, seed 0, world balls gave no row"):
        Grid(tmp_path / "grid.csv", CELLS, nothing).complete()
    with pytest.raises(PhysimError, match="must differ"):
        Grid(tmp_path / "grid.csv", CELLS[:1] * 2, measured)
    with pytest.raises(PhysimError, match="same settings"):
        Grid(tmp_path / "grid.csv", [*CELLS, Cell("ours")], measured)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("arm,", "", "line 2: got 5 values, wanted 4"),
        ("arm", "was", "line 1: there is no column 'arm'"),
        ("second,0.4", "second,0.x", r"line 3: value is '0\.x', wanted a number|line 5: value is 1\.4, wanted text"),
    ],
)
def test_a_file_that_is_damaged_is_named_before_anything_runs(old: str, new: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "grid.csv"
    Grid(path, CELLS[:2], measured).complete()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PhysimError, match=rf"^.*grid\.csv, {told}"):
        Grid(path, CELLS, interrupted).complete()


def test_where_no_file_can_be_nothing_is_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PhysimError, match=r"^out cannot be written: .*file \("):
        Grid(tmp_path / "file" / "grid.csv", CELLS, interrupted).complete()


@pytest.mark.parametrize(("seeds", "cases"), [(2, 1000), (3, 1000), (9, 1000), (20, 100)])
def test_intervals_hold_the_mean_in_about_as_many_cases_as_they_say(seeds: int, cases: int) -> None:
    rng = np.random.default_rng(0)
    held = [mean(rng.normal(3.0, 1.0, seeds).tolist()) for _ in range(cases)]
    assert sum(each.low <= 3 <= each.high for each in held) / cases == pytest.approx(
        0.95, abs=0.02 if cases > 100 else 0.07
    )


def test_intervals_of_one_of_equal_and_of_infinite_values() -> None:
    assert str(mean([2.0])) == "2"
    assert (mean([2.0, 2.0]).low, mean([2.0, 2.0]).high) == (2.0, 2.0)
    assert str(mean([1.0, 2.0, 3.0])) == "2 [-0.484, 4.48]"  # 4.303 standard errors
    assert str(mean([2.0, float("inf"), 1.0])) == "inf [1, inf]"


def test_groups_and_tables() -> None:
    rows: list[Row] = [{"arm": "a", "value": 1.0}, {"arm": "b", "value": 2.0}, {"arm": "a", "value": 3.0}, {"arm": "a"}]
    assert grouped(rows, ["arm"]) == {("a",): [1.0, 3.0], ("b",): [2.0]}
    assert percentages(rows, ["arm"]) == {("a",): [100.0, 300.0], ("b",): [200.0]}
    assert markdown(["arm", "error"], [["a", 0.12345], ["b", None]]).splitlines() == [
        "| arm | error |",
        "| --- | --- |",
        "| a | 0.123 |",
        "| b |  |",
    ]


@pytest.mark.parametrize(
    ("number", "shown"), [(999.4, "999"), (999.6, "1,000"), (-12345.6, "-12,346"), (2.5e6, "2.5e+06"), (1e-5, "1e-05")]
)
def test_tables_show_three_digits_and_thousands_in_full(number: float, shown: str) -> None:
    assert markdown(["error"], [[number]]).splitlines()[2] == f"| {shown} |"


def test_rows_that_disagree_with_their_cell_are_refused(tmp_path: Path) -> None:
    grid = Grid(tmp_path / "grid.csv", [Cell("one", 0, (("world", "balls"),))], lambda cell: [{"world": "strings"}])
    with pytest.raises(PhysimError, match=r"gave rows whose world is \{'strings'\}"):
        grid.complete()
    assert not grid.path.exists()


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        (Interval(3.40313, 3.4012, 3.4049, 3), "3.403 [3.401, 3.405]"),
        (Interval(0.538, 0.5241, 0.5522, 3), "0.538 [0.524, 0.552]"),
        (Interval(14.6, 3.94, 35.7, 3), "14.6 [3.94, 35.7]"),
        (Interval(9.88e-5, 7.57e-5, 1.35e-4, 3), "9.88e-05 [7.57e-05, 0.000135]"),
        (Interval(1270.4, 1260.3, 1280.0, 3), "1,270 [1,260, 1,280]"),
        (Interval(0.0, -0.0219, 0.0219, 3), "0 [-0.0219, 0.0219]"),
        (Interval(math.inf, 2.0, math.inf, 3), "inf [2, inf]"),
        (Interval(5.0, 5.0, 5.0, 1), "5"),
    ],
)
def test_intervals_tell_three_digits_and_more_where_they_are_narrow(interval: Interval, told: str) -> None:
    assert str(interval) == told
