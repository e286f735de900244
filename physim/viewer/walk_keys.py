"""The keys of a walk: what each does, and what the help says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pygame

from physim.viewer.walking import Walking

NOTHING: Mapping[int, str] = MappingProxyType({})
NOTE = "Hold keys down: what is held when a decision is due is done until the next one. Forward and turn go together."


class WalkKey(NamedTuple):
    """A line of the help, and the keys it is about: those that are held to move, or that do something once."""

    names: str
    text: str
    moves: Mapping[int, str] = NOTHING
    codes: tuple[int, ...] = ()
    action: Callable[[Walking], None] | None = None


KEYS = (
    WalkKey("up  W", "forward", {pygame.K_UP: "forward", pygame.K_w: "forward"}),
    WalkKey("down  S", "backward", {pygame.K_DOWN: "backward", pygame.K_s: "backward"}),
    WalkKey("left  right", "turn", {pygame.K_LEFT: "turn_left", pygame.K_RIGHT: "turn_right"}),
    WalkKey("A  Q", "a step to the left", {pygame.K_a: "left", pygame.K_q: "left"}),
    WalkKey("D  E", "a step to the right", {pygame.K_d: "right", pygame.K_e: "right"}),
    WalkKey("space", "pause, go on", codes=(pygame.K_SPACE,), action=Walking.pause),
    WalkKey("R", "begin anew elsewhere", codes=(pygame.K_r,), action=Walking.anew),
    WalkKey("L", "who knows the way leads", codes=(pygame.K_l,), action=Walking.toggle_lead),
    WalkKey("H  ?", "this card", codes=(pygame.K_h, pygame.K_F1), action=Walking.toggle_help),
    WalkKey("Esc", "leave", codes=(pygame.K_ESCAPE,), action=Walking.leave),
)
MOVES = {code: word for key in KEYS for code, word in key.moves.items()}
ACTIONS = {code: key.action for key in KEYS for code in key.codes if key.action is not None}
LINES = [(key.names, key.text) for key in KEYS]


def handle(event: pygame.event.Event, walking: Walking) -> None:
    """Do what one event asks for."""
    if event.type == pygame.QUIT:
        walking.leave()
    elif event.type == pygame.WINDOWFOCUSLOST:
        walking.holding.forget()
    elif event.type == pygame.KEYUP and event.key in MOVES:
        walking.holding.release(MOVES[event.key])
    elif event.type == pygame.KEYDOWN and event.key in MOVES:
        walking.holding.press(MOVES[event.key])
    elif event.type == pygame.KEYDOWN and event.unicode == "?":
        walking.toggle_help()
    elif event.type == pygame.KEYDOWN and event.key in ACTIONS:
        ACTIONS[event.key](walking)
