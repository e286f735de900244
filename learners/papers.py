"""What the scripts of papers share: what they are told, rows that are kept, and a table for each part."""

from __future__ import annotations

import hashlib
import re
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from learners.experiment import Cell, Grid, Run, raise_all
from learners.rows import make_folder
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.outputs import check_drawing, replacing
from physim.reports import Row
from physim.scripts import check_choices

Checks = Mapping[str, Sequence[Callable[[], object]]]
NOTHING: Checks = MappingProxyType({})
DRAWING = partial(check_drawing, "this part")
"""The check of a part that draws."""
S = TypeVar("S", bound="PaperSettings")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PaperSettings(ABC):
    """What every script of a paper is told; a script adds its parts, and says where its results lie."""

    quick: bool = False
    """A small share of the work, by few seeds: to see that it runs."""
    workers: int = 2
    """Trainings at a time, one thread each."""
    out: Path
    """Where rows (CSV), tables (Markdown) and pictures are kept; those of --quick in a folder of their own in it."""

    shorter: ClassVar[int] = 50
    """How many times fewer updates or decisions are made where it is quick."""

    @property
    def folder(self) -> Path:
        """Where this run keeps what it makes."""
        return self.out / "quick" if self.quick else self.out

    def shortened(self, count: int) -> int:
        """So many updates or decisions, or what is quick."""
        return count // self.shorter if self.quick else count

    def few(self, several: Sequence[T], count: int = 1) -> Sequence[T]:
        """All of several, seeds for instance, or the first of them where it is quick."""
        return several[:count] if self.quick else several

    def rows(self, name: str, cells: Sequence[Cell], run: Run) -> list[Row]:
        """The rows of all cells, kept in the CSV file of that name; what is not there yet is run."""
        path = self.folder / f"{name}.csv"
        rows = Grid(path, cells, run).complete(self.workers)
        if not any("value" in row for row in rows):
            raise PhysimError(f"{path}, line 1: there is no column 'value'")
        return rows

    @property
    def partial(self) -> bool:
        """Whether some arms, or kinds of tasks, are left out."""
        whole = {each.name: each.default for each in fields(self) if each.name != "parts"}
        return any(isinstance(every, tuple) and set(getattr(self, name)) != set(every) for name, every in whole.items())

    def publish(self, name: str, text: str) -> None:
        """Write a table into the Markdown file of that name, and print it; a partial one only where it is quick."""
        if self.quick or not self.partial:
            with replacing(self.folder / f"{name}.md") as draft:
                draft.write_text(text, encoding="utf-8")
        print(text)

    def draw(self, name: str, figure: Any) -> None:
        """Write a picture of matplotlib's into the PNG file of that name."""
        draw_into(self.folder, name, figure)


def draw_into(folder: Path, name: str, figure: Any) -> None:
    """Write a picture of matplotlib's into the PNG file of that name: for cells, which know no more than the folder."""
    with replacing(folder / f"{name}.png") as draft:
        figure.savefig(draft, format="png", dpi=110)


def net_path(folder: Path, part: str, cell: Cell) -> Path:
    """Where the network of a cell of a part is kept."""
    words = re.sub(r"[^a-z0-9]+", "_", f"{part} {cell.arm} {cell.seed}".lower())
    return folder / "nets" / f"{words}_{hashlib.sha256(str(cell).encode()).hexdigest()[:8]}.safetensors"


def run_parts(
    settings: S, asked: Sequence[str], parts: Mapping[str, Callable[[S], str]], checks: Checks = NOTHING
) -> None:
    """Publish the table of each part that is asked for, one after the other; the others too where one fails.

    `checks` refuse to begin where what a part wants is not there. Raises: PhysimError at once where there is no such
    part, or by a check, and at the end what parts failed by.
    """
    check_choices("parts", asked, parts)
    check_positive(workers=settings.workers)
    for part in asked:
        for check in checks.get(part, ()):
            check()
    make_folder(settings.folder, "--out")
    failed: list[Exception] = []
    for part in asked:
        try:
            settings.publish(part, parts[part](settings))
        except PhysimError as error:
            failed.append(PhysimError(f"{part}: {error}"))
        except Exception as error:
            failed.append(error)
    raise_all(failed)
