"""The keys: what each does, and what the help says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pygame

from physim.viewer.playback import Playback, Spot

Action = Callable[[Playback], None]
Aimed = Callable[[Playback, Spot], None]
"""What a key does with what is under the mouse."""


class Key(NamedTuple):
    """A line of the help, and the keys it is about: by their codes, or by what they write where they lie elsewhere on
    other keyboards."""

    names: str
    text: str
    codes: tuple[int, ...] = ()
    written: str = ""
    action: Action | None = None
    aimed: Aimed | None = None


def _delete(playback: Playback, spot: Spot) -> None:
    if spot.body is not None:
        playback.delete(spot.title, spot.body)


def _branch(playback: Playback, spot: Spot) -> None:
    playback.branch(spot.title)


def _close(playback: Playback, spot: Spot) -> None:
    playback.close(spot.title)


KEYS = (
    Key("space", "pause, go on", (pygame.K_SPACE,), "", Playback.pause),
    Key("right  .", "one step", (pygame.K_RIGHT, pygame.K_PERIOD), ".", Playback.single_step),
    Key("+  up", "faster", (pygame.K_UP, pygame.K_KP_PLUS), "+=", Playback.faster),
    Key("-  down", "slower", (pygame.K_DOWN, pygame.K_KP_MINUS), "-", Playback.slower),
    Key("R", "a new scene", (pygame.K_r,), "", Playback.reset),
    Key("S", "all worlds to where the truth is", (pygame.K_s,), "", Playback.resynchronise),
    Key("]", "more {kind}", (), "]B", Playback.more_bodies),
    Key("[", "fewer {kind}", (), "[b", Playback.fewer_bodies),
    Key("mouse", "hold a body, pull it, throw it"),
    Key("shift mouse", "the same in all panels"),
    Key("A", "a click adds circles, boxes, none", (pygame.K_a,), "", Playback.choose_new),
    Key("X", "delete the body under the mouse", (pygame.K_x, pygame.K_DELETE), "", aimed=_delete),
    Key("K", "keep the state of now", (pygame.K_k,), "", Playback.keep),
    Key("1 to 9", "bring a kept state back"),
    Key("N", "branch: a kept state in a new panel", (pygame.K_n,), "", aimed=_branch),
    Key("W", "close the panel under the mouse", (pygame.K_w,), "", aimed=_close),
    Key("E", "each panel alone, all", (pygame.K_e,), "", Playback.switch_engines),
    Key("G", "plots of error and energy", (pygame.K_g,), "", Playback.toggle_plots),
    Key("H  ?", "this card", (pygame.K_h, pygame.K_F1), "?", Playback.toggle_help),
    Key("Esc  Q", "leave", (pygame.K_ESCAPE, pygame.K_q), "", Playback.leave),
)

NOTE = (
    "Grey stands still, blue is moved from outside. Kept states lie in the bar: a click brings one back, the right "
    "button branches from it. The truth begins anew from what is kept, without the contacts that pymunk remembers: a "
    "pile at rest may settle otherwise than it did."
)


def key_of(code: int, written: str) -> Key | None:
    """The key that was pressed, if it does anything."""
    by_text = (key for key in KEYS if written and written in key.written)
    return next(by_text, next((key for key in KEYS if code in key.codes), None))
