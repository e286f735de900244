"""Scenes as pygame programs hold them: in pixels, at 60 frames a second."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, final, get_args

import numpy as np
import pymunk

from physim.errors import PhysimError
from physim.scenes.forces import Floats
from physim.worlds.base import World
from worlds.layouts import laid_out
from worlds.linked import chains_of
from worlds.rooms import Closed, Fixture, Room, ledge, paddle
from worlds.stacks import Stack, stacks_of
from worlds.throws import SPEEDS, Throws
from worlds.toys import Toy, ToyBox

Kind = Literal["mixed", "stacks", "thrown"]

HANDFUL = (3, 20)
"""How many bodies there are where nobody says it."""
GRAVITY = 900.0
SERIOUS = 100.0
"""The least gravity that stacks stand in, in pixels / s^2."""
OPEN_GRAVITY, OPEN_SPEED = 300.0, 300.0
"""Rooms without a ceiling want at least that gravity, and no faster throws."""
SLOPE = 0.2
"""The highest that a floor rises, over the room's width."""


@final
@dataclass(frozen=True, kw_only=True)
class Playground(World):
    """What people throw, stack and tie together on a screen, with friction and spin; y points down or up.

    Each scene draws its own gravity, room, shapes, materials, masses and speeds.
    """

    bodies: int = 0
    """number of bodies that can move; 0: 3 to 20, drawn for each scene"""
    joints: float = 0.3
    """share of the scenes in which some bodies hang on springs, pins, pivots or slides"""
    kind: Kind = "mixed"
    """mixed; stacks: all stand still in towers and pyramids; thrown: all fly in a box, on no joints"""
    dt: float = 1 / 60
    substeps: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bodies < 0:
            raise PhysimError(f"bodies must be 0 (a handful) or more, got {self.bodies}")
        if not 0 <= self.joints <= 1:
            raise PhysimError(f"joints must be from 0 to 1, got {self.joints}")
        if self.kind not in get_args(Kind):
            raise PhysimError(f"kind must be one of {', '.join(get_args(Kind))}, got {self.kind!r}")

    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """A room with bodies that stand on one another, or do not touch."""
        count = self.bodies or int(rng.integers(HANDFUL[0], HANDFUL[1] + 1))
        gravity = self._gravity(rng)
        linked = self._linked(count, rng)
        stacked = self._stacked(count - linked, gravity, rng)
        toys = ToyBox.drawn(rng)
        stacks, chains = stacks_of(stacked, toys), chains_of(linked, toys)
        loose = [toys.any() for _ in range(count - linked - stacked)]
        closed = self._closed(gravity, not (chains or loose), rng)
        fixtures = self._fixtures(toys, closed)
        rise = _rise(rng) if closed == "box" and self.kind == "mixed" and not stacks else (0.0, 0.0, 0.0)
        reaches = [*(c.reach for c in chains), *(toy.reach for toy in loose), *(f.reach for f in fixtures)]
        layout = laid_out(rng, stacks, reaches, max(rise))
        width, height = layout.sides.tolist()
        room = Room(width, height, gravity, closed, (rise[0] * width, rise[1] * width, rise[2] * width))
        throws = self._throws(room, rng)
        space = pymunk.Space()
        _put_stacks(space, room, stacks, layout.middles)
        places = iter([room.at(x, up) for x, up in layout.places.tolist()])
        for chain in chains:
            place = next(places)
            chain.put(space, place, throws.velocity(place), rng.uniform(-math.pi, math.pi))
        for toy in loose:
            _throw(space, toy, next(places), throws)
        room.build(space, toys, OPEN_SPEED**2 * 2 / max(abs(gravity), OPEN_GRAVITY))
        for fixture in fixtures:
            fixture.put(space, toys, next(places), rng.uniform(-math.pi, math.pi))
        return space

    def _gravity(self, rng: np.random.Generator) -> float:
        way, gravity = rng.random(), float(rng.uniform(-GRAVITY, GRAVITY))
        if way < 0.4:
            gravity = math.copysign(GRAVITY, gravity)
        elif way < 0.6 and self.kind != "stacks":
            gravity = 0.0
        return math.copysign(max(abs(gravity), SERIOUS), gravity) if self.kind == "stacks" else gravity

    def _linked(self, count: int, rng: np.random.Generator) -> int:
        """How many bodies are on joints."""
        if self.kind != "mixed" or rng.random() >= self.joints or count < 2:
            return 0
        return int(rng.integers(2, max(2, (count + 1) // 2) + 1))

    def _stacked(self, count: int, gravity: float, rng: np.random.Generator) -> int:
        """How many bodies are in stacks."""
        if self.kind == "stacks":
            return count
        if self.kind == "thrown" or abs(gravity) < SERIOUS or rng.random() < 0.5:
            return 0
        return int(rng.integers(count // 3, count + 1))

    def _closed(self, gravity: float, still: bool, rng: np.random.Generator) -> Closed:
        """What is closed of the room: nothing may fall for ever, or be thrown out."""
        if self.kind == "thrown" or rng.random() < 0.6:
            return "box"
        if gravity == 0:
            return "none"
        if still:
            return "floor"
        return "tub" if abs(gravity) >= OPEN_GRAVITY else "box"

    def _fixtures(self, toys: ToyBox, closed: Closed) -> list[Fixture]:
        """Ledges and a paddle, now and then."""
        if self.kind != "mixed" or closed == "floor":
            return []
        ledges = [ledge(toys.rng) for _ in range(int(toys.rng.integers(1, 4)))] if toys.rng.random() < 0.3 else []
        return [*ledges, paddle(toys, flies=closed == "none")] if toys.rng.random() < 0.1 else ledges

    def _throws(self, room: Room, rng: np.random.Generator) -> Throws:
        least = 1.0 if self.kind == "thrown" else 0.5 if room.gravity == 0 else 0.0
        aim = (room.width / 2, room.height / 2) if room.closed == "none" else None
        return Throws.drawn(rng, least, OPEN_SPEED if room.closed == "tub" else SPEEDS[1], aim)


Playground.unit = "px"  # said outside of the class, whose text is the world's identity in weights


def _rise(rng: np.random.Generator) -> tuple[float, float, float]:
    """How high a floor is at its left, middle and right, over its width: flat mostly, or a slope, or a valley."""
    left, right = rng.uniform(0, SLOPE, size=2).tolist()
    way = rng.random()
    return (0.0, 0.0, 0.0) if way < 0.7 else (left, left / 2, 0.0) if way < 0.85 else (left, 0.0, right)


def _put_stacks(space: pymunk.Space, room: Room, stacks: list[Stack], middles: Floats) -> None:
    for stack, middle in zip(stacks, middles.tolist(), strict=True):
        for toy, aside, up in stack.toys:
            toy.body.position = room.at(middle + aside, up)
            space.add(toy.body, toy.shape)


def _throw(space: pymunk.Space, toy: Toy, place: tuple[float, float], throws: Throws) -> None:
    toy.body.position, toy.body.velocity = place, throws.velocity(place)
    toy.body.angle, toy.body.angular_velocity = throws.rng.uniform(-math.pi, math.pi), throws.turning()
    space.add(toy.body, toy.shape)
