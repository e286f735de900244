from __future__ import annotations

import pytest

from learners.physics.published import published_ratio
from worlds import NBody, Swirl


def test_the_papers_own_figure_for_six_bodies() -> None:
    assert published_ratio(NBody(bodies=6), "paper") == pytest.approx(0.00305, abs=1e-5)


@pytest.mark.parametrize("world", [Swirl(bodies=6), NBody(bodies=5), NBody(gravity=1.0), NBody(dt=1e-2)])
def test_other_worlds_have_no_figure_in_the_paper(world: NBody | Swirl) -> None:
    assert published_ratio(world, "paper") is None
