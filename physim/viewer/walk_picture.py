"""The whole window as a picture of a walk."""

from __future__ import annotations

import pygame

from physim.colours import Colour
from physim.viewer.bar import bar_text, notice_card
from physim.viewer.card import draw_card
from physim.viewer.layout import Layout
from physim.viewer.palette import GOOD, GROUND, MUTED, PANEL, STOPPED, TEXT, WARNING
from physim.viewer.pixels import draw_pixels
from physim.viewer.text import font, rendered
from physim.viewer.walk_keys import LINES, NOTE
from physim.viewer.walk_layout import places_of
from physim.viewer.walking import SHOWN, Walking

SHADOW: Colour = (0, 0, 0)


def draw_walk(surface: pygame.Surface, walking: Walking) -> None:
    """Draw all of it."""
    layout = Layout(surface.get_size(), 1)
    pictures = walking.walk.pictures()
    places = places_of(layout, {title: picture.shape for title, picture in pictures.items()})
    surface.fill(PANEL)
    for title, picture in pictures.items():
        place = places.pictures[title]
        draw_pixels(surface, picture, place)
        surface.blit(rendered(title, layout.font, MUTED), (place.left, place.top - places.title))
    _draw_gains(surface, walking, next(iter(places.pictures.values())))
    surface.fill(GROUND, layout.footer)
    surface.blits(bar_text(layout, _items(walking)), doreturn=False)
    if walking.notice:
        card = notice_card(layout, walking.notice)
        surface.blit(card, card.get_rect(midbottom=(surface.get_width() // 2, layout.footer.top)))
    if walking.helping:
        draw_card(surface, layout.font, LINES, NOTE)


def _draw_gains(surface: pygame.Surface, walking: Walking, view: pygame.Rect) -> None:
    """The rewards of the last second, rising and fading."""
    height = max(12, view.height // 12)
    for gain in walking.recent:
        age = (walking.step - gain.step) * walking.walk.dt / SHOWN
        colour = GOOD if gain.reward > 0 else STOPPED
        middle = view.centerx, view.top + round((0.3 - 0.15 * age) * view.height)
        _draw_outlined(surface, f"{gain.reward:+g}", height, colour, middle, 1 - age)


def _draw_outlined(
    surface: pygame.Surface, text: str, height: int, colour: Colour, middle: tuple[int, int], share: float
) -> None:
    """A text that can be read on any ground, as opaque as its share says."""
    rim = max(1, height // 16)
    for away in ((-rim, 0), (rim, 0), (0, -rim), (0, rim), (0, 0)):
        letters = font(height).render(text, True, SHADOW if any(away) else colour)
        letters.set_alpha(round(255 * share))
        place = letters.get_rect(center=middle).move(away)
        surface.blit(letters, place)


def _items(walking: Walking) -> list[tuple[str, Colour]]:
    """What the bar tells."""
    state = [("paused", WARNING)] if walking.paused else []
    state += [("recorded", WARNING)] if walking.recorded is not None else []
    state += [("guided", WARNING)] if walking.led and walking.recorded is None else []
    lines = [(line, TEXT) for line in walking.walk.lines()]
    return [*state, (f"score {walking.score:g}", TEXT), *lines, (f"seed {walking.seed}", MUTED)]
