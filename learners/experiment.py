"""Experiments: grids of cells whose finished rows are kept, with intervals and tables for all papers alike."""

from __future__ import annotations

import math
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from tqdm import tqdm

from learners.rows import make_folder, read_rows, write_rows
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.interrupts import ignore_interrupts
from physim.reports import Row, Value

RESAMPLES = 2000
CONFIDENCE = 0.95
TUNING_SEED = 100
"""By which settings are tried, and nothing else."""
FEW = 10
"""Seeds, below which resamples are too much alike: of two, bootstrap intervals of 95 % hold the mean half the time."""
LEAST = 1e-4
"""What is smaller is told with an exponent."""


@dataclass(frozen=True)
class Cell:
    """One run of an experiment: an arm (what is tried), a seed, and settings that tell it from other cells.

    `minutes` is how long one core is busy with it.
    """

    arm: str
    seed: int = 0
    setting: tuple[tuple[str, Value], ...] = ()
    minutes: float = field(default=0.0, compare=False)

    def __getitem__(self, name: str) -> Any:
        """One of its settings."""
        return dict(self.setting)[name]

    @property
    def labels(self) -> Row:
        """What stands in front of each of its rows."""
        return {"arm": self.arm, "seed": self.seed, **dict(self.setting)}

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.labels.items())


Run = Callable[[Cell], Sequence[Row]]


@dataclass(frozen=True)
class Grid:
    """Cells, the work that a cell is, and the CSV file that keeps the rows of finished cells.

    `run` must be a function of a module, so that other processes find it; all cells have the same settings by name.
    """

    path: Path
    cells: Sequence[Cell]
    run: Run

    def __post_init__(self) -> None:
        names = {tuple(cell.labels) for cell in self.cells}
        if len(names) != 1 or len(set(self.cells)) != len(self.cells):
            raise PhysimError(f"the cells of {self.path.stem} must differ, and have the same settings: got {names}")

    def rows(self) -> list[Row]:
        """The rows of the cells that are finished, in the order of the cells."""
        kept = self._kept()
        return [row for cell in self.cells for row in kept.get(tuple(cell.labels.values()), ())]

    def missing(self) -> list[Cell]:
        """The cells that are not finished."""
        kept = self._kept()
        return [cell for cell in self.cells if tuple(cell.labels.values()) not in kept]

    def complete(self, workers: int = 1) -> list[Row]:
        """Run what is missing, `workers` cells at a time with one thread each, and give all rows.

        A finished cell is written at once, so that Ctrl-C loses only the cells under way. Those that fail do not keep
        others from being run: what they failed by is raised at the end.
        """
        check_positive(workers=workers)
        missing = self.missing()
        if missing:
            make_folder(self.path.parent, "out")
        hours, done = sum(cell.minutes for cell in missing) / 60, len(self.cells) - len(missing)
        print(
            f"{self.path.stem}: {done} of {len(self.cells)} cells are finished; the rest takes {hours:.2g} core-hours",
            file=sys.stderr,
        )
        try:
            self._run(missing, workers)
        except KeyboardInterrupt as stop:
            kept = f": {self.path} keeps the cells that are finished, and the same command goes on"
            raise KeyboardInterrupt(kept) from stop
        return self.rows()

    def _run(self, missing: Sequence[Cell], workers: int) -> None:
        failed: list[Exception] = []
        with tqdm(total=len(missing), desc=self.path.stem, unit="cell", disable=None) as bar:
            for cell, outcome in _results(self.run, missing, workers):
                try:
                    rows = outcome()
                except Exception as error:
                    failed.append(error)
                    tqdm.write(f"{self.path.stem}: {error}", file=sys.stderr)
                else:
                    self._keep(cell, rows)
                bar.set_postfix_str(str(cell))
                bar.update()
        raise_all(failed)

    def _keep(self, cell: Cell, rows: Sequence[Row]) -> None:
        if not rows:
            raise PhysimError(f"the cell {cell} gave no row, so it could not be told from one that never ran")
        for name, value in cell.labels.items():
            others = {row[name] for row in rows if name in row and row[name] != value}
            if others:
                raise PhysimError(f"the cell {cell} gave rows whose {name} is {others}, wanted its own")
        if tuple(cell.labels.values()) in self._kept():
            return  # another command that shares the file was faster
        write_rows(self.path, [*read_rows(self.path), *({**cell.labels, **row} for row in rows)])

    def _kept(self) -> dict[tuple[Value, ...], list[Row]]:
        """The rows of the file by what tells cells apart."""
        names = tuple(self.cells[0].labels)
        kept: dict[tuple[Value, ...], list[Row]] = {}
        rows = read_rows(self.path)
        if rows and (lost := {"arm", "seed"}.difference(*rows)):
            raise PhysimError(f"{self.path}, line 1: there is no column '{min(lost)}', which all cells have")
        for row in rows:
            kept.setdefault(tuple(row.get(name) for name in names), []).append(row)
        return kept


def _results(run: Run, cells: Sequence[Cell], workers: int) -> Iterator[tuple[Cell, Callable[[], Sequence[Row]]]]:
    """Each cell with what gives its rows, or raises what it failed by, as they are finished; the cells under way end
    where these are no longer asked for.
    """
    if workers == 1 or len(cells) < 2:
        yield from ((cell, partial(_rows_of, run, cell)) for cell in cells)
        return
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=ignore_interrupts) as pool:
        waiting: dict[Future[Sequence[Row]], Cell] = {pool.submit(_rows_of, run, cell): cell for cell in cells}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result
        except BaseException:
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()  # it would finish its cell, for nobody
            raise


def _rows_of(run: Run, cell: Cell) -> Sequence[Row]:
    """The rows of a cell, on one thread wherever it runs; its errors say which cell it was."""
    from physim.threads import one_thread  # brings torch, which tables and intervals do without

    try:
        with one_thread():
            return run(cell)
    except PhysimError as error:
        raise PhysimError(f"cell {cell}: {error}") from error
    except Exception as error:
        error.add_note(f"in the cell {cell}")
        raise


def raise_all(failed: Sequence[Exception]) -> None:
    """Raise what pieces of work failed by, if any did: mistakes of users as one, anything else with all its traces."""
    if not all(isinstance(error, PhysimError) for error in failed):
        raise ExceptionGroup("not all of the work was done", failed)
    if failed:
        raise PhysimError("\n".join(map(str, failed)))


@dataclass(frozen=True)
class Interval:
    """A figure over seeds with the bounds of its 95 % interval, or of all seeds where one is infinite."""

    middle: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """Three digits, and more where the interval is narrower than what they tell."""
        told = [self.middle, self.low, self.high] if self.count > 1 else [self.middle]
        middle, *bounds = (_digits(value, self.high - self.low) for value in told)
        return f"{middle} [{', '.join(bounds)}]" if bounds else middle


def _digits(value: float, width: float) -> str:
    """Three digits of a number, and as many more as an interval so wide tells."""
    if not (math.isfinite(value) and math.isfinite(width)) or abs(value) < LEAST:
        return f"{value:.3g}"
    finest = math.floor(math.log10(width)) if width >= LEAST else 0
    text = f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))), -finest)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def mean(values: Sequence[float]) -> Interval:
    """The mean over seeds: its interval is Student's of fewer than FEW seeds, and a percentile bootstrap's of more."""
    sample = np.asarray(values, dtype=np.float64)
    middle = float(sample.mean())
    if len(sample) < 2 or (sample == sample[0]).all():
        return Interval(middle, middle, middle, len(sample))
    if not np.isfinite(sample).all():  # there is no quantile between a number and infinity
        return Interval(middle, float(sample.min()), float(sample.max()), len(sample))
    if len(sample) < FEW:
        room = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(sample) - 1) * stats.sem(sample))
        return Interval(middle, middle - room, middle + room, len(sample))
    bounds = stats.bootstrap(
        (sample,), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile", rng=0
    ).confidence_interval
    return Interval(middle, float(bounds.low), float(bounds.high), len(sample))


def mean_if_known(values: Sequence[float] | None) -> Interval | None:
    """The mean over seeds, where there are any."""
    return None if values is None else mean(values)


def grouped(rows: Iterable[Row], by: Sequence[str], value: str = "value") -> dict[tuple[Value, ...], list[float]]:
    """The values of rows that agree in the columns `by`."""
    groups: dict[tuple[Value, ...], list[float]] = {}
    for row in rows:
        number = row.get(value)
        if isinstance(number, int | float):
            groups.setdefault(tuple(row.get(name) for name in by), []).append(float(number))
    return groups


def percentages(rows: Iterable[Row], by: Sequence[str]) -> dict[tuple[Value, ...], list[float]]:
    """The values of rows that agree in the columns `by`, which are shares, in per cent."""
    return {key: [100 * each for each in values] for key, values in grouped(rows, by).items()}


def markdown(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; None is an empty cell."""
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(_text(cell) for cell in line) + " |" for line in (head, rule, *lines)) + "\n"


def _text(cell: object) -> str:
    if not isinstance(cell, float):
        return "" if cell is None else str(cell)
    return f"{cell:,.0f}" if 999.5 <= abs(cell) < 1e6 else f"{cell:.3g}"
