from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from learners.decoupled.clocks import Clocks
from learners.decoupled.counting import Counting
from learners.decoupled.relations import Relating
from learners.experiment import read_rows
from physim.errors import PhysimError
from worlds.real_data import Splits


@pytest.fixture
def script(paper: Callable[[str], ModuleType], few: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("decoupled_interfaces")
    changes = {
        "DEPTHS": (3, 4),
        "TRIED": (1e-3, 3e-3),
        "UNITS": {"dni": (1.0, 30.0)},
        "TUNING_UPDATES": 40,
        "DEEP": 6,
        "DEEP_UPDATES": 40,
    }
    changes |= {"PLANES": (3,), "PLANES_UPDATES": 20, "SPARSE_UPDATES": 200, "CURVES_UPDATES": 80, "digits": few}
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    parts: dict[str, dict[str, Any]] = {
        "sequences_decoupled": {"COPY_WINDOWS": (2,), "COPY_UPDATES": 400, "LANGUAGE_UPDATES": 60},
        "networks_decoupled": {"CLOCKS_UPDATES": 20, "RELATIONS_UPDATES": 40, "COUNTING_UPDATES": 40, "digits": few},
    }
    parts["sequences_decoupled"] |= {"COPY_PLAIN": ((3e-3, 0.0),), "COPY_BRIDGED": ((3e-3, 0.1),)}
    parts["networks_decoupled"] |= {
        "Relating": partial(Relating, scenes=4, steps=30),
        "Counting": partial(Counting, ticks=4, units=16),
        "Clocks": partial(Clocks, window=2, units=16),
    }
    for part, settings in parts.items():
        for name, value in settings.items():
            monkeypatch.setattr(importlib.import_module(f"parts.{part}"), name, value)
    return module


def quick(script: ModuleType, out: Path, *parts: str, updates: int = 40) -> Path:
    """Run some parts; gives the folder that they are kept in."""
    script.main(script.Args(parts=parts, updates=updates, quick=True, workers=1, out=out))
    return out / "quick"


def test_every_part_of_the_digits_fills_its_table(script: ModuleType, tmp_path: Path) -> None:
    folder = quick(script, tmp_path, "layers", "sparse", "deep", "convolutional")
    table = (folder / "layers.md").read_text()
    assert table.splitlines()[0].count("|") == 10  # layers, and four arms each beside the paper's
    assert len(table.splitlines()) == 4
    for part in ("sparse", "deep", "convolutional"):
        assert (folder / f"{part}.md").read_text().startswith("|")
    rows = read_rows(folder / "digits.csv")
    assert {row["arm"] for row in rows} == set(script.ARMS)
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    quick(script, tmp_path, "layers", "sparse")  # nothing is left to do
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


def test_test_images_are_not_looked_at_while_rates_are_chosen(script: ModuleType, tmp_path: Path) -> None:
    folder = quick(script, tmp_path, "deep")
    tried = [row for row in read_rows(folder / "deep_rates.csv") if row["part"] == "held_out"]
    assert {row["part"] for row in read_rows(folder / "deep_rates.csv")} == {"train", "held_out"}
    assert {row["part"] for row in read_rows(folder / "deep.csv")} == {"train", "held_out", "test"}
    best = min(tried, key=lambda row: float(str(row["value"])))
    assert {row["rate"] for row in read_rows(folder / "deep.csv")} == {best["rate"]}


def test_the_best_rates_are_tried_again_at_full_length_each_with_its_best_unit(
    script: ModuleType, tmp_path: Path
) -> None:
    ranked = [(1e-3, 30.0), (1e-3, 100.0), (3e-3, 10.0), (3e-3, 30.0), (1e-4, 1.0), (3e-4, 30.0)]
    assert script.finalists(ranked) == [(1e-3, 30.0), (3e-3, 10.0), (1e-4, 1.0)]
    folder = quick(script, tmp_path, "sparse", updates=60)
    finals = [row for row in read_rows(folder / "digits_finals.csv") if row["part"] == "held_out"]
    assert [(row["layers"], row["updates"]) for row in finals] == [(4, 3)] * 2
    best = min(finals, key=lambda row: float(str(row["value"])))
    assert {row["rate"] for row in read_rows(folder / "sparse.csv")} == {best["rate"]}


@pytest.mark.slow
def test_learning_is_drawn_and_cut_engines_and_encoders_are_judged(script: ModuleType, tmp_path: Path) -> None:
    folder = quick(script, tmp_path, "curves", "interaction", "encoder")
    rows = read_rows(folder / "curves.csv")
    assert {(row["arm"], row["wire"]) for row in rows if row["name"] == "cosine"} == {
        (arm, f"layer_{number}") for arm in ("cdni", "dni") for number in (1, 2, 3)
    }
    for picture in ("curves.png", "graph.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")
    for part in ("interaction", "encoder"):
        assert [row["arm"] for row in read_rows(folder / f"{part}.csv")] == list(script.ARMS)


def test_windows_and_clocks_fill_their_tables(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (b"to be or not to be, " * 1000, b"to be or not " * 500, b"not to be, " * 500)
    part = importlib.import_module("parts.sequences_decoupled")
    monkeypatch.setattr(part, "splits", lambda name: Splits(*whole))
    folder = quick(script, tmp_path, "copy", "language", "clocks")
    assert "ratio" in (folder / "copy.md").read_text()
    assert len((folder / "language.md").read_text().splitlines()) == 4 + len(part.LANGUAGE_WINDOWS)
    assert [row["network"] for row in read_rows(folder / "clocks.csv")] == ["fast", "slow"] * 3


def test_arms_that_solve_no_task_have_a_ratio_of_none(script: ModuleType) -> None:
    said = {"bptt": 2, "dni": 0, "aux": 4, "cdni": 8}
    rows = [
        {"repeating": repeating, "window": 2, "arm": arm, "seed": 0, "value": count}
        for repeating, counts in enumerate((said, {**said, "bptt": 0}))
        for arm, count in counts.items()
    ]
    ratios = [
        line
        for line in importlib.import_module("parts.sequences_decoupled").copy_table(rows).splitlines()
        if "ratio" in line
    ]
    cells = [[cell.strip() for cell in line.strip("|").split("|")][2:] for line in ratios]
    assert cells == [["1.00", "0.00", "2.00", "4.00"], ["-"] * 4]


def test_unknown_parts_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--parts: got \['layer'\], wanted some of \['layers', 'curves'"):
        quick(script, tmp_path, "layer")
