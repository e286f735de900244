from __future__ import annotations

from math import nan
from typing import Any

import pygame
import pytest

from physim.viewer import plots
from physim.viewer.axis import linear
from physim.viewer.history import History, Sample
from physim.viewer.layout import Layout
from physim.viewer.plots import REDRAWN, Plots


def history(samples: list[Sample]) -> History:
    made = History()
    for number, sample in enumerate(samples):
        made.add(number, sample)
    return made


def sample(seconds: float, error: float, truth: float, learned: float) -> Sample:
    return Sample(seconds, {"learned": error}, {"truth": truth, "learned": learned})


NUMBERS = {"truth": 0, "learned": 1}
HISTORIES = {
    "empty": [],
    "one": [sample(0.0, 0.0, 1.0, 1.0)],
    "truth alone": [sample(k / 10, nan, -3e5 + k, nan) for k in range(9)],
    "no potential": [sample(k / 10, 10.0**-k, nan, nan) for k in range(9)],
    "constant": [sample(k / 10, 1e-3, 5.0, 5.0) for k in range(9)],
    "nothing": [sample(k / 10, 0.0, 0.0, 0.0) for k in range(9)],
    "blown up": [sample(k / 10, 10.0 ** (30 * k), 1.0, 10.0 ** (60 * k - 100)) for k in range(7)],
    "a gap": [sample(k / 10, nan if k == 4 else 1.0 + k, 2.0, nan if k == 4 else 2.0 + k) for k in range(9)],
}


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("size", [(240, 240), (640, 360), (1280, 720), (500, 900)])
def test_any_history_can_be_drawn_at_any_size(name: str, size: tuple[int, int]) -> None:
    surface, layout = pygame.Surface(size, 0, 32), Layout(size, 2, plotting=True)
    Plots("m").draw(surface, layout, history(HISTORIES[name]), NUMBERS, anew=True)
    assert surface.get_at((2, layout.strip.top - 1))[:3] == (0, 0, 0)
    assert surface.get_at((2, layout.strip.top + 4))[:3] != (0, 0, 0)


def test_curves_are_drawn_anew_at_times_only() -> None:
    surface, layout, strip = pygame.Surface((800, 600), 0, 32), Layout((800, 600), 2, plotting=True), Plots("m")
    strip.draw(surface, layout, history(HISTORIES["constant"]), NUMBERS, anew=True)
    first = pygame.surfarray.array3d(surface)
    later = history(HISTORIES["a gap"])
    same = []
    for _ in range(REDRAWN):
        strip.draw(surface, layout, later, NUMBERS, anew=False)
        same.append(bool((pygame.surfarray.array3d(surface) == first).all()))
    assert same == [True] * (REDRAWN - 1) + [False]


def test_curves_that_are_the_same_are_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    surface, layout, strip = pygame.Surface((800, 600), 0, 32), Layout((800, 600), 2, plotting=True), Plots("m")
    known, drawn = history(HISTORIES["constant"]), 0
    picture = plots._picture

    def counted(*given: Any) -> pygame.Surface:
        nonlocal drawn
        drawn += 1
        return picture(*given)

    monkeypatch.setattr(plots, "_picture", counted)
    for _ in range(2 * REDRAWN):
        strip.draw(surface, layout, known, NUMBERS, anew=True)
    assert drawn == 1
    known.add(99, sample(1.0, 2e-3, 5.0, 5.0))
    strip.draw(surface, layout, known, NUMBERS, anew=True)
    assert drawn == 2
    known.go_back(0, 0.5)
    strip.draw(surface, layout, known, NUMBERS, anew=True)
    strip.draw(surface, layout, known, {"truth": 0}, anew=True)
    assert drawn == 4


@pytest.mark.parametrize(
    ("unit", "titles"),
    [
        ("m", ("position error (m)", "energy (kJ)")),
        ("px", ("position error (px)", "energy (1000 kg px²/s²)")),
        ("", ("position error", "energy (1000)")),
    ],
)
def test_titles_tell_the_worlds_unit(unit: str, titles: tuple[str, str]) -> None:
    known, across = history([sample(0.0, 1.0, 2000.0, 2100.0), sample(1.0, 2.0, 2000.0, 2200.0)]), linear(0.0, 1.0, 3)
    error = plots._error(unit, known.seconds, known.errors(), across, 3)
    energy = plots._energy(unit, known.seconds, known.energies(), across, 3)
    assert (error.title, energy.title) == titles
