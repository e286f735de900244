from __future__ import annotations

import math

import pytest

from learners.physics.crowd import RADIUS, WALL, crowd, crowded_step
from physim.scenes.scene import CIRCLE
from physim.scenes.spaces import scene_of


@pytest.mark.parametrize("discs", [9, 25, 90])
def test_a_crowd_fills_its_share_of_the_box_and_nobody_overlaps(discs: int) -> None:
    scene = scene_of(crowd(discs))
    moving, walls = scene.pos[scene.shape == CIRCLE], scene.pos[scene.shape != CIRCLE]
    side = float((walls.amax(0) - walls.amin(0)).max()) - 2 * WALL  # between the surfaces of the walls
    assert len(moving) == discs
    assert discs * math.pi * RADIUS**2 / side**2 == pytest.approx(0.4)
    assert float((moving[:, None] - moving).norm(dim=-1).fill_diagonal_(math.inf).min()) >= 2 * RADIUS
    assert RADIUS <= float(moving.min()) <= float(moving.max()) <= side - RADIUS


def test_a_step_is_told_beside_pymunks() -> None:
    row = crowded_step(40, range(3))
    assert (row["name"], row["unit"], row["bodies"], row["fill"]) == ("crowded_step", "ms", 40, 0.4)
    assert row["value"] > row["against_value"] > 0
