"""Run by `pytest tests/benchmarks`: 1000 discs that fill 40 % of a box, in processor time."""

from __future__ import annotations

import statistics
from time import process_time

import pytest
import torch

from physim.engines.learned import LearnedEngine
from physim.neighbours import Neighbours
from physim.scenes.scene import DYNAMIC, SEGMENT, Scene
from worlds import Balls, boxes

STEPS = 60


@pytest.fixture(scope="module")
def crowded() -> Scene:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boxes, "LOOSE", 0.399)  # what more than a few balls fill; at 0.4 sharp rounding may refuse a box
        return Balls(balls=1000).scene(0)


@pytest.mark.parametrize("share", [0.02, 0.4, 2.0])
def test_overlapping_boxes_are_found_in_5_ms(crowded: Scene, share: float) -> None:
    """Of discs that move by up to that share of the least radius between two steps."""
    search, halves = Neighbours.of(crowded), crowded.half_extents(crowded.angle).abs() + crowded.radius[:, None]
    low, high = walls_of(crowded)
    pos, way = crowded.pos, crowded.vel * share * 0.1 / 5
    seconds = []
    for _ in range(STEPS):
        pos, way = pos + way, torch.where((pos + way < low) | (pos + way > high), -way, way)
        room = halves + way.abs()
        before = process_time()
        found = search.pairs(pos - room, pos + room)
        seconds.append(process_time() - before)
    print(f"{1e3 * statistics.mean(seconds):.2f} ms, {found.shape[1]} pairs")
    assert statistics.mean(seconds) < 5e-3


def test_the_learned_balls_step_in_80_ms(crowded: Scene) -> None:
    engine = LearnedEngine.load("balls")
    state = engine.start(crowded)
    assert state.contacts is not None
    seconds, touching = [], 0
    for _ in range(STEPS):
        before = process_time()
        state = engine.step(state)
        seconds.append(process_time() - before)
        apart = (state.scene.pos[:1000, None] - state.scene.pos[:1000]).norm(dim=-1)
        touching += int((apart < crowded.radius[:1000, None] + crowded.radius[:1000]).triu(1).sum())
    print(f"{1e3 * statistics.mean(seconds):.1f} ms, {touching / STEPS:.1f} pairs in contact a step")
    assert touching > STEPS
    assert statistics.mean(seconds) < 80e-3


def walls_of(scene: Scene) -> tuple[torch.Tensor, torch.Tensor]:
    """The corners between which discs bounce."""
    walls = scene.pos[scene.shape == SEGMENT]
    assert (scene.body_type == DYNAMIC).sum() == 1000
    return walls.amin(dim=0), walls.amax(dim=0)
