from __future__ import annotations

import dataclasses

import numpy as np
import pymunk
import pytest

from physim.errors import PhysimError
from physim.worlds.function import Function, world


@world()
def balls(rng: np.random.Generator, count: int = 2, speed: float = 1.5) -> pymunk.Space:
    """Balls that fly apart."""
    space = pymunk.Space()
    for _ in range(count):
        ball = pymunk.Body(1, 1)
        ball.velocity = tuple(speed * rng.normal(size=2))
        space.add(ball, pymunk.Circle(ball, 0.1))
    return space


def test_keyword_parameters_become_the_worlds_fields() -> None:
    made = balls(count=3, dt=0.5)
    assert made.scene(seed=1).num_bodies == 3
    assert (made.dt, made.substeps, made.name) == (0.5, 10, "balls")
    assert made.parameters == {"count": 3, "speed": 1.5}
    assert [(item.name, item.type) for item in dataclasses.fields(balls)][-2:] == [("count", int), ("speed", float)]


def test_dt_and_substeps_default_to_a_game_loops() -> None:
    assert (balls().dt, balls().substeps) == (1 / 60, 10)


def test_the_class_is_the_function_by_name() -> None:
    assert (balls.__name__, balls.__module__, balls.__doc__) == ("balls", __name__, "Balls that fly apart.")


def test_a_parameter_without_a_default_is_refused() -> None:
    with pytest.raises(PhysimError, match="parameter count of world lacking needs a default"):

        @world()
        def lacking(rng: np.random.Generator, count: int) -> pymunk.Space:
            return pymunk.Space()


@pytest.mark.parametrize("bad", [{"dt": 0}, {"substeps": -1}])
def test_a_step_that_is_not_above_0_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(PhysimError, match=f"{next(iter(bad))} must be above 0"):
        world(**bad)(lambda rng: pymunk.Space())


def test_a_parameter_named_as_a_field_of_every_world_is_refused() -> None:
    with pytest.raises(PhysimError, match="parameter forces of world clashing has the name"):

        @world()
        def clashing(rng: np.random.Generator, forces: float = 1.0) -> pymunk.Space:
            return pymunk.Space()


@pytest.mark.parametrize("function", [lambda: None, lambda balls=3: balls, lambda *, rng: rng])
def test_a_function_that_does_not_take_rng_first_is_refused(function: Function) -> None:
    with pytest.raises(PhysimError, match=r"a world function takes rng first, got <lambda>\("):
        world()(function)


def test_a_function_that_raises_is_named() -> None:
    @world()
    def broken(rng: np.random.Generator) -> pymunk.Space:
        raise KeyError("ball")

    with pytest.raises(PhysimError, match="the function broken raised KeyError: 'ball'"):
        broken().scene(seed=1)


def test_a_function_that_returns_no_space_is_refused() -> None:
    @world()
    def forgetful(rng: np.random.Generator) -> pymunk.Space:
        return None  # type: ignore[return-value]

    with pytest.raises(PhysimError, match=r"function forgetful returned NoneType, wanted a pymunk\.Space"):
        forgetful().scene(seed=1)
