from __future__ import annotations

import pytest

from learners.physics.published import published_ratio
from physim.worlds import World
from worlds import Balls, NBody, Strings, Swirl


@pytest.mark.parametrize(
    ("world", "ratio"),
    [
        (NBody(bodies=6), 0.00305),
        (Balls(balls=6), 0.0270),
        (Balls(balls=9), 0.0476),
        (Strings(), 0.0611),
        (Strings(masses=15, pins=0), 0.07),
    ],
)
def test_the_papers_own_figure(world: World, ratio: float) -> None:
    assert published_ratio(world, "paper") == published_ratio(world, "best") == pytest.approx(ratio, rel=5e-3)


def test_baselines_have_the_papers_figure_at_the_training_size_alone() -> None:
    for model in ("mlp", "dynamics_only"):
        assert [published_ratio(Balls(balls=balls), model) is None for balls in (3, 6, 9)] == [True, False, True]
    assert published_ratio(Balls(), "constant_velocity") is None


@pytest.mark.parametrize(
    "world",
    [
        Swirl(bodies=6),
        NBody(bodies=5),
        NBody(gravity=1.0),
        NBody(dt=1e-2),
        Balls(restitution=1.0),
        Strings(pins=2, masses=5),
    ],
)
def test_other_worlds_have_no_figure_in_the_paper(world: World) -> None:
    assert published_ratio(world, "paper") is None
