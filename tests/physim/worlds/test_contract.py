from __future__ import annotations

import itertools
import math

import numpy as np
import pymunk
import pytest

from physim.engines.vectorised import VectorEngine
from physim.errors import PhysimError
from physim.scenes.forces import Gravity
from physim.worlds.base import World
from physim.worlds.contract import check_world
from physim.worlds.function import world
from worlds.charges import Charges
from worlds.nbody import NBody

draws = itertools.count()


def one_ball(x: float) -> pymunk.Space:
    space = pymunk.Space()
    body = pymunk.Body(1, math.inf)
    body.position = x, 0
    space.add(body)
    return space


@world()
def sound(rng: np.random.Generator) -> pymunk.Space:
    return one_ball(rng.uniform())


@world()
def unseeded(rng: np.random.Generator) -> pymunk.Space:
    return one_ball(next(draws))


@world()
def unwritable(rng: np.random.Generator, size: tuple[int, int] = (1, 2)) -> pymunk.Space:
    return one_ball(0)


@world()
def endless(rng: np.random.Generator) -> pymunk.Space:
    space = one_ball(0)
    next(iter(space.bodies)).velocity = math.inf, 0
    return space


class Mistaken(World):
    """Its engine has forces that it does not tell of."""

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        space = one_ball(0)
        body = pymunk.Body(1, math.inf)
        body.position = 1, 1
        space.add(body)
        return space

    def engine(self) -> VectorEngine:
        return VectorEngine(self.dt, Gravity(1.0))


class Misnamed(Mistaken):
    """Its position rule is none."""

    position_rule = "velocity"  # type: ignore[assignment]


@world()
def bouncing(rng: np.random.Generator) -> pymunk.Space:
    space = pymunk.Space()
    space.gravity = 0, -10
    floor = pymunk.Segment(space.static_body, (-9, 0), (9, 0), 0.1)
    floor.elasticity = 0.9
    space.add(floor)
    for place in (-2, 0, 2):
        ball = pymunk.Body(1, 1)
        ball.position, ball.velocity = (place, rng.uniform(0.3, 2)), tuple(rng.normal(size=2))
        circle = pymunk.Circle(ball, 0.2)
        circle.elasticity = 0.9
        space.add(ball, circle)
    return space


@world()
def hanging(rng: np.random.Generator) -> pymunk.Space:
    space = one_ball(rng.uniform(2, 3))
    space.gravity, space.damping = (0, -10), 0.9
    ball = next(iter(space.bodies))
    space.add(pymunk.DampedSpring(space.static_body, ball, (0, 0), (0, 0), 1.0, 20.0, 0.5))
    return space


def test_a_sound_world_passes() -> None:
    check_world(sound())


@pytest.mark.parametrize("substeps", [1, 4, 10])
@pytest.mark.parametrize("kind", [NBody, Charges, bouncing, hanging])
def test_bodies_move_by_the_rule_of_either_truth(kind: type[World], substeps: int) -> None:
    item = kind(substeps=substeps)  # type: ignore[call-arg]
    check_world(item)
    wrong = type("Wrong", (kind,), {"position_rule": 1 - item.position_rule})
    with pytest.raises(PhysimError, match="but the truth moves its bodies by"):
        check_world(wrong(substeps=substeps))


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (unseeded(), "the same seed gives another scene: field pos differs"),
        (unwritable(), "metadata changes when written as JSON"),
        (endless(), "blew up: body 0"),
        (Mistaken(dt=0.1, substeps=1), "engine and pymunk disagree"),
        (Misnamed(dt=0.1, substeps=1), "position_rule is 'velocity'"),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_planted_faults_are_found(bad: World, complaint: str) -> None:
    with pytest.raises(PhysimError, match=complaint):
        check_world(bad)
