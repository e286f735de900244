"""From a function that fills a Space to its learned engine in a window: python examples/custom_world.py --minutes 5."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pymunk

from physim.checks import check_positive
from physim.cli import main as physim
from physim.errors import PhysimError
from physim.reports import Row
from physim.viewer.arguments import Arguments, run_example

if TYPE_CHECKING:
    from physim.worlds import World


def build(rng: np.random.Generator, balls: int = 10) -> pymunk.Space:
    """A billiard table of 1000 by 500 pixels, a rack of balls, and a cue ball that is on its way to break it."""
    space, radius = pymunk.Space(), 18
    space.damping = 0.8  # a rolling ball keeps so much of its speed in a second
    corners = [(0, 0), (1000, 0), (1000, 500), (0, 500)]
    for corner, other in zip(corners, corners[1:] + corners[:1], strict=True):
        cushion = pymunk.Segment(space.static_body, corner, other, 10)
        cushion.elasticity = 0.8
        space.add(cushion)
    cue = (250, 250 + rng.uniform(-100, 100))
    rack = [(650 + 32 * row, 250 + 37 * (place - row / 2)) for row in range(balls) for place in range(row + 1)]
    angle, speed = math.atan2(250 - cue[1], 400) + rng.uniform(-0.05, 0.05), rng.uniform(400, 1000)
    for spot in [cue, *rack[: balls - 1]]:
        body = pymunk.Body(1, pymunk.moment_for_circle(1, 0, radius))
        body.position = spot
        ball = pymunk.Circle(body, radius)
        ball.elasticity = 0.95
        space.add(body, ball)
        if spot == cue:
            body.velocity = speed * math.cos(angle), speed * math.sin(angle)
    return space


@dataclass(frozen=True)
class Args(Arguments):
    """Learn an engine of the billiard above, unless --weights are given, and show it beside the truth."""

    minutes: float | None = 5
    """How long to train, in minutes of the processor."""
    updates: int | None = None
    """Train for so many updates at most."""
    scenes: int = 1000
    """How many breaks to learn from."""
    out: Path = Path("build.safetensors")
    """Where the learned weights are left."""
    steps: int | None = None
    """Stop after so many steps of 1/60 s; without it, when the window is closed (headless: 1000)."""
    steps_per_frame: int = 1
    """Steps from one frame to the next."""

    def check(self) -> None:
        """The lengths of the training."""
        check_positive(minutes=self.minutes, updates=self.updates, scenes=self.scenes)

    def world(self) -> World:
        """The function above, as a world."""
        from physim.worlds import find_world

        return find_world(f"{__file__}:build")

    def play(self) -> list[Row]:
        """Train where no weights are given, then play."""
        if self.weights is not None:
            return super().play()
        self.settings()  # what is plainly wrong is refused before the training, not after it
        self.train()
        return replace(self, weights=str(self.out)).play()

    def train(self) -> None:
        """As a user would, by the command."""
        command = ["train", f"{__file__}:build", "--threads", "1", "--scenes", str(self.scenes), "--out", str(self.out)]
        for name, value in (("--minutes", self.minutes), ("--updates", self.updates)):
            command += [] if value is None else [name, str(value)]
        if physim(command):
            raise PhysimError(f"physim {' '.join(command)} failed")


if __name__ == "__main__":
    run_example(Args)
