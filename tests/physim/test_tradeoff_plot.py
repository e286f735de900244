from __future__ import annotations

from pathlib import Path

import pytest

from physim.reports import Row, row
from physim.tradeoff_plot import plot, save_plot

pytest.importorskip("matplotlib")


def figures(engine: str, substeps: int, error: float, cost: float) -> Row:
    labels: Row = {"world": "nbody", "scenes": 9, "frame_ms": 16.0, "seconds": 1.0}
    costs: Row = {"ms_alone": cost, "ms_together": cost / 10}
    return row("position_error", error, "m") | labels | {"engine": engine, "substeps": substeps} | costs


ROWS = [
    *(figures("truth", 1, 4.0, 1.0), figures("truth", 2, 2.0, 3.0)),
    *(figures("pymunk", 1, 4.0, 20.0), figures("learned", 2, 2.5, 100.0)),
]


def test_truth_and_learned_stand_at_their_costs_and_errors() -> None:
    from matplotlib.figure import Figure

    axes = plot(ROWS, Figure().subplots())
    lines = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}
    assert lines == {
        "truth, one scene": ([1.0, 3.0], [4.0, 2.0]),
        "pymunk, one scene": ([20.0], [4.0]),
        "learned, one scene": ([100.0], [2.5]),
        "truth, 9 scenes at once": ([0.1, 0.3], [4.0, 2.0]),
        "pymunk, 9 scenes at once": ([2.0], [4.0]),
        "learned, 9 scenes at once": ([10.0], [2.5]),
    }
    assert [text.get_text() for text in axes.texts] == ["1", "2"]


def test_the_picture_is_small(tmp_path: Path) -> None:
    save_plot(ROWS, tmp_path / "tradeoff.png")
    assert 1_000 < (tmp_path / "tradeoff.png").stat().st_size < 100_000
