from __future__ import annotations

import itertools
import math

import numpy as np
import pymunk
import pytest

from worlds.maze.bodies import BLOCK_HALF, DOOR_SECONDS, OBSTACLE_RADIUS, RADIUS, Bodies, faces
from worlds.maze.carving import carve
from worlds.maze.layout import Layout, middle
from worlds.maze.maze import Maze

DT, STEPS = 1 / 60, 4
DECISIONS = 15
"""A second of them."""

DOORS = """
#########
#P   D  #
#########
"""


def walk(bodies: Bodies, drive: tuple[float, float], decisions: int) -> None:
    for _ in range(decisions):
        bodies.move(np.array(drive), DT, STEPS)


def begun(text: str) -> Bodies:
    layout = Layout.from_text(text)
    bodies = Bodies(layout)
    bodies.place(np.array([*middle(layout.of("P")[0]), 0.0, 0.0]))
    return bodies


def test_faces_are_all_edges_between_walls_and_free_cells_and_no_others() -> None:
    walls = carve("depth_first", 4, 3, np.random.default_rng(0)).walls
    units = set()
    for (ax, ay), (bx, by) in faces(walls):
        for step in range(int(max(bx - ax, by - ay))):
            units.add((ax + step * (bx > ax), ay + step * (by > ay), bx > ax))
    want = set()
    for (y, x), wall in np.ndenumerate(walls):
        if x and walls[y, x - 1] != wall:
            want.add((float(x), float(y), False))
        if y and walls[y - 1, x] != wall:
            want.add((float(x), float(y), True))
    assert units == want
    assert len(faces(walls)) < len(want)


def test_a_closed_door_holds_a_walker_and_an_open_one_does_not() -> None:
    bodies = begun(DOORS)
    walk(bodies, (12.5, 0.0), int(DOOR_SECONDS * DECISIONS) - 5)
    assert bodies.motion[0] == pytest.approx(5.5 - 0.1 - RADIUS, abs=0.05)
    walk(bodies, (12.5, 0.0), 2 * DECISIONS)
    assert bodies.motion[0] > 6.5


def test_a_door_does_not_close_on_a_walker() -> None:
    bodies = begun(DOORS)
    door = bodies.doors[0]
    walk(bodies, (0.0, 0.0), int(DOOR_SECONDS * DECISIONS) + DECISIONS)
    assert door.share == pytest.approx(1.0)
    bodies.place(np.array([*door.middle, 0.0, 0.0]))
    walk(bodies, (0.0, 0.0), int(2 * DOOR_SECONDS * DECISIONS))
    assert door.share == pytest.approx(1.0)
    assert bodies.motion[:2] == pytest.approx(door.middle)


def test_a_locked_door_stays_closed_until_it_is_unlocked() -> None:
    bodies = begun(DOORS.replace("P   D  ", "PK  D  "))
    walk(bodies, (0.0, 0.0), int(3 * DOOR_SECONDS * DECISIONS))
    assert bodies.doors[0].share == 0
    bodies.doors[0].unlock()
    walk(bodies, (0.0, 0.0), DECISIONS)
    assert bodies.doors[0].share == pytest.approx(1.0)
    walk(bodies, (0.0, 0.0), int(3 * DOOR_SECONDS * DECISIONS))
    assert bodies.doors[0].share == pytest.approx(1.0)


def test_a_block_is_pushed_and_slides_out() -> None:
    bodies = begun("#########\n#P B    #\n#########")
    walk(bodies, (12.5, 0.0), DECISIONS)
    pushed = bodies.blocks[0].position.x
    assert pushed > 4.0  # it stood at 3.5
    assert bodies.motion[0] < pushed - BLOCK_HALF - RADIUS + 0.05
    walk(bodies, (-12.5, 0.0), 2 * DECISIONS)
    assert abs(bodies.blocks[0].velocity.x) < 0.1
    assert bodies.blocks[0].angle == 0


def test_an_obstacle_goes_to_and_fro_and_turns_where_it_meets_a_walker() -> None:
    bodies = begun("#########\n#P     O#\n#########")
    obstacle = bodies.obstacles[0]
    seen = []
    for _ in range(20 * DECISIONS):
        walk(bodies, (0.0, 0.0), 1)
        seen.append(obstacle.body.position.x)
    assert max(seen) == pytest.approx(7.5, abs=0.1)
    assert 2.0 < min(seen) < 2.5
    assert bodies.motion[:2] == pytest.approx((1.5, 1.5))


def clearance(bodies: Bodies, layout: Layout) -> float:
    """How far (m) the walker's middle is from the nearest wall, door, block or obstacle; below 0 inside of a wall."""
    x, y, *_ = bodies.motion
    if layout.walls[math.floor(y), math.floor(x)]:
        return -1.0
    gaps = [shape.point_query((x, y)).distance for shape in bodies.space.shapes if shape.body is not bodies.walker]
    return min(gaps)


@pytest.mark.parametrize(("mazes", "decisions"), [(4, 500), pytest.param(100, 10_000, marks=pytest.mark.slow)])
def test_no_walker_is_ever_in_a_wall_a_door_or_a_block(mazes: int, decisions: int) -> None:
    kinds = itertools.cycle([
        Maze(kind="rooms", width=3, height=3, blocks=5, obstacles=3, doors=3),
        Maze(kind="depth_first", width=5, height=4, doors=5, braid=1.0),
        Maze(kind="arena", width=4, height=4, blocks=6, obstacles=3),
    ])  # fmt: skip
    for seed, maze in zip(range(mazes), kinds, strict=False):
        rng = np.random.default_rng(seed)
        layout = maze.layout(rng)
        free = [cell for cell in layout.free if cell not in layout.things]
        bodies = Bodies(layout)
        bodies.place(np.array([*middle(free[0]), 0.0, 0.0]))
        way = 0.0
        for tick in range(decisions):
            way = rng.uniform(0, 2 * math.pi) if tick % 8 == 0 else way
            bodies.move(12.5 * np.array([math.cos(way), math.sin(way)]), DT, STEPS)
            assert clearance(bodies, layout) > 0.5 * RADIUS, (seed, tick)


def test_space_holds_what_the_layout_says() -> None:
    layout = Maze(kind="rooms", width=2, height=2, blocks=2, doors=1, obstacles=1).layout(np.random.default_rng(0))
    space = Bodies(layout).space
    kinds = sorted(body.thing for body in space.bodies)
    assert kinds == [1.0, 2.0, 3.0, 3.0, 4.0]
    circles = [shape.radius for shape in space.shapes if isinstance(shape, pymunk.Circle)]
    assert sorted(circles) == [RADIUS, OBSTACLE_RADIUS]
