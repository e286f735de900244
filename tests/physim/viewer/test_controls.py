from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pygame
import pytest

from physim.viewer.controls import Controls
from physim.viewer.keys import KEYS
from physim.viewer.picture import Picture
from physim.viewer.playback import Playback
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings


@pytest.fixture
def controls(playback: Playback) -> Controls:
    picture = Picture(playback)
    picture.draw(pygame.Surface((800, 450), 0, 32), 1 / 60)
    return Controls(playback, picture)


def press(controls: Controls, key: int, character: str = "") -> None:
    controls.handle(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=character))


@pytest.mark.parametrize(("key", "character"), [(pygame.K_ESCAPE, "\x1b"), (pygame.K_q, "q"), (pygame.K_q, "Q")])
def test_escape_and_q_leave(controls: Controls, key: int, character: str) -> None:
    press(controls, key, character)
    assert controls.playback.done


def test_closing_the_window_leaves(controls: Controls) -> None:
    controls.handle(pygame.event.Event(pygame.QUIT))
    assert controls.playback.done


@pytest.mark.parametrize(
    ("key", "character", "field", "value"),
    [
        (pygame.K_SPACE, " ", "paused", True),
        (pygame.K_PERIOD, ".", "paused", True),
        (pygame.K_UP, "", "steps_per_frame", 6),
        (pygame.K_MINUS, "-", "steps_per_frame", 3),
        (pygame.K_e, "e", "shown", ("truth",)),
        (pygame.K_a, "a", "adding", "circle"),
        (pygame.K_h, "h", "helping", True),
        (pygame.K_g, "g", "plotting", True),
    ],
)
def test_keys_change_the_playback(controls: Controls, key: int, character: str, field: str, value: object) -> None:
    press(controls, key, character)
    assert getattr(controls.playback, field) == value


@pytest.mark.parametrize(("character", "bodies"), [("]", 5), ("[", 3), ("b", 3), ("B", 5)])
def test_keys_change_the_bodies(controls: Controls, character: str, bodies: int) -> None:
    press(controls, 0, character)
    assert controls.playback.simulation.bodies == bodies


def test_r_resets_and_s_resynchronises(controls: Controls) -> None:
    simulation = controls.playback.simulation
    controls.playback.frame()
    press(controls, pygame.K_s, "s")
    assert simulation.comparison.position_error("learned") == 0.0
    press(controls, pygame.K_r, "r")
    assert (simulation.seed, simulation.step) == (4, 0)


def place_of(controls: Controls, title: str, body: int) -> tuple[int, int]:
    """Where a body of a panel is in the window."""
    panel, run = controls.picture._panels[title], controls.playback.simulation.runs[title]
    controls.picture.camera.fit(*panel.stage)
    place = controls.picture.camera.pixels(run.state.pos[body]) + panel.surface.get_offset()
    return tuple(map(round, place))


def mouse(controls: Controls, kind: int, place: tuple[int, int], button: int = 1) -> None:
    controls.handle(pygame.event.Event(kind, button=button, pos=place))


def test_the_left_button_drags_throws_and_lets_go(controls: Controls) -> None:
    run = controls.playback.simulation.truth
    place = place_of(controls, "truth", 0)
    mouse(controls, pygame.MOUSEBUTTONDOWN, place)
    assert [drag.run for drag in controls.playback.drags] == [run]
    for number in range(20):
        mouse(controls, pygame.MOUSEMOTION, (place[0] + 3 * number, place[1]))
        controls.playback.frame()
    mouse(controls, pygame.MOUSEBUTTONUP, place)
    assert controls.playback.drags == []
    assert run.state.vel[0, 0] > 3 * abs(run.state.vel[0, 1])


def test_with_shift_the_body_is_held_in_all_panels(controls: Controls) -> None:
    press(controls, pygame.K_LSHIFT)
    mouse(controls, pygame.MOUSEBUTTONDOWN, place_of(controls, "learned", 2))
    assert [drag.body for drag in controls.playback.drags] == [2, 2]
    controls.handle(pygame.event.Event(pygame.KEYUP, key=pygame.K_LSHIFT))
    mouse(controls, pygame.MOUSEBUTTONDOWN, place_of(controls, "learned", 2))
    assert len(controls.playback.drags) == 1


def test_x_deletes_the_body_under_the_mouse_in_all_panels(controls: Controls) -> None:
    mouse(controls, pygame.MOUSEMOTION, place_of(controls, "learned", 2))
    press(controls, pygame.K_x, "x")
    assert [run.bodies.label.tolist() for run in controls.playback.simulation.runs.values()] == [[0, 1, 3]] * 2


def test_x_over_nothing_deletes_nothing(controls: Controls) -> None:
    mouse(controls, pygame.MOUSEMOTION, (3, 3))
    press(controls, pygame.K_x, "x")
    assert controls.playback.simulation.truth.bodies.count == 4


def test_a_click_adds_a_body_where_it_is_and_throws_it(controls: Controls) -> None:
    press(controls, pygame.K_a, "a")
    place = (controls.picture._panels["truth"].surface.get_width() // 2, 200)
    mouse(controls, pygame.MOUSEBUTTONDOWN, place)
    wanted = controls.picture.place("truth", place)
    for run in controls.playback.simulation.runs.values():
        np.testing.assert_allclose(run.state.pos[4], wanted)
    for number in range(12):
        mouse(controls, pygame.MOUSEMOTION, (place[0], place[1] - 4 * number))
        controls.playback.frame()
    mouse(controls, pygame.MOUSEBUTTONUP, place)
    assert all(run.state.vel[4, 1] > 0 for run in controls.playback.simulation.runs.values())


def test_snapshots_come_back_by_key_and_click_and_branch_into_a_new_panel(controls: Controls) -> None:
    simulation = controls.playback.simulation
    press(controls, pygame.K_k, "k")
    controls.playback.frame()
    press(controls, pygame.K_1, "1")
    assert simulation.step == 0
    controls.playback.frame()
    surface = pygame.Surface((800, 450), 0, 32)
    controls.picture.draw(surface, 0.0)
    picture = next((x, 435) for x in range(800) if controls.picture.shelf.number_at((x, 435)))
    mouse(controls, pygame.MOUSEBUTTONDOWN, picture)
    assert simulation.step == 0
    controls.playback.frame()
    mouse(controls, pygame.MOUSEBUTTONDOWN, picture, button=3)
    assert controls.playback.shown == ("truth", "truth 2", "learned")
    controls.picture.draw(surface, 0.0)
    mouse(controls, pygame.MOUSEMOTION, (790, 200))
    press(controls, pygame.K_n, "n")
    assert controls.playback.shown == ("truth", "truth 2", "learned", "learned 2")
    assert simulation.runs["learned 2"].clock == 0 < simulation.step


def test_w_closes_the_panel_under_the_mouse_but_never_the_last(controls: Controls) -> None:
    mouse(controls, pygame.MOUSEMOTION, (790, 200))
    press(controls, pygame.K_w, "w")
    assert controls.playback.shown == ("truth",)
    controls.picture.draw(pygame.Surface((800, 450), 0, 32), 0.0)
    press(controls, pygame.K_w, "w")
    assert controls.playback.shown == ("truth",)
    assert "last panel" in controls.playback.notice


def events(seed: int, count: int, size: tuple[int, int]) -> Iterator[pygame.event.Event]:
    """What a user may do who does anything, but leave."""
    rng = random.Random(seed)
    pressed = [(code, "") for key in KEYS for code in key.codes if Playback.leave is not key.action]
    pressed += [(0, character) for character in 3 * "knxwa123" + "".join(key.written for key in KEYS)]
    for _ in range(count):
        place, number = (rng.randrange(size[0]), rng.randrange(size[1])), rng.random()
        if number < 0.4:
            code, character = rng.choice(pressed)
            yield pygame.event.Event(pygame.KEYDOWN, key=code, unicode=character)
        elif number < 0.45:
            yield pygame.event.Event(rng.choice([pygame.KEYDOWN, pygame.KEYUP]), key=pygame.K_LSHIFT, unicode="")
        elif number < 0.65:
            yield pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=rng.choice([1, 1, 1, 3]), pos=place)
        elif number < 0.9:
            yield pygame.event.Event(pygame.MOUSEMOTION, pos=place)
        else:
            yield pygame.event.Event(pygame.MOUSEBUTTONUP, button=1, pos=place)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_whatever_the_user_does_no_body_is_lost_or_doubled(seed: int, alone: Callable[..., Playback]) -> None:
    surface = pygame.Surface((400, 300), 0, 32)
    playback = alone([NBody(bodies=4), Balls(balls=4), Strings(masses=5, pins=1)][seed], panels=2)
    picture = Picture(playback)
    controls = Controls(playback, picture)
    for number, event in enumerate(events(seed, 100, surface.get_size())):
        picture.draw(surface, 1 / 60)
        controls.handle(event)
        playback.steps_per_frame = min(playback.steps_per_frame, 4)
        playback.frame()
        assert set(playback.shown) <= set(playback.simulation.runs), number
        for run in playback.simulation.runs.values():
            labels = run.bodies.label.tolist()
            assert len(set(labels)) == len(labels) == len(run.state.pos) == run.state.scene.num_bodies
            assert np.isfinite(run.state.pos).all()
