"""An ordinary pygame and pymunk toy in which one key swaps the truth for an engine of physim, while it runs.

python examples/plug_into_pygame.py

Click to drop a circle, right-click to drop a box, drag a body and let go to throw it. SPACE goes to the next engine, C
clears, ESC leaves. The whole of physim in it is the function `step`.
"""

from __future__ import annotations

import argparse
import os
import random
from itertools import pairwise
from pathlib import Path

import pygame
import pymunk

import physim
from physim.viewer.recording import Recorder

SIZE = WIDTH, HEIGHT = 800, 600
DT = 1 / 60
PYMUNK = "pymunk"
STEPPERS = (PYMUNK, "learned", "hybrid")
"""What SPACE goes through."""
GROUND, INK = (24, 26, 32), (236, 236, 230)
COLOURS = [(240, 128, 90), (90, 170, 240), (150, 200, 110), (230, 190, 80), (190, 130, 220)]


def step(space: pymunk.Space, stepper: str) -> None:
    """Where `space.step(DT)` stood alone."""
    if stepper == PYMUNK:
        space.step(DT)
    else:
        physim.attach(space, engine=stepper).step(DT)


class Toy:
    """A floor, two walls, and what the mouse has dropped between them."""

    def __init__(self, seed: int | None = None) -> None:
        self.dice, self.space = random.Random(seed), pymunk.Space()
        self.space.gravity = 0, 900
        corners = [(0, 0), (0, HEIGHT), (WIDTH, HEIGHT), (WIDTH, 0)]
        for a, b in pairwise(corners):
            wall = pymunk.Segment(self.space.static_body, a, b, 8)
            wall.friction = 0.8
            self.space.add(wall)
        self.held: pymunk.Body | None = None
        self.stepper, self.refusal = STEPPERS[0], ""

    def drop(self, place: tuple[float, float], kind: str) -> None:
        """A new body under the mouse."""
        size = self.dice.uniform(14, 32)
        box = (2 * size, 2 * size)
        moment = pymunk.moment_for_box(1, box) if kind == "box" else pymunk.moment_for_circle(1, 0, size)
        body = pymunk.Body(1, moment)
        body.position = place
        shape = pymunk.Poly.create_box(body, box) if kind == "box" else pymunk.Circle(body, size)
        shape.friction, shape.elasticity = 0.7, 0.2
        self.space.add(body, shape)

    def press(self, place: tuple[float, float], button: int) -> None:
        """Take hold of what is under the mouse, or drop a circle (left) or a box there."""
        found = self.space.point_query_nearest(place, 0, pymunk.ShapeFilter())
        if found is None or found.shape is None or found.shape.body is self.space.static_body:
            self.drop(place, "circle" if button == 1 else "box")
        else:
            self.held = found.shape.body

    def key(self, key: int) -> None:
        """Another engine, or an empty box."""
        if key == pygame.K_SPACE:
            self.stepper, self.refusal = STEPPERS[(STEPPERS.index(self.stepper) + 1) % len(STEPPERS)], ""
        elif key == pygame.K_c:
            self.space.remove(*self.space.bodies, *(s for body in self.space.bodies for s in body.shapes))
            self.held = None

    def advance(self, mouse: tuple[float, float]) -> None:
        """One step; a held body flies to the mouse, and goes on flying when it is let go."""
        if self.held is not None:
            self.held.velocity = (pymunk.Vec2d(*mouse) - self.held.position) * 10
        try:
            step(self.space, self.stepper)
        except physim.PhysimError as refusal:
            self.stepper, self.refusal = PYMUNK, f" ({self.stepper}: {refusal})"

    @property
    def caption(self) -> str:
        """Which engine runs."""
        call = "space.step" if self.stepper == PYMUNK else f'physim.attach(space, engine="{self.stepper}").step'
        return f"{call}(1 / 60), {len(self.space.bodies)} bodies{self.refusal}"

    def draw(self, surface: pygame.Surface, font: pygame.font.Font) -> None:
        """Bodies from where pymunk says that they are, as ever."""
        surface.fill(GROUND)
        for shape in self.space.shapes:
            body = shape.body
            colour = COLOURS[body.id % len(COLOURS)]
            if isinstance(shape, pymunk.Circle):
                pygame.draw.circle(surface, colour, body.position, shape.radius)
                pygame.draw.line(surface, GROUND, body.position, body.local_to_world((shape.radius, 0)), 3)
            elif isinstance(shape, pymunk.Poly):
                pygame.draw.polygon(surface, colour, [body.local_to_world(corner) for corner in shape.get_vertices()])
            elif isinstance(shape, pymunk.Segment):
                pygame.draw.line(surface, INK, shape.a, shape.b, round(2 * shape.radius))
        surface.blit(font.render(self.caption, True, INK), (20, 20))


def handle(toy: Toy, event: pygame.event.Event) -> bool:
    """Do what the user wants; whether to go on."""
    if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
        return False
    if event.type == pygame.KEYDOWN:
        toy.key(event.key)
    elif event.type == pygame.MOUSEBUTTONDOWN:
        toy.press(event.pos, event.button)
    elif event.type == pygame.MOUSEBUTTONUP:
        toy.held = None
    return True


def play_itself(toy: Toy, frame: int) -> tuple[float, float]:
    """What stands in for the user without a window: a body every 12 frames, a throw now and then, SPACE each second."""
    if frame % 12 == 0:
        toy.drop((toy.dice.uniform(80, WIDTH - 80), 60), toy.dice.choice(["box", "circle"]))
    if frame % 60 == 30:
        toy.held = toy.dice.choice(list(toy.space.bodies))
    if frame % 60 == 42:
        toy.held = None
    if frame % 60 == 59:
        toy.key(pygame.K_SPACE)
    return WIDTH / 2, HEIGHT / 4


def play(toy: Toy, frames: int | None, recorder: Recorder | None) -> None:
    """Until the user leaves, or for so many frames without one; each second frame is recorded."""
    surface, font, clock = pygame.display.set_mode(SIZE), pygame.font.Font(None, 24), pygame.time.Clock()
    frame, going = 0, True
    while going and frame != frames:
        for event in pygame.event.get():
            going = handle(toy, event) and going
        toy.advance(pygame.mouse.get_pos() if frames is None else play_itself(toy, frame))
        toy.draw(surface, font)
        pygame.display.flip()
        if recorder is not None and frame % 2 == 0:
            recorder.add(surface)
        frame += 1
        clock.tick(60 if frames is None else 0)


def main(arguments: list[str] | None = None) -> Toy:
    """Read the command line and play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, help="draw so many frames without a window; the toy plays itself")
    parser.add_argument("--record", type=Path, help="write what is drawn to this .gif, .mp4 or .png file")
    given = parser.parse_args(arguments)
    if given.frames is not None:
        os.environ["SDL_VIDEODRIVER"] = "dummy"
    pygame.display.init()
    pygame.font.init()
    toy, recorder = Toy(seed=0), None if given.record is None else Recorder(given.record)
    play(toy, given.frames, recorder)
    if recorder is not None:
        recorder.close()
    return toy


if __name__ == "__main__":
    main()
