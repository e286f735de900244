from __future__ import annotations

import pygame
import pytest

from physim.viewer.controls import Controls
from physim.viewer.picture import Picture
from physim.viewer.playback import Playback


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
        (pygame.K_e, "e", "engines", "truth"),
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
    assert simulation.position_error("learned") == 0.0
    press(controls, pygame.K_r, "r")
    assert (simulation.seed, simulation.step) == (4, 0)


def test_the_left_button_drags_and_lets_go(controls: Controls) -> None:
    picture = controls.picture
    run = controls.playback.simulation.truth
    place = tuple(map(round, picture.camera.pixels(run.state.pos)[0]))
    controls.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=place))
    assert controls.playback.drag is not None
    controls.handle(pygame.event.Event(pygame.MOUSEBUTTONUP, button=1, pos=place))
    assert controls.playback.drag is None
