"""How long a step of a crowd takes: many discs that touch, in a box, in the units of pygame programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from statistics import mean
from time import process_time

import numpy as np
import pymunk
from scipy.spatial import KDTree

from physim.attached import attach
from physim.checks import check_positive
from physim.reports import Row, row

RADIUS, WALL, SPEED = 10.0, 2.0, 300.0
DT, SUBSTEPS = 1 / 60, 10
FILL = 0.4
"""The share of the box that discs fill."""
WARM = 5
"""Steps before the first that counts: a scene is read once."""


def crowd(discs: int) -> pymunk.Space:
    """Discs of 10 pixels that fly about in a square box, of which they fill 40 %, with friction and spin."""
    check_positive(discs=discs)
    rng, space = np.random.default_rng(0), pymunk.Space()
    columns = math.ceil(math.sqrt(discs))  # each disc begins in a cell of its own
    side = RADIUS * math.sqrt(math.pi * discs / FILL)
    cell = side / columns
    for number, (x, y) in enumerate(rng.uniform(-1, 1, size=(discs, 2)) * (cell / 2 - RADIUS)):
        body = pymunk.Body(1.0, pymunk.moment_for_circle(1.0, 0, RADIUS))
        up, along = divmod(number, columns)
        body.position = (along + 0.5) * cell + x, (up + 0.5) * cell + y
        body.velocity = tuple(rng.uniform(-SPEED, SPEED, 2))
        space.add(body, _finished(pymunk.Circle(body, RADIUS)))
    low, high = -WALL, side + WALL
    corners = [(low, low), (high, low), (high, high), (low, high)]
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        space.add(_finished(pymunk.Segment(space.static_body, start, end, WALL)))
    return space


def crowded_step(discs: int, rounds: Iterable[object]) -> Row:
    """Milliseconds of one core that a step of 1/60 s by `physim.attach` takes, beside pymunk's own in ten substeps.

    `touching` are the pairs of discs that touch after a step, on average over the rounds, of which each is a step.
    """
    ours, theirs = crowd(discs), crowd(discs)
    engine = attach(ours)
    for _ in range(WARM):
        engine.step(DT)
    seconds: tuple[list[float], list[float]] = ([], [])
    touching = []
    for _ in rounds:
        seconds[0].append(_seconds(lambda: engine.step(DT)))
        seconds[1].append(_seconds(lambda: _steps(theirs)))
        touching.append(_touching(ours))
    labels: Row = {"bodies": discs, "fill": FILL, "weights": "playground", "touching": mean(touching)}
    return row("crowded_step", 1e3 * mean(seconds[0]), "ms", "pymunk, 10 substeps", 1e3 * mean(seconds[1])) | labels


def _finished(shape: pymunk.Shape) -> pymunk.Shape:
    shape.friction, shape.elasticity = 0.5, 0.5
    return shape


def _steps(space: pymunk.Space) -> None:
    for _ in range(SUBSTEPS):
        space.step(DT / SUBSTEPS)


def _seconds(work: Callable[[], None]) -> float:
    begun = process_time()
    work()
    return process_time() - begun


def _touching(space: pymunk.Space) -> int:
    """How many pairs of discs are in contact."""
    return len(KDTree([body.position for body in space.bodies]).query_pairs(2 * RADIUS))
