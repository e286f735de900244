from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from learners.checkpoints import Progress
from learners.experiment import TUNING_SEED, Cell, mean
from learners.papers import PaperSettings
from learners.sequences.training import Diverged
from physim.graph import ModuleGraph
from physim.reports import Row

BEST = {"wavenet": 0.1, "lstm": 0.01}
CELL = Cell("wavenet", 0, (("updates", 4), ("rate", 0.1)))
PROGRESS = Progress(4, 2.5, [{"updates": 2, "judged": 3.0}, {"updates": 4, "judged": 2.0}])


@pytest.fixture
def shared(paper: Callable[[str], ModuleType]) -> ModuleType:
    """What parts share."""
    return importlib.import_module("parts.sequence_cells")


def tried(cell: Cell) -> Sequence[Row]:
    return [{"name": "valid", "value": abs(cell["rate"] - BEST[cell.arm])}]


def timed(cell: Cell) -> Sequence[Row]:
    seconds = {"wavenet": 20.0, "lstm": 5.0}[cell.arm]
    return [*tried(cell), {"name": "seconds", "value": seconds}]


def line() -> ModuleGraph:
    net = ModuleGraph()
    net.returns(net.add("line", nn.Linear(2, 3), net.input("x")))
    return net


def test_the_sweep_of_rates_goes_on_beyond_its_ends_and_says_whose_best_is_there(
    shared: ModuleType, tmp_path: Path
) -> None:
    args = PaperSettings(workers=1, out=tmp_path)
    found = shared.tuned(args, "speech", dict.fromkeys(BEST, 1.0), 10, (0.001, 0.01, 0.1), tried).rates
    assert found == BEST
    told = (tmp_path / "speech_sweep.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in told[2:]] == ["0.001", "0.01", "0.1", "0.2"]
    assert told[-1] == "| 0.2 | 0.1 |  |"  # of who has the best in the middle no more is tried
    far = shared.tuned(args, "far", dict.fromkeys(BEST, 1.0), 10, (0.002, 0.004), tried).rates
    assert far == {"wavenet": 0.016, "lstm": 0.008}
    assert (tmp_path / "far_sweep.md").read_text().splitlines()[-1] == (
        "The best rate is at the end of what was tried: wavenet."
    )


def test_arms_make_as_many_updates_as_take_as_long_as_others(shared: ModuleType, tmp_path: Path) -> None:
    args = PaperSettings(workers=1, out=tmp_path)
    found = shared.tuned(args, "speech", dict.fromkeys(BEST, 1.0), 10, (0.001, 0.01, 0.1), timed)
    assert found.rates == BEST
    assert found.seconds == {"wavenet": 2.0, "lstm": 0.5}
    assert found.as_long("lstm", "wavenet") == ("lstm", 4.0)
    assert found.as_long("wavenet", "wavenet", 2.0) == ("wavenet", 2.0)


def test_a_training_tells_its_figures_costs_and_verdicts(shared: ModuleType) -> None:
    rows = shared.outcome(CELL, line(), PROGRESS, lambda: {"bits": 1.5})
    figures = {row["name"]: row["value"] for row in rows if row["name"] != shared.VERDICT}
    assert figures == {"bits": 1.5, "updates": 4, "seconds": 2.5, "parameters": 9}
    assert [(row["after"], row["value"]) for row in rows if row["name"] == shared.VERDICT] == [(2, 3.0), (4, 2.0)]
    tuning = shared.outcome(replace(CELL, seed=TUNING_SEED), line(), PROGRESS, lambda: pytest.fail("judged"))
    assert tuning == [{"name": "valid", "value": 2.0}, {"name": "seconds", "value": 2.5}]


def diverges(cell: Cell) -> Sequence[Row]:
    if (cell.arm, cell.seed) == ("lstm", 1) or cell["rate"] == 0.1:
        raise Diverged("the training diverged: at update 1 the loss is nan")
    return [{"name": "valid" if cell.seed == TUNING_SEED else "bits", "value": float(cell["rate"])}]


def test_a_rate_at_which_trainings_diverge_is_the_worst(shared: ModuleType, tmp_path: Path) -> None:
    args = PaperSettings(workers=1, out=tmp_path)
    for _ in range(2):  # the second time from rows that are kept
        found = shared.tuned(args, "speech", dict.fromkeys(BEST, 1.0), 10, (0.1, 0.01), diverges)
        assert found.rates == dict.fromkeys(BEST, 0.0025)
        assert found.seconds == dict.fromkeys(BEST, 1.0)  # none was measured: as told
    assert "| 0.1 | diverged | diverged |" in (tmp_path / "speech_sweep.md").read_text().splitlines()


def test_an_arm_of_which_a_training_diverged_has_no_figures_and_says_so(shared: ModuleType, tmp_path: Path) -> None:
    args = PaperSettings(workers=1, out=tmp_path)
    cells = shared.cells(args, dict.fromkeys(BEST, 1.0), 10, dict.fromkeys(BEST, 0.01))
    rows = shared.rows_of(args, "speech", cells, diverges)
    assert [(row["arm"], row["seed"]) for row in rows if row["name"] == shared.DIVERGED] == [("lstm", 1)]
    values = shared.figures_of(rows, ("arm", "name"))
    assert values == {("wavenet", "bits"): [0.01] * 3}
    told = [shared.mean_or_diverged(values.get((arm, "bits"))) for arm in BEST]
    assert told == [mean([0.01] * 3), "diverged"]
    assert shared.less(values.get(("lstm", "bits")), values["wavenet", "bits"]) is None


def test_what_the_first_seed_makes_is_shown_where_it_is_trained(shared: ModuleType) -> None:
    shown = list[int]()
    for seed in (0, 1, TUNING_SEED):
        shared.outcome(replace(CELL, seed=seed), line(), PROGRESS, dict, partial(shown.append, seed))
    assert shown == [0]


def test_curves_have_a_name_for_each_arm_whichever_seeds_are_left(shared: ModuleType) -> None:
    rows: list[Row] = [
        {"arm": arm, "seed": seed, "name": shared.VERDICT, "value": 1.0, "after": after}
        for arm, seed in (("wavenet", 0), ("wavenet", 1), ("lstm", 1))
        for after in (1, 2)
    ]
    (axes,) = shared.curves(rows, "bits").axes
    assert [each.get_text() for each in axes.get_legend().get_texts()] == ["wavenet", "lstm"]
    assert len(axes.lines) == 3
    assert shared.curves([], "bits").axes[0].get_legend() is None
