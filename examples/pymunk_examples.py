"""Which of pymunk's own examples physim runs, and how far each ends from the truth.

python examples/pymunk_examples.py
"""

from __future__ import annotations

import json
import math
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pymunk
import pymunk.examples
from programs import HYBRIDS, SILENCED, TRUTH, Floats, learned_share, stepper

from learners.experiment import Cell, Grid, grouped, markdown, mean, read_rows
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.outputs import replacing
from physim.reports import Row, Value
from physim.scripts import run_script
from physim.stacks import frames_standing, stack

PROGRAMS = Path(__file__).with_name("programs.py")
FINE = f"{TRUTH} 10"
"""What all else is compared with."""
TRUTHS = (FINE, f"{TRUTH} 5", f"{TRUTH} 2", f"{TRUTH} 1")
ENGINES = ("learned", *(hybrid + part for hybrid in HYBRIDS for part in ("", SILENCED)))
STACK = "stack of five boxes"
QUIET = " without callbacks"
"""Examples whose collision callbacks only draw are run without them too."""
DRAWING = ("contact_and_no_flipy", "contact_with_friction")
RANDOM = ("bouncing_balls", "point_query", "using_sprites", "using_sprites_pyglet")
"""Supported examples that draw random numbers; they are run with several seeds."""
SEEDS = 3
AGES = (0.5, 1.0, 2.0, 5.0)
"""How long after it appeared, in seconds, it is asked where a body is."""
DT = 1 / 60
Pair = tuple[Value, ...]
"""The name of an example, and that of an engine."""
SLACK = 1.0
"""A body is lost beyond the box round all places of the truth, which is made larger by so many of its longer sides."""
PATIENCE = 1800
"""How long a program may take, in seconds."""


@dataclass(frozen=True)
class Args:
    """Run pymunk's examples as the programs that they are, with `Space.step` replaced, and compare where bodies are.

    No key is pressed and no mouse is moved. Rows of what has run, those that ship too, are kept and not run again: to
    measure anew, name another --folder, or take out of the file those of an engine whose weights have changed.
    """

    frames: int = 600
    """How many frames of each."""
    engines: tuple[str, ...] = ENGINES
    """Engines of `physim.attach` to run the supported examples with that step at 1/60 s; hybrids also silenced."""
    only: tuple[str, ...] = ()
    """Examples to run, by their names; all, where none is named."""
    folder: Path = Path(__file__).parent / "results" / "pymunk_examples"
    """Where the rows (CSV) and the tables (Markdown) are kept."""

    def check(self) -> None:
        """Raise PhysimError for frames, engines or examples that there are not."""
        check_positive(frames=self.frames)
        for flag, named, known in (
            ("engines", self.engines, ENGINES),
            ("only", self.only, (STACK, *_examples(), *(name + QUIET for name in DRAWING))),
        ):
            unknown = sorted(set(named) - set(known))
            if unknown:
                raise PhysimError(f"--{flag}: {unknown} are unknown, the known ones are {', '.join(known)}")


@dataclass(frozen=True)
class Recording:
    """What `programs.py` left: rows [K, 4] are frame, number of the body, x, y; depths [L] of all that touched."""

    told: Mapping[str, Any]
    rows: Floats
    depths: Floats

    @property
    def seconds(self) -> float:
        """The time in a frame."""
        dts, steps = self.told["dts"], self.told["steps_per_frame"]
        return float(np.mean(dts) * steps) if dts else math.nan

    @property
    def trouble(self) -> str | None:
        """Why physim does not run this, or None."""
        if self.told["failure"] is not None or self.told["refusal"] is not None:
            return str(self.told["refusal"] or self.told["failure"])
        return None if len(self.rows) else "no body moves unless somebody adds one"

    def paths(self) -> dict[int, tuple[int, Floats]]:
        """The frame that each body appeared in, and where it was from then on [frames, 2]."""
        order = np.lexsort((self.rows[:, 0], self.rows[:, 1]))
        parts = groupby(self.rows[order].tolist(), key=lambda row: int(row[1]))
        found = {number: np.array(list(rows)) for number, rows in parts}
        return {number: (int(rows[0, 0]), rows[:, 2:]) for number, rows in found.items()}


def main(args: Args) -> list[Row]:
    """Run what has not run yet, write the tables of all that ever ran, print them, and give their rows."""
    path = args.folder / "rows.csv"
    args.check()
    names = args.only or (STACK, *sorted([*_examples(), *(name + QUIET for name in DRAWING)]))
    fine = Grid(path, [_cell(FINE, name, args.frames) for name in names], run).complete()
    beside = [cell for row in fine for cell in _beside(row, args)]
    if beside:
        Grid(path, beside, run).complete()
    rows = sorted((row for row in read_rows(path) if row["frames"] == args.frames), key=lambda row: str(row["example"]))
    text = "\n".join(tables(rows))
    with replacing(args.folder / "tables.md") as draft:
        draft.write_text(text, encoding="utf-8")
    print(text)
    return rows


def run(cell: Cell) -> list[Row]:
    """The row of an engine on an example, or on the stack."""
    name, frames = cell["example"], cell["frames"]
    if name == STACK:
        return [{"supported": True, "dt": DT, "steps_per_frame": 1.0, **_standing(cell.arm, frames)}]
    fine = None if cell.arm == FINE else recorded(name, FINE, frames, cell.seed)
    return [_row(recorded(name, cell.arm, frames, cell.seed), fine)]


@lru_cache(maxsize=2)
def recorded(name: str, engine: str, frames: int, seed: int) -> Recording:
    """An example's run, in a process of its own; one that takes too long has failed."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "recording.npz"
        command = [sys.executable, str(PROGRAMS), name.removesuffix(QUIET), "--engine", engine, "--out", str(out)]
        command += ["--frames", str(frames), "--seed", str(seed)]
        command += ["--no-callbacks" if name.endswith(QUIET) else "--callbacks"]
        found = {"PYTHONPATH": os.pathsep.join([*filter(None, sys.path), *pymunk.examples.__path__])}
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=os.environ | found,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return _failed(f"took longer than {PATIENCE} s")
        if done.returncode < 0:
            raise PhysimError(f"{name} was killed by signal {-done.returncode}: it is not known how it ends")
        if not out.exists():
            return _failed((done.stderr.strip().splitlines() or ["left no recording"])[-1])
        with np.load(out) as file:
            return Recording(json.loads(str(file["told"])), file["rows"], file["depths"])


def tables(rows: Sequence[Row]) -> Iterator[str]:
    """What is supported and what is not, and how far each engine ends from the truth."""
    fine = [row for row in rows if row["arm"] == FINE and row["seed"] == 0 and row["example"] != STACK]
    yield "## Supported, or why not\n"
    yield markdown(
        ("example", "supported", "s a step", "steps a frame", "bodies"),
        (
            (row["example"], row.get("why", "yes"), _fraction(row), row.get("steps_per_frame"), row["bodies"])
            for row in fine
        ),
    )
    for title, column, together in (
        *(
            (f"Mean distance of bodies from the truth {age:g} s after they appeared", f"error_{age:g}", mean)
            for age in AGES
        ),
        ("Depth, as a share of the inscribed radius, 99 % of what touches; the deepest of all seeds", "sunk", max),
        ("Bodies lost; the most of all seeds", "lost", max),
        ("Bodies that are there at the end", "left", mean),
        ("Share of all impulses that was learned", "learned_share", mean),
        ("Frames that a stack of five boxes stands", "stands", min),
    ):
        yield from _table(title, grouped(rows, ("example", "arm"), column), together)
    failures = [(row["example"], row["arm"], row["seed"], row["failure"]) for row in rows if row.get("failure")]
    if failures:
        yield "## What went wrong\n"
        yield markdown(("example", "engine", "seed", "what"), failures)


def _table(title: str, values: Mapping[Pair, Sequence[float]], together: Callable[..., object]) -> Iterator[str]:
    """One figure of all examples, an engine a column; nothing where nobody has it."""
    names, arms = dict.fromkeys(name for name, _ in values), dict.fromkeys(arm for _, arm in values)
    if values:
        yield f"## {title}\n"
        yield markdown(
            ("example", *map(str, arms)),
            (
                [name, *(together(values[name, arm]) if (name, arm) in values else None for arm in arms)]
                for name in names
            ),
        )


def _examples() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(pymunk.examples.__path__) if module.name != "__main__"]


def _cell(engine: str, name: str, frames: int, seed: int = 0) -> Cell:
    return Cell(engine, seed, setting=(("example", name), ("frames", frames)), minutes=0.2)


def _beside(row: Row, args: Args) -> Iterator[Cell]:
    """All other runs of an example that has run once."""
    name = str(row["example"])
    for seed in range(SEEDS if name in RANDOM else 1):
        for engine in (*TRUTHS, *args.engines):
            if _fits(row, engine) and (engine, seed) != (FINE, 0):
                yield _cell(engine, name, args.frames, seed)


def _fits(row: Row, engine: str) -> bool:
    """Whether an engine is to run an example: the truth takes any dt, and without gravity any stack would stand."""
    told = not (engine.endswith(SILENCED) and row["example"] == STACK)
    return bool(row["supported"]) and told and (engine in TRUTHS or math.isclose(float(str(row["dt"])), DT))


def _row(own: Recording, fine: Recording | None) -> Row:
    """The figures of a run, beside the fine truth's."""
    paths, dts = own.paths(), own.told["dts"]
    row: Row = {
        "supported": own.trouble is None,
        "why": own.trouble,
        "dt": float(np.mean(dts)) if dts else None,
        "steps_per_frame": own.told["steps_per_frame"],
        "bodies": len(paths),
        "sunk": float(np.quantile(own.depths, 0.99)) if len(own.depths) else None,
        "left": int((own.rows[:, 0] == own.told["frames"]).sum()),
        "learned_share": own.told["learned_share"],
    }
    if fine is not None:
        theirs = fine.paths()
        row["failure"] = own.told["failure"] and f"after {own.told['frames']} frames: {own.told['failure']}"
        row |= {f"error_{age:g}": _error(paths, theirs, round(age / fine.seconds)) for age in AGES}
        row["lost"] = _lost(paths, theirs)
    return row


def _error(own: dict[int, tuple[int, Floats]], fine: dict[int, tuple[int, Floats]], age: int) -> float | None:
    """The mean distance of bodies that get so many frames old in the truth; one that is gone counts where it was."""
    old = [number for number in own if number in fine and len(fine[number][1]) > age]
    away = [np.linalg.norm(own[number][1][: age + 1][-1] - fine[number][1][age]) for number in old]
    return float(np.mean(away)) if away else None


def _lost(own: dict[int, tuple[int, Floats]], fine: dict[int, tuple[int, Floats]]) -> int:
    """How many bodies were anywhere outside the truth's box, or nowhere."""
    places = np.concatenate([path for _, path in fine.values()])
    low, high = places.min(axis=0), places.max(axis=0)
    slack = SLACK * (high - low).max()
    within = [((path >= low - slack) & (path <= high + slack)).all() for _, path in own.values()]
    return len(within) - sum(map(int, within))


def _standing(engine: str, frames: int) -> Row:
    """For how many frames a stack stands, and the share of impulses that was learned meanwhile."""
    space, step = stack(), stepper(engine)

    def places() -> Iterator[Floats]:
        while True:
            step(space, DT)
            yield np.array([body.position for body in space.bodies])

    return {"stands": frames_standing(places(), frames), "learned_share": learned_share(space, engine)}


def _failed(why: str) -> Recording:
    told: dict[str, Any] = dict.fromkeys(("refusal", "learned_share"))
    told |= {"failure": why, "frames": 0, "dts": [], "steps_per_frame": 0.0}
    return Recording(told, np.zeros((0, 4)), np.zeros(0))


def _fraction(row: Row) -> str | None:
    """A dt as it is written in programs."""
    dt = row.get("dt")
    return None if dt is None else f"1/{1 / float(str(dt)):.4g}"


if __name__ == "__main__":
    run_script(main, Args, __doc__)
