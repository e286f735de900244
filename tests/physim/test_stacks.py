from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from physim.engines.base import Engine
from physim.engines.truth import PymunkEngine, PymunkState
from physim.errors import BlowUp
from physim.scenes.scene import Scene
from physim.stacks import ASIDE, SIZE, frames_standing, stack, standing


class Leaning(Engine[PymunkState]):
    """The truth, until its third step blows up or turns gravity aside."""

    def __init__(self, blows_up: bool) -> None:
        self.dt, self._truth, self._blows_up = 1 / 60, PymunkEngine(1 / 60, 10), blows_up

    def start(self, scene: Scene) -> PymunkState:
        return self._truth.start(scene)

    def step(self, state: PymunkState) -> PymunkState:
        if state.tick == 2:
            if self._blows_up:
                raise BlowUp(0, 3)
            state.live[0].bodies.space.gravity = 9000, 0
        return self._truth.step(state)


@pytest.mark.parametrize("boxes", [1, 5])
@pytest.mark.parametrize("substeps", [1, 10])
def test_the_truth_stands(boxes: int, substeps: int) -> None:
    assert standing(PymunkEngine(1 / 60, substeps), boxes, frames=200) == 200


def test_what_falls_or_blows_up_stands_no_longer() -> None:
    assert standing(Leaning(blows_up=True), frames=50) == 2
    fallen = standing(Leaning(blows_up=False), frames=50)
    assert 2 < fallen < 20


@pytest.mark.parametrize(
    ("box", "place"),
    [(0, (ASIDE * SIZE + 1, -22.0)), (1, (0.0, -21.0)), (0, (0.0, 5.0)), (1, (np.nan, -60.0))],
)
def test_a_box_that_is_aside_sunk_through_or_lost_does_not_stand(box: int, place: tuple[float, float]) -> None:
    still = np.array([body.position for body in stack(2).bodies])
    moved = still.copy()
    moved[box] = place
    paths: list[Any] = [still, still, moved, still]
    assert frames_standing(paths, frames=600) == 2
    assert frames_standing(paths, frames=1) == 1
