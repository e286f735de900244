from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import imageio.v3
import pygame
import pymunk
import pytest

Example = Callable[[str], ModuleType]


@pytest.fixture
def toy(example: Example) -> ModuleType:
    return example("plug_into_pygame")


def test_it_plays_itself_and_swaps_the_engine_while_it_runs(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, calls = tmp_path / "toy.png", []
    step = toy.step
    monkeypatch.setattr(toy, "step", lambda space, stepper: (calls.append(stepper), step(space, stepper)))
    played = toy.main(["--frames", "130", "--record", str(film)])
    assert [calls[0], calls[70], calls[125]] == ["pymunk", "learned", "hybrid"]
    assert len(played.space.bodies) == 11
    assert all(-50 < body.position.x < 850 and body.position.y < 620 for body in played.space.bodies)
    pixels = imageio.v3.imread(film)
    assert pixels.shape == (600, 800, 3)
    assert pixels.std() > 10


def test_the_mouse_drops_and_throws(toy: ModuleType) -> None:
    box = toy.Toy()
    box.press((400, 300), 1)
    box.press((200, 300), 3)
    kinds = [type(shape) for shape in box.space.shapes][-2:]
    assert kinds == [pymunk.Circle, pymunk.Poly]
    for engine in toy.STEPPERS:
        box.stepper = engine
        box.press(tuple(next(iter(box.space.bodies)).position), 1)
        assert box.held is not None
        box.advance((780, 100))
        box.held = None
        box.advance((0, 0))
        assert next(iter(box.space.bodies)).velocity.x > 100
    box.key(pygame.K_c)
    assert len(box.space.bodies) == 0


def test_an_engine_that_refuses_hands_back_to_pymunk_and_says_why(
    toy: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy, "STEPPERS", ("pymunk", "truth"))
    box = toy.Toy()
    box.space.sleep_time_threshold = 0.5
    box.key(pygame.K_SPACE)
    assert box.caption.startswith('physim.attach(space, engine="truth").step')
    box.advance((0, 0))
    assert box.stepper == "pymunk"
    assert "sleep_time_threshold is 0.5" in box.caption
