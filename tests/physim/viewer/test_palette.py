from __future__ import annotations

from physim.colours import body_colour
from physim.viewer.palette import mixed


def test_neighbouring_bodies_are_easily_told_apart() -> None:
    colours = [body_colour(body) for body in range(8)]
    for number, first in enumerate(colours):
        for second in colours[:number]:
            assert sum(abs(a - b) for a, b in zip(first, second, strict=True)) > 40


def test_mixing_runs_from_one_colour_to_the_other() -> None:
    assert mixed((0, 10, 20), (100, 110, 120), 0) == (0, 10, 20)
    assert mixed((0, 10, 20), (100, 110, 120), 0.5) == (50, 60, 70)
    assert mixed((0, 10, 20), (100, 110, 120), 1) == (100, 110, 120)
