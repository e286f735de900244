"""Whether a stack of boxes at rest stands: the plainest thing that a pygame program asks of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.engines.base import Engine, Floats
from physim.errors import BlowUp
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of

SIZE, MASS, FRICTION = 40.0, 1.0, 0.5
GRAVITY = 900.0
ASIDE = 0.25
"""How far aside, as a share of its width, a box of a stack that stands may be."""


def stack(boxes: int = 5) -> pymunk.Space:
    """Boxes of 40 pixels that rest on one another on a floor, under 900 pixels / s^2 towards greater y."""
    check_positive(boxes=boxes)
    space = pymunk.Space()
    space.gravity = 0, GRAVITY
    floor = pymunk.Segment(space.static_body, (-400, 0), (400, 0), 2)
    floor.friction = FRICTION
    space.add(floor)
    for number in range(boxes):
        body = pymunk.Body(MASS, pymunk.moment_for_box(MASS, (SIZE, SIZE)))
        body.position = 0, -2 - SIZE * (number + 0.5)
        box = pymunk.Poly.create_box(body, (SIZE, SIZE))
        box.friction = FRICTION
        space.add(body, box)
    return space


def standing(engine: Engine[Any], boxes: int = 5, frames: int = 600) -> int:
    """For how many of the frames, each a step of the engine, a `stack` stands; one that blows up no longer does.

    Raises: PhysimError where the engine cannot run such a scene.
    """
    scene = scene_of(stack(boxes), engine.dt)
    return frames_standing(_places(engine, scene), frames)


def frames_standing(places: Iterable[Floats], frames: int) -> int:
    """For how many of the frames the boxes of a `stack` stand, by where they are after each, from below [boxes, 2].

    Each has to stay within a quarter of its width of where it began, sideways, and above the one below it.
    """
    stood = 0
    for pos in islice(places, frames):
        above = np.diff(-pos[:, 1], prepend=0.0)
        if not ((np.abs(pos[:, 0]) <= ASIDE * SIZE) & (above > 0)).all():  # what is not finite is neither
            break
        stood += 1
    return stood


def _places(engine: Engine[Any], scene: Scene) -> Iterator[Floats]:
    """Where the bodies that move are after each step [boxes, 2], until the engine blows up."""
    moves = (scene.inverse_mass > 0).numpy()
    state = engine.start(scene)
    with suppress(BlowUp):
        while True:
            state = engine.step(state)
            yield state.pos[moves]
