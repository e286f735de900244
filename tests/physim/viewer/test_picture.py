from __future__ import annotations

import numpy as np
import pygame
import pymunk
import pytest

from physim.scenes.scene import PIVOT, SLIDE, SPRING
from physim.viewer.hud import Speeds
from physim.viewer.layout import Layout
from physim.viewer.palette import LINK, MUTED, STOPPED, TEXT, WALL, WELL, body_colour
from physim.viewer.picture import Picture
from physim.viewer.playback import Playback
from physim.viewer.simulation import LEARNED, Simulation
from physim.worlds import world as as_world
from worlds.balls import Balls
from worlds.strings import Strings

SPEEDS = Speeds(60.0, 240.0)


@as_world(dt=1 / 60, substeps=4)
def box(rng: np.random.Generator) -> pymunk.Space:
    space = pymunk.Space()
    space.gravity = (0, -9.81)
    floor = pymunk.Segment(space.static_body, (-2, 0), (2, 0.5), 0.05)
    ball = pymunk.Body(1.0, 0.1)
    ball.position, ball.angular_velocity = (0, 2), 3.0
    space.add(floor, ball, pymunk.Circle(ball, 0.4))
    return space


@as_world(dt=1 / 60, substeps=4)
def machine(rng: np.random.Generator) -> pymunk.Space:
    """Polygons, moving and static, a pivot, a slide, and a spring that holds a box at its edge."""
    space = pymunk.Space()
    space.gravity = (0, -9.81)
    crate, plank = pymunk.Body(1.0, 0.3), pymunk.Body(1.0, 0.3)
    crate.position, plank.position, plank.angle = (-2, 2), (2, 3), 0.5
    space.add(crate, pymunk.Poly.create_box(crate, (1.5, 1.0)), plank, pymunk.Poly.create_box(plank, (2.0, 0.4), 0.1))
    space.add(pymunk.Poly(space.static_body, [(-4, -1), (4, -1), (4, 0), (-4, 0)]))
    space.add(pymunk.PivotJoint(space.static_body, plank, (2, 3), (0, 0)))
    space.add(pymunk.SlideJoint(crate, plank, (0.7, 0.4), (-0.9, 0), 1.0, 9.0))
    space.add(pymunk.DampedSpring(crate, space.static_body, (-0.7, 0.5), (-3, 5), 1.0, 20.0, 0.1))
    return space


def colours(surface: pygame.Surface) -> set[tuple[int, ...]]:
    return set(map(tuple, pygame.surfarray.array3d(surface).reshape(-1, 3).tolist()))


@pytest.mark.parametrize("size", [(240, 240), (800, 450), (500, 900), (1280, 720)])
def test_every_body_is_seen_in_both_panels(playback: Playback, size: tuple[int, int]) -> None:
    surface, picture = pygame.Surface(size, 0, 32), Picture(playback)
    playback.frame()
    picture.draw(surface, 1 / 60, SPEEDS)
    for name, panel in picture._panels.items():
        for place in picture.camera.pixels(playback.simulation.runs[name].state.pos):
            assert panel.surface.get_rect().collidepoint(*place)
            assert max(panel.surface.get_at(tuple(map(round, place)))[:3]) > 100


def test_circles_and_walls_are_drawn(perturbed: object) -> None:
    world = box()
    playback = Playback(Simulation(world, world.engine, 0), "truth", 1, None)
    surface = pygame.Surface((640, 400), 0, 32)
    playback.frame()
    Picture(playback).draw(surface, 1 / 60, SPEEDS)
    ball = int(np.flatnonzero(~playback.simulation.truth.bodies.static)[0])
    assert {WALL, body_colour(ball)} <= colours(surface)


def test_polygons_turn_and_every_kind_of_joint_is_drawn() -> None:
    world = machine()
    playback = Playback(Simulation(world, world.engine, 0), "truth", 1, None)
    surface, picture = pygame.Surface((900, 600), 0, 32), Picture(playback)
    for _ in range(30):
        playback.frame()
        picture.draw(surface, 1 / 60, SPEEDS)
    run, panel = playback.simulation.truth, picture._panels["truth"].surface
    for body, corners in run.bodies.corners(run.state.pos, run.state.angle).items():
        colour = WALL if run.bodies.static[body] else body_colour(body)
        for corner in corners:
            inside = picture.camera.pixels(0.85 * corner + 0.15 * corners.mean(axis=0))
            outside = picture.camera.pixels(1.2 * corner - 0.2 * corners.mean(axis=0))
            assert panel.get_at(tuple(map(round, inside)))[:3] == colour
            assert panel.get_at(tuple(map(round, outside)))[:3] != colour
    first, second = picture.camera.pixels(run.bodies.anchors(run.state.pos, run.state.angle))
    kinds = run.bodies.kind
    assert panel.get_at(tuple(map(round, first[kinds == PIVOT][0])))[:3] == TEXT
    for place in (first[kinds == SPRING][0], first[kinds == SLIDE][0], second[kinds == SLIDE][0]):
        assert panel.get_at(tuple(map(round, place)))[:3] == LINK


def test_the_mouse_takes_hold_of_a_polygon_anywhere_in_it() -> None:
    world = machine()
    playback = Playback(Simulation(world, world.engine, 0), "truth", 1, None)
    picture = Picture(playback)
    picture.draw(pygame.Surface((900, 600), 0, 32), 1 / 60, SPEEDS)
    picture.grab(tuple(map(round, picture.camera.pixels(np.array([-1.35, 1.6])))))
    assert playback.drag is not None
    assert playback.drag.body == 0
    playback.drag = None
    picture.grab(tuple(map(round, picture.camera.pixels(np.array([0.5, 1.2])))))
    assert playback.drag is None


def test_a_stopped_run_says_so_over_its_panel(bursting: Simulation) -> None:
    playback = Playback(bursting, "both", 4, None)
    surface, picture = pygame.Surface((800, 450), 0, 32), Picture(playback)
    playback.frame()
    picture.draw(surface, 1 / 60, SPEEDS)
    shows = {name: STOPPED in colours(panel.surface) for name, panel in picture._panels.items()}
    assert shows == {"truth": False, "learned": True}


def test_huge_positions_are_drawn_without_harm(playback: Playback) -> None:
    surface, picture = pygame.Surface((800, 450), 0, 32), Picture(playback)
    playback.simulation.runs[LEARNED].place(0, np.array([1e200, -1e200]), None)
    picture.draw(surface, 1 / 60, SPEEDS)
    assert playback.simulation.runs[LEARNED].state.pos[0].tolist() == [1e200, -1e200]
    places = picture.camera.pixels(playback.simulation.runs[LEARNED].state.pos)
    shown = [panel.surface.get_rect().inflate(2, 2).collidepoint(*places[0]) for panel in picture._panels.values()]
    assert np.isfinite(places).all()
    assert all(shown)


def test_the_mouse_takes_hold_of_the_body_under_it(playback: Playback) -> None:
    surface, picture = pygame.Surface((800, 450), 0, 32), Picture(playback)
    picture.draw(surface, 1 / 60, SPEEDS)
    panel, pos = picture._panels[LEARNED], playback.simulation.runs[LEARNED].state.pos
    place = picture.camera.pixels(pos)[1] + panel.surface.get_offset()
    picture.grab(tuple(map(round, place)))
    assert (playback.drag.name, playback.drag.body) == (LEARNED, 1)
    picture.move((round(place[0]) + 20, round(place[1])))
    playback.frame()
    assert playback.simulation.runs[LEARNED].state.pos[1, 0] > pos[1, 0]


def test_the_mouse_takes_hold_of_nothing_that_stands_still() -> None:
    world = Strings(masses=4, pins=2)
    playback = Playback(Simulation(world, world.engine, 0), "truth", 1, None)
    picture = Picture(playback)
    picture.draw(pygame.Surface((800, 450), 0, 32), 1 / 60, SPEEDS)
    state, bodies = playback.simulation.truth.state, playback.simulation.truth.bodies
    for place in picture.camera.pixels(state.pos)[bodies.static]:
        picture.grab(tuple(map(round, place)))
        assert playback.drag is None


def test_the_view_of_a_box_never_moves() -> None:
    world = Balls(balls=3)
    playback = Playback(Simulation(world, world.engine, 0), "truth", 8, None)
    picture = Picture(playback)
    boxes = []
    for _ in range(10):
        playback.frame()
        picture.draw(pygame.Surface((640, 400), 0, 32), 1 / 60, SPEEDS)
        boxes.append([*picture.camera.low, *picture.camera.high])
    assert all(box == boxes[0] for box in boxes)


def test_springs_pins_and_the_well_are_drawn() -> None:
    world = Strings(masses=5, pins=2)
    playback = Playback(Simulation(world, world.engine, 0), "truth", 8, None)
    surface = pygame.Surface((1280, 720), 0, 32)
    for _ in range(20):
        playback.frame()
    Picture(playback).draw(surface, 1 / 60, SPEEDS)
    assert {WELL, WALL, MUTED, body_colour(1)} <= colours(surface)


def test_plots_are_drawn_when_they_are_wanted(playback: Playback) -> None:
    surface, picture = pygame.Surface((1000, 640), 0, 32), Picture(playback)
    strip = surface.subsurface(Layout((1000, 640), 2, plotting=True).strip)
    for _ in range(40):
        playback.frame()
    picture.draw(surface, 1 / 60, SPEEDS)
    plain = pygame.surfarray.array3d(strip)
    playback.toggle_plots()
    picture.draw(surface, 1 / 60, SPEEDS)
    assert (pygame.surfarray.array3d(strip) != plain).mean() > 0.05
    assert sum(panel.surface.get_height() for panel in picture._panels.values()) < 2 * strip.get_abs_offset()[1] + 1


def test_the_mouse_far_from_all_bodies_takes_nothing(playback: Playback) -> None:
    picture = Picture(playback)
    picture.draw(pygame.Surface((800, 450), 0, 32), 1 / 60, SPEEDS)
    picture.grab((2, 2))
    assert playback.drag is None


@pytest.mark.parametrize("size", [(240, 240), (800, 450), (1920, 1080)])
def test_the_help_covers_the_middle_at_any_size(playback: Playback, size: tuple[int, int]) -> None:
    surface, picture = pygame.Surface(size, 0, 32), Picture(playback)
    picture.draw(surface, 1 / 60, SPEEDS)
    plain = pygame.surfarray.array3d(surface)
    playback.toggle_help()
    picture.draw(surface, 0.0)
    changed = np.argwhere((pygame.surfarray.array3d(surface) != plain).any(axis=2))
    assert (changed.min(axis=0) > 0).all()
    assert (changed.max(axis=0) < np.array(size) - 1).all()
