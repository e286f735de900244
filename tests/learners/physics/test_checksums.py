from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from learners.physics.checksums import Checksum, complaint, on_record, records
from physim.engines.rollout import rollout
from physim.learner import EvaluateSettings
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

STANDARD = (NBody(), Balls(), Strings())
SMALL = EvaluateSettings(scenes=5, steps=100)


def truth(world: World, start: int = 0, count: int = 5) -> Trajectory:
    scenes = world.scenes(SMALL.seed, count, start)
    return rollout(world.engine(), Scene.batch_of(scenes), SMALL.steps)


def label(*truths: Trajectory) -> str:
    checksum = Checksum()
    for item in truths:
        checksum.add(item)
    return checksum.label


@pytest.mark.parametrize("world", STANDARD, ids=lambda world: world.name)
def test_small_test_sets_still_hold(world: World) -> None:
    measured = label(truth(world))
    assert on_record(world, SMALL) == measured
    assert complaint(world, SMALL, measured) is None


@pytest.mark.parametrize("world", STANDARD, ids=lambda world: world.name)
def test_the_sets_that_figures_are_measured_on_are_on_record(world: World) -> None:
    assert on_record(world, EvaluateSettings()) is not None


def test_the_n_body_set_that_figures_are_measured_on_still_holds() -> None:
    settings = EvaluateSettings()
    run = rollout(NBody().engine(), Scene.batch_of(NBody().scenes(settings.seed, settings.scenes)), settings.steps)
    assert label(run) == on_record(NBody(), settings)


def test_each_set_is_on_record_once() -> None:
    keys = [{name: value for name, value in item.items() if name != "test_set"} for item in records()]
    assert all(keys.count(key) == 1 for key in keys)


def test_another_label_is_told_in_one_sentence() -> None:
    assert complaint(NBody(), SMALL, "0" * 12) == (
        f"test set of nbody: it is 000000000000 here and {on_record(NBody(), SMALL)} on record, as another pymunk, "
        "numpy or processor makes other trajectories of the same scenes: compare figures with care"
    )


@pytest.mark.parametrize(
    ("world", "settings"),
    [(NBody(bodies=3), SMALL), (NBody(substeps=2), SMALL), (NBody(), replace(SMALL, seed=1)), (Strings(pins=2), SMALL)],
)
def test_other_sets_are_not_on_record(world: World, settings: EvaluateSettings) -> None:
    assert on_record(world, settings) is None
    assert complaint(world, settings, "0" * 12) is None


def test_parts_and_the_last_digits_do_not_matter_but_a_micrometre_does() -> None:
    world = Balls(balls=2)
    whole = label(truth(world))
    assert label(truth(world, 0, 2), truth(world, 2, 3)) == whole
    run = truth(world)
    rounded = replace(run, pos=(run.pos * 1e6).round() / 1e6)
    assert label(replace(rounded, pos=rounded.pos + 1e-8)) == label(rounded)
    moved = torch.zeros_like(run.pos)
    moved[50, 3, 0] = 1e-6
    assert label(replace(rounded, pos=rounded.pos + moved)) != whole
    assert label(replace(run, vel=run.vel + moved)) != whole
