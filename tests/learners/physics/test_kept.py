from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from learners.physics.baselines import ConstantVelocity
from learners.physics.kept import UNITS, kept
from physim.contact_measures import penetration
from physim.engines.rollout import rollout
from physim.scenes.scene import DYNAMIC, STATIC, Scene
from physim.scenes.trajectory import Trajectory
from physim.worlds import World
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings


def run(world: World, steps: int = 100) -> Trajectory:
    return rollout(world.engine(), Scene.batch_of(world.scenes(seed=3, count=4)), steps)


@pytest.mark.parametrize(
    ("world", "names"),
    [
        (NBody(), set()),
        (
            Balls(),
            {
                "penetration",
                "deepest_penetration",
                "bodies_outside",
                "static_drift",
                "kinetic_energy",
                "kinetic_energy_change",
            },
        ),
        (Strings(), {"penetration", "deepest_penetration", "spring_length_error", "static_drift"}),
    ],
    ids=["nbody", "balls", "strings"],
)
def test_figures_are_given_where_they_make_sense(world: World, names: set[str]) -> None:
    truth = run(world, 10)
    assert set(kept(truth, truth)) == names
    assert names <= set(UNITS)


def test_the_truth_of_elastic_balls_keeps_everything() -> None:
    truth = run(Balls(restitution=1.0), 300)
    figures = kept(truth, truth)
    assert figures["kinetic_energy"] == pytest.approx(1, abs=1e-6)
    assert (figures["bodies_outside"], figures["static_drift"]) == (0, 0)
    assert 0 <= figures["penetration"] <= figures["deepest_penetration"] < 0.2


def test_penetration_is_that_of_the_instants_at_which_a_body_touches() -> None:
    truth = run(Balls(balls=2), 400)
    pos = truth.pos.clone()
    pos[:, :2] = torch.tensor([[-9.0, 0.0], [9.0, 0.0]])  # one scene, in which nothing touches
    apart = replace(truth, pos=pos)
    depths = penetration(apart)[:, truth.scene.body_type == DYNAMIC]
    touches = depths[depths > 0]
    assert 0 < len(touches) < depths.numel() / 20
    figures = kept(apart, apart)
    assert figures["penetration"] == float(touches.quantile(0.99, interpolation="higher"))
    assert figures["penetration"] > depths.quantile(0.9)


def test_what_touches_nothing_sinks_into_nothing() -> None:
    pos, one = torch.tensor([[0.0, 0.0], [9.0, 0.0]]), torch.ones(2)
    scene = Scene.of(pos, torch.zeros(2, 2), one, shape=one.long(), radius=one)
    still = rollout(ConstantVelocity(0.1), scene, 3)
    figures = kept(still, still)
    assert (figures["penetration"], figures["deepest_penetration"]) == (0, 0)


def test_bodies_that_glide_through_walls_are_counted_once_each() -> None:
    truth = run(Balls(balls=3))
    free = rollout(ConstantVelocity(0.1), truth.scene, 100)
    figures = kept(free, truth)
    assert figures["bodies_outside"] == 12
    assert figures["deepest_penetration"] > 0.5
    assert figures["kinetic_energy"] == 1


def test_springs_are_held_against_the_truth_at_the_same_instant() -> None:
    truth = run(Strings(masses=4))
    assert kept(truth, truth)["spring_length_error"] == 0
    wide = replace(truth, pos=truth.pos * 1.25)
    assert kept(wide, truth)["spring_length_error"] == pytest.approx(0.25)


def test_what_blew_up_is_the_worst_of_every_figure() -> None:
    for world in (Balls(), Strings()):
        truth = run(world, 10)
        nothing = replace(truth, pos=torch.full_like(truth.pos, math.nan), vel=torch.full_like(truth.vel, math.nan))
        nothing.pos[0], nothing.vel[0] = truth.pos[0], truth.vel[0]
        figures = kept(nothing, truth)
        outside = figures.pop("bodies_outside", math.inf)
        assert outside in (math.inf, 24)
        assert set(figures.values()) == {math.inf}


def test_a_wall_that_moves_is_seen() -> None:
    truth = run(Balls(), 10)
    pos = truth.pos.clone()
    pos[4, truth.scene.body_type == STATIC] += 0.25
    assert kept(replace(truth, pos=pos), truth)["static_drift"] == pytest.approx(0.25 * math.sqrt(2))
