"""Mazes in episodes, many at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats, Integers, Truths
from physim.errors import PhysimError
from worlds.maze.actions import ACCELERATION, TURN, action_table
from worlds.maze.bodies import BLOCK, DAMPING, DOOR, ITEM_NUMBERS, OBSTACLE, RADIUS, Bodies
from worlds.maze.grounds import Ground, Items, set_down, start_cells
from worlds.maze.looks import furniture, item, move_furniture
from worlds.maze.raycaster import Mazes
from worlds.maze.sliding import slide
from worlds.maze.task import REWARDS, Task
from worlds.maze.things import HALF_X, KIND, NO_THING, X, Y

REACH = RADIUS + 0.05
"""How near (m) to its surface an item is reached."""
CLEARANCE = 2 * RADIUS + 0.3
"""How far (m) from doors, blocks and obstacles a walker is set down."""
MOVING = frozenset("DBO")


class Beginning(NamedTuple):
    """What an episode begins with: the maze of a seed, what lies in it, and what all that is drawn later comes from."""

    seed: int
    ground: Ground
    items: Items
    generator: np.random.Generator


class Outcome(NamedTuple):
    """What a step brought: rewards [B]; where all is gathered [B]; and where the goal was reached [B]."""

    rewards: Floats
    gathered: Truths
    reached: Truths


@final
class Episodes:
    """B mazes of one size, each in an episode; those in which nothing else moves are moved by one native call.

    Of walker k: `motion` [B, 6] is where it is (m) and how it moves (m / s; see `slide`), `heading` [B] where it looks
    (radians, counter-clockwise from x), `turning` [B] how it turns (rad / s). `ticks` [B] counts its decisions.
    `bodies` [B] are the live Spaces of mazes in which things move; pymunk's copies of those forget what touches, so
    copies of an environment that has them go their own ways. `kinds` [B, K] are the numbers that the mazes' things say
    they are, as in scenes.
    """

    def __init__(self, task: Task, count: int, actions: str, dt: float, substeps: int) -> None:
        self.task, self.count, self.table = task, count, action_table(actions)
        self.dt, self.substeps = dt, substeps
        self.beginnings: list[Beginning] = []
        self.bodies: list[Bodies | None] = [None] * count
        self.motion, self.heading = np.zeros((count, 6)), np.zeros(count)
        self.turning, self.ticks = np.zeros(count), np.zeros(count, np.int64)
        self._starts: list[list[tuple[int, int]]] = [[]] * count
        self._laid: list[Floats] = [np.zeros((0, 9))] * count
        self._values, self._is_item = np.zeros((count, 0)), np.zeros((count, 0), np.bool_)
        self.kinds = np.zeros((count, 0))
        self.mazes = Mazes(np.zeros((count, 0, 0), np.uint8), np.zeros((count, 0, 9)))

    @property
    def poses(self) -> Floats:
        """Where the eyes are and where they look [B, 3]."""
        return np.column_stack([self.motion[:, :2], self.heading])

    def begin(self, beginnings: Mapping[int, Beginning]) -> None:
        """Begin the episodes of these numbers, which at first are all; the others go on."""
        if len(self.beginnings) < self.count:
            self.beginnings = [beginnings[number] for number in range(self.count)]
            things: list[Floats] = [np.zeros((0, 9))] * self.count
        else:
            things = list(self.mazes.things)
        for number, beginning in beginnings.items():
            self.beginnings[number] = beginning
            layout = beginning.ground.layout
            moves = not MOVING.isdisjoint(layout.things.values())
            bodies = self.bodies[number] = Bodies(layout) if moves else None
            lying = np.array([item(symbol, cell) for cell, symbol in beginning.items.items()]).reshape(-1, 9)
            things[number] = lying if bodies is None else np.concatenate([lying, furniture(bodies)])
            self._laid[number] = lying
            self._starts[number] = start_cells(beginning.ground, beginning.items, self.task.away)
            self.ticks[number] = 0
        grids = np.stack([beginning.ground.walls for beginning in self.beginnings])
        self.mazes = Mazes(grids, _padded(things))
        self._know_items()
        for number in beginnings:
            self._set_down(number)

    def step(self, actions: Integers, still: Truths) -> Outcome:
        """Let walkers decide [B] and move for one dt, but for those that stand `still` [B]: they have just begun."""
        chosen = np.where(still[:, None], 0.0, self.table[actions])
        ahead, aside, turn = (chosen * (ACCELERATION, ACCELERATION, TURN)).T
        self.turning = turn
        towards = self.heading + turn * self.dt / 2
        cos, sin = np.cos(towards), np.sin(towards)
        drive = np.column_stack([ahead * cos - aside * sin, ahead * sin + aside * cos])
        self.heading = (self.heading + turn * self.dt) % (2 * math.pi)
        self._move(drive, still)
        self.ticks += ~still
        return self._reached()

    def velocities(self) -> npt.NDArray[np.float32]:
        """Forwards, to the left (m / s) and turning to the left (rad / s) [B, 3]."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        vx, vy = self.motion[:, 2], self.motion[:, 3]
        return np.column_stack([vx * cos + vy * sin, vy * cos - vx * sin, self.turning]).astype(np.float32)

    def _move(self, drive: Floats, still: Truths) -> None:
        """Slide along the walls; where more than walls is in the way, pymunk says what comes of it instead."""
        dt = self.dt / self.substeps
        slide(self.mazes.grids, self.motion, drive, (dt, self.substeps, DAMPING))
        for number, bodies in enumerate(self.bodies):
            if bodies is not None and not still[number]:
                bodies.move(drive[number], dt, self.substeps)
                self.motion[number, :4] = bodies.motion
                move_furniture(self._furniture(number), bodies)

    def _reached(self) -> Outcome:
        """Take what walkers have reached, and set down elsewhere who reached the goal."""
        things = self.mazes.things
        away = np.hypot(things[:, :, X] - self.motion[:, :1], things[:, :, Y] - self.motion[:, 1:2])
        taken = self._is_item & (things[:, :, KIND] != NO_THING) & (away < things[:, :, HALF_X] + REACH)
        rewards, reached = np.zeros(self.count), np.zeros(self.count, np.bool_)
        if taken.any():
            rewards = np.where(taken, self._values, 0.0).sum(axis=1)
            things[taken, KIND] = NO_THING
            for number in np.flatnonzero(taken.any(axis=1)).tolist():
                symbols = self._symbols(number, taken[number])
                reached[number] = "G" in symbols
                bodies = self.bodies[number]
                if "K" in symbols and bodies is not None:
                    for door in bodies.doors:
                        door.unlock()
                if reached[number]:
                    self._lay(number)
                    self._set_down(number)
        left = self._is_item & (things[:, :, KIND] != NO_THING) & (self._values > 0)
        gathered = ~left.any(axis=1) & (taken & (self._values > 0)).any(axis=1) & (self.task.goal is None)
        return Outcome(rewards, gathered, reached)

    def items_left(self, number: int) -> dict[tuple[int, int], str]:
        """The items of a maze that are still there, by their cells."""
        there = self.mazes.things[number, :, KIND] != NO_THING
        items = self.beginnings[number].items
        return {cell: symbol for (cell, symbol), is_there in zip(items.items(), there, strict=False) if is_there}

    def check_begun(self) -> None:
        """Raise PhysimError before the first episode has begun."""
        if not self.beginnings:
            raise PhysimError("no episode has begun: call reset first")

    def _symbols(self, number: int, taken: Truths) -> set[str]:
        """What of the items of a maze is taken [K]."""
        symbols = list(self.beginnings[number].items.values())
        return {symbols[place] for place in np.flatnonzero(taken).tolist()}

    def _lay(self, number: int) -> None:
        """Lay all items back in their places but keys."""
        for place, symbol in enumerate(self.beginnings[number].items.values()):
            if symbol != "K":
                self.mazes.things[number, place] = self._laid[number][place]

    def _know_items(self) -> None:
        """What the things [B, K] are, which of them are items, and what they bring."""
        shape = self.mazes.things.shape[:2]
        self._values, self._is_item, self.kinds = np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape)
        for number, (beginning, bodies) in enumerate(zip(self.beginnings, self.bodies, strict=True)):
            symbols = list(beginning.items.values())
            first = len(symbols)
            self._values[number, :first], self._is_item[number, :first] = [REWARDS[each] for each in symbols], True
            self.kinds[number, :first] = [ITEM_NUMBERS[symbol] for symbol in symbols]
            if bodies is not None:
                standing = [DOOR] * len(bodies.doors) + [BLOCK] * len(bodies.blocks)
                standing += [OBSTACLE] * len(bodies.obstacles)
                self.kinds[number, first : first + len(standing)] = standing

    def _furniture(self, number: int) -> Floats:
        """The doors, blocks and obstacles among the things of a maze, to be changed in place."""
        bodies, first = self.bodies[number], len(self._laid[number])
        count = 0 if bodies is None else len(bodies.doors) + len(bodies.blocks) + len(bodies.obstacles)
        return self.mazes.things[number, first : first + count]

    def _set_down(self, number: int) -> None:
        """Put a walker, at rest, where one may start."""
        taken = self._furniture(number)[:, [X, Y]]
        x, y, heading = set_down(self._starts[number], taken, CLEARANCE, self.beginnings[number].generator)
        self.motion[number], self.heading[number], self.turning[number] = (x, y, 0, 0, 0, 0), heading, 0.0
        bodies = self.bodies[number]
        if bodies is not None:
            bodies.place(self.motion[number, :4])


def _padded(things: Sequence[Floats]) -> Floats:
    """The things of all mazes [B, K, 9], with nothing where a maze has fewer."""
    most = max((len(each) for each in things), default=0)
    padded = np.zeros((len(things), most, 9))
    for number, each in enumerate(things):
        padded[number, : len(each)] = each
    return padded
