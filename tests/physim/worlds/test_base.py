from __future__ import annotations

import json
import math

import numpy as np
import pymunk
import pytest
import torch

from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.worlds.base import World
from physim.worlds.function import world
from worlds.nbody import NBody


@world(dt=0.01, substeps=1)
def falling(rng: np.random.Generator, height: float = 2.0) -> pymunk.Space:
    space = pymunk.Space()
    space.gravity = 0, -10
    body = pymunk.Body(1, 1)
    body.position = rng.uniform(), height
    space.add(body)
    return space


def test_scene_k_of_a_seed_is_always_the_same() -> None:
    scenes = NBody(bodies=3).scenes(seed=5, count=4, start=2)
    for index, scene in enumerate(scenes, start=2):
        assert torch.equal(scene.pos, NBody(bodies=3).scene(seed=5, index=index).pos)
    assert not torch.equal(scenes[0].pos, scenes[1].pos)
    assert not torch.equal(scenes[0].pos, NBody(bodies=3).scene(seed=6, index=2).pos)


def test_a_force_set_before_the_first_step_is_refused_as_no_scene_would_hold_it() -> None:
    @world()
    def kicked(rng: np.random.Generator) -> pymunk.Space:
        space = pymunk.Space()
        body = pymunk.Body(1, 1)
        body.apply_impulse_at_local_point((1, 0))
        body.force = 1, 0
        space.add(body)
        return space

    with pytest.raises(PhysimError, match=r"body 0 waits with force \[1.0, 0.0\].*give it a velocity"):
        kicked().scene(seed=0)


def test_a_scene_carries_the_worlds_dt() -> None:
    assert float(falling().scene(seed=0).dt) == 0.01


def test_metadata_is_json_and_tells_worlds_apart() -> None:
    metadata = [item.metadata for item in (NBody(), NBody(bodies=7), NBody(dt=2e-3), falling())]
    assert all(json.loads(json.dumps(item)) == item for item in metadata)
    assert len({json.dumps(item) for item in metadata}) == 4
    assert metadata[1]["parameters"] == {"bodies": 7, "floor": 6.0, "gravity": 6e4}
    assert (metadata[3]["name"], metadata[3]["parameters"]) == ("falling", {"height": 2.0})
    assert len(metadata[3]["source"]) == 64


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (NBody(), 1.0),
        (NBody(substeps=4), 0.625),
        (NBody(substeps=10), 0.55),
        (falling(), 0.0),
        (falling(substeps=4), 0.375),
        (falling(substeps=10), 0.45),
    ],
)
def test_the_position_rule_is_what_the_truth_does(item: World, rule: float) -> None:
    assert item.position_rule == rule
    engine = item.engine()
    state = engine.start(item.scene(seed=1))
    after = engine.step(state)
    moved, change = (after.pos - state.pos) / item.dt, after.vel - state.vel
    assert np.abs(moved - state.vel - rule * change).max() < 1e-3 * np.abs(change).max()


def test_the_plain_engine_is_pymunk() -> None:
    engine = falling(substeps=3).engine()
    assert isinstance(engine, PymunkEngine)
    assert (engine.dt, engine.substeps) == (0.01, 3)


@pytest.mark.parametrize("bad", [{"dt": 0.0}, {"dt": -1.0}, {"dt": math.nan}, {"substeps": 0}])
def test_steps_that_are_not_above_0_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(PhysimError, match=f"{next(iter(bad))} must be above 0"):
        falling(**bad)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(PhysimError, match="seed must be 0 or more, got -1"):
        NBody().scene(seed=-1)
