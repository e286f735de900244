from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pygame
import pymunk
import pytest

from physim.colours import body_colour
from physim.scenes.scene import PIVOT, SLIDE, SPRING
from physim.viewer.hud import Hud
from physim.viewer.layout import Layout
from physim.viewer.pace import Speeds
from physim.viewer.palette import KINEMATIC, LINK, MUTED, STOPPED, TEXT, WALL, WELL
from physim.viewer.picture import Picture
from physim.viewer.playback import Playback
from physim.viewer.simulation import LEARNED, Simulation
from physim.worlds import world as as_world
from worlds.balls import Balls
from worlds.strings import Strings

Alone = Callable[..., Playback]
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


@as_world(dt=1 / 60)
def lift(rng: np.random.Generator) -> pymunk.Space:
    """A ball beside a lift over a floor, in pixels, y down."""
    space = pymunk.Space()
    space.gravity = (0, 900)
    ball, platform = pymunk.Body(1.0, 100.0), pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    ball.position, platform.position = (780, 100), (200, 300)
    space.add(ball, pymunk.Circle(ball, 20), platform, pymunk.Poly.create_box(platform, (120, 30)))
    space.add(pymunk.Segment(space.static_body, (0, 500), (700, 500), 10))
    return space


def placed(playback: Playback) -> tuple[np.ndarray, np.ndarray]:
    """Where the truth's bodies are."""
    return playback.simulation.truth.state.pos, playback.simulation.truth.state.angle


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


def test_circles_and_walls_are_drawn(alone: Alone) -> None:
    world = box()
    playback = alone(world, 1)
    surface = pygame.Surface((640, 400), 0, 32)
    playback.frame()
    Picture(playback).draw(surface, 1 / 60, SPEEDS)
    ball = int(np.flatnonzero(~playback.simulation.truth.bodies.static)[0])
    assert {WALL, body_colour(ball)} <= colours(surface)


def test_polygons_turn_and_every_kind_of_joint_is_drawn(alone: Alone) -> None:
    world = machine()
    playback = alone(world, 1)
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


def test_the_mouse_takes_hold_of_a_polygon_anywhere_in_it(alone: Alone) -> None:
    world = machine()
    playback = alone(world, 1)
    picture = Picture(playback)
    picture.draw(pygame.Surface((900, 600), 0, 32), 1 / 60, SPEEDS)
    inside, beside = picture.camera.pixels(np.array([[-1.35, 1.6], [0.5, 1.2]]))
    assert picture.spot(tuple(map(round, inside))).body == 0
    assert picture.spot(tuple(map(round, beside))).body is None


def test_a_stopped_run_says_so_over_its_panel(bursting: Simulation) -> None:
    playback = Playback(bursting, 4)
    surface, picture = pygame.Surface((800, 450), 0, 32), Picture(playback)
    playback.frame()
    picture.draw(surface, 1 / 60, SPEEDS)
    shows = {name: STOPPED in colours(panel.surface) for name, panel in picture._panels.items()}
    assert shows == {"truth": False, "learned": True}


def test_huge_positions_are_drawn_without_harm(playback: Playback) -> None:
    surface, picture = pygame.Surface((800, 450), 0, 32), Picture(playback)
    playback.simulation.runs[LEARNED].place_body(0, np.array([1e200, -1e200]))
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
    spot = picture.spot(tuple(map(round, place)))
    assert (spot.title, spot.body) == (LEARNED, 1)
    np.testing.assert_allclose(spot.place, pos[1], atol=1.0 / picture.camera.scale)


def test_what_can_move_comes_before_what_stands_still(alone: Alone) -> None:
    world = Strings(masses=4, pins=2)
    playback = alone(world, 1)
    picture = Picture(playback)
    picture.draw(pygame.Surface((800, 450), 0, 32), 1 / 60, SPEEDS)
    state, bodies = playback.simulation.truth.state, playback.simulation.truth.bodies
    for body, place in enumerate(picture.camera.pixels(state.pos)):
        spot = picture.spot(tuple(map(round, place)))
        assert spot.body == body
        assert bodies.moving[spot.body] == bodies.moving[body]


def test_the_view_of_a_box_never_moves(alone: Alone) -> None:
    world = Balls(balls=3)
    playback = alone(world, 8)
    picture = Picture(playback)
    boxes = []
    for _ in range(10):
        playback.frame()
        picture.draw(pygame.Surface((640, 400), 0, 32), 1 / 60, SPEEDS)
        boxes.append([*picture.camera.low, *picture.camera.high])
    assert all(box == boxes[0] for box in boxes)


def test_springs_pins_and_the_well_are_drawn(alone: Alone) -> None:
    world = Strings(masses=5, pins=2)
    playback = alone(world, 8)
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


def test_the_mouse_far_from_all_bodies_points_at_none(playback: Playback) -> None:
    picture = Picture(playback)
    picture.draw(pygame.Surface((800, 450), 0, 32), 1 / 60, SPEEDS)
    assert picture.spot((2, 2)).body is None
    assert picture.spot((2, 449)) is None


def test_the_mouse_finds_bodies_in_panels_of_any_size(alone: Alone) -> None:
    playback = alone(Balls(balls=3), 4, panels=5)
    picture = Picture(playback)
    picture.draw(pygame.Surface((1000, 640), 0, 32), 1 / 60, SPEEDS)
    widths = {panel.surface.get_width() for panel in picture._panels.values()}
    assert len(widths) > 1
    for title, panel in picture._panels.items():
        picture.camera.fit(*panel.stage)
        for body in np.flatnonzero(playback.simulation.truth.bodies.moving).tolist():
            place = picture.camera.pixels(playback.simulation.truth.state.pos[body]) + panel.surface.get_offset()
            spot = picture.spot(tuple(map(round, place)))
            assert (spot.title, spot.body) == (title, body)


def test_static_kinematic_and_dynamic_bodies_look_different(alone: Alone) -> None:
    playback = alone(lift())
    picture, surface = Picture(playback), pygame.Surface((640, 400), 0, 32)
    picture.draw(surface, 1 / 60, SPEEDS)
    run, panel = playback.simulation.truth, picture._panels["truth"]
    beside_spoke = run.state.pos + np.array([0.0, -8.0])
    seen = [panel.surface.get_at(tuple(map(round, place)))[:3] for place in picture.camera.pixels(beside_spoke)]
    np.testing.assert_allclose(seen[0], body_colour(0), atol=40)  # discs are lit from one side
    assert seen[1:] == [KINEMATIC, WALL]


def test_a_world_in_pixels_fills_its_panel_and_what_falls_out_is_let_go(alone: Alone) -> None:
    playback = alone(lift())
    picture, surface = Picture(playback), pygame.Surface((640, 400), 0, 32)
    picture.draw(surface, 1 / 60, SPEEDS)
    panel = picture._panels["truth"]
    low, high = playback.simulation.truth.bodies.outline(*placed(playback))
    extent = picture.camera.scale * (high - low) / np.array(panel.stage.size)
    assert 0.8 < extent.max() <= 1.0
    for _ in range(300):
        playback.frame()
        picture.draw(surface, 1 / 60)
    assert playback.simulation.truth.state.pos[0, 1] > 5000
    assert np.ptp(picture.camera.high - picture.camera.low) < 3000


def test_a_new_body_and_a_branch_do_not_move_the_view_at_once(playback: Playback) -> None:
    picture, surface = Picture(playback), pygame.Surface((800, 450), 0, 32)
    picture.draw(surface, 0.0, SPEEDS)
    before = [*picture.camera.low, *picture.camera.high]
    playback.delete("truth", 1)
    playback.branch("learned")
    picture.draw(surface, 0.0)
    np.testing.assert_allclose([*picture.camera.low, *picture.camera.high], before)
    assert len(picture._panels) == 3


def test_snapshots_lie_in_the_bar_and_are_found_there(playback: Playback) -> None:
    picture, surface = Picture(playback), pygame.Surface((800, 450), 0, 32)
    picture.draw(surface, 0.0, SPEEDS)
    plain = pygame.surfarray.array3d(surface)
    playback.keep()
    playback.keep()
    picture.draw(surface, 0.0)
    assert {number for x in range(800) if (number := picture.shelf.number_at((x, 435)))} == {1, 2}
    changed = np.argwhere((pygame.surfarray.array3d(surface) != plain).any(axis=2))
    assert (changed[:, 1] >= Layout((800, 450), 2).footer.top).all()


@pytest.mark.parametrize("size", [(240, 240), (640, 360), (1280, 720)])
@pytest.mark.parametrize("panels", [1, 2, 3, 6, 9])
def test_no_text_leaves_its_panel(size: tuple[int, int], panels: int, alone: Alone) -> None:
    playback = alone(Balls(balls=3), 4, panels=panels)
    playback.notice = "a sentence that is far too long for one line of a window that is as small as windows may be"
    layout = Layout(size, panels)
    hud = Hud()
    hud.refresh(layout, playback, SPEEDS, 0)
    for panel, placed_text in zip(layout.rectangles, hud._panels, strict=True):
        for text, place in placed_text:
            assert panel.contains(text.get_rect(topleft=place))
        assert max(place[1] + text.get_height() for text, place in placed_text) <= panel.top + panel.height // 3 + 12
    assert all(layout.footer.contains(text.get_rect(topleft=place)) for text, place in hud._bar)
    assert hud._notice.get_width() <= size[0]


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
