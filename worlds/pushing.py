"""Videos of an arm that pushes things about on a table, with what it was told to do: actions of a world that slips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
import pymunk
import torch

from physim.arrays import Singles
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.picturing import pixels
from physim.scenes import Trajectory, scene_of
from physim.scenes.scene import STATIC
from worlds.real_data.idx import Bytes

USUAL, NOVEL = ("disc", "box"), ("triangle", "bar")
"""The things that are trained with, and others."""
TABLE = 1.0
"""Half the table's side (m); walls stand around it."""
ARM, FASTEST = 0.14, 2.0
"""The arm's radius (m), and how fast it goes (m/s)."""
SLIP = 0.5
"""By how much of what it was told the arm may fall short, drawn for each frame."""
DT, SUBSTEPS = 0.1, 10
FRICTION = 0.02
"""What is left of a speed after a second on the table."""
THINGS = 2


@final
class Pushes(NamedTuple):
    """Videos [B, T, side, side, 3] uint8, and what the arm was told to do before each frame [B, T, 2] float32.

    Actions are shares of the arm's greatest speed along x and y; before the first frame there is none.
    """

    videos: Bytes
    actions: Singles


def pushes(count: int, frames: int, seed: int, side: int = 32, things: Sequence[str] = USUAL) -> Pushes:
    """So many videos of tables, each with its own things, drawn from (seed, its number) alone."""
    check_whole(1, count=count, frames=frames, side=side)
    if unknown := set(things) - {*USUAL, *NOVEL}:
        raise PhysimError(f"things: got {sorted(unknown)}, wanted some of {[*USUAL, *NOVEL]}")
    made = [_pushed(np.random.default_rng([seed, number]), frames, side, things) for number in range(count)]
    return Pushes(np.stack([video for video, _ in made]), np.stack([actions for _, actions in made]))


def _pushed(random: np.random.Generator, frames: int, side: int, things: Sequence[str]) -> tuple[Bytes, Singles]:
    space, arm, bodies = _table(random, things)
    start = scene_of(space)
    actions = np.zeros((frames, 2), np.float32)
    states = [[(body.position, body.angle) for body in space.bodies]]
    aim = bodies[int(random.integers(len(bodies)))]
    for frame in range(1, frames):
        if random.random() < 0.2:
            aim = bodies[int(random.integers(len(bodies)))]
        actions[frame] = _told(random, arm, aim)
        arm.velocity = tuple((FASTEST * (1 - SLIP * random.random()) * actions[frame]).tolist())
        _step(space, arm)
        states.append([(body.position, body.angle) for body in space.bodies])
    pos, angle = start.pos.repeat(frames, 1, 1), start.angle.repeat(frames, 1)
    moves = start.body_type != STATIC
    pos[:, moves] = torch.tensor([[tuple(place) for place, _ in state] for state in states], dtype=pos.dtype)
    angle[:, moves] = torch.tensor([[turn for _, turn in state] for state in states], dtype=angle.dtype)
    times = DT * torch.arange(frames, dtype=torch.float64)
    trajectory = Trajectory(start, pos, torch.zeros_like(pos), angle, torch.zeros_like(angle), times)
    window = (-TABLE, -TABLE, TABLE, TABLE)
    video: Bytes = pixels(trajectory, (side, side), window)
    return video, actions


def _table(random: np.random.Generator, things: Sequence[str]) -> tuple[pymunk.Space, pymunk.Body, list[pymunk.Body]]:
    space = pymunk.Space()
    space.damping = FRICTION
    places = random.permutation(9)[: THINGS + 1]
    spots = [(0.6 * (place % 3 - 1), 0.6 * (place // 3 - 1)) for place in places.tolist()]
    arm = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    arm.position = spots[0]
    space.add(arm, pymunk.Circle(arm, ARM))
    bodies = []
    for x, y in spots[1:]:
        body = pymunk.Body(1.0, 0.02)
        body.position, body.angle = (x, y), float(random.uniform(0, 2 * math.pi))
        space.add(body, _thing(str(random.choice(things)), body))
        bodies.append(body)
    corners = [(-TABLE, -TABLE), (TABLE, -TABLE), (TABLE, TABLE), (-TABLE, TABLE)]
    for number, corner in enumerate(corners):
        space.add(pymunk.Segment(space.static_body, corner, corners[(number + 1) % 4], 0.02))
    return space, arm, bodies


def _thing(kind: str, body: pymunk.Body) -> pymunk.Shape:
    """Their edges are about as long, 1.26 to 1.44 m: as much of a picture changes where they move. Those that are not
    seen are smaller, 0.08 and 0.1 square metres beside 0.13.
    """
    if kind == "disc":
        return pymunk.Circle(body, 0.2)
    corners = {
        "box": [(-0.18, -0.18), (0.18, -0.18), (0.18, 0.18), (-0.18, 0.18)],
        "triangle": [(0.25, 0.0), (-0.125, 0.2165), (-0.125, -0.2165)],
        "bar": [(-0.25, -0.1), (0.25, -0.1), (0.25, 0.1), (-0.25, 0.1)],
    }[kind]
    return pymunk.Poly(body, corners)


def _told(random: np.random.Generator, arm: pymunk.Body, aim: pymunk.Body) -> Singles:
    """Towards a thing, more or less."""
    way = aim.position - arm.position
    angle = math.atan2(way.y, way.x) + random.normal(0, 0.4)
    return (random.uniform(0.3, 1.0) * np.array([math.cos(angle), math.sin(angle)])).astype(np.float32)


def _step(space: pymunk.Space, arm: pymunk.Body) -> None:
    """A frame; the arm stays on the table."""
    edge = TABLE - ARM
    for _ in range(SUBSTEPS):
        space.step(DT / SUBSTEPS)
        arm.position = (min(max(arm.position.x, -edge), edge), min(max(arm.position.y, -edge), edge))
