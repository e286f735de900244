"""Text as little surfaces, rendered once."""

from __future__ import annotations

from functools import lru_cache

import pygame

from physim.colours import Colour


@lru_cache(maxsize=32)
def font(height: int) -> pygame.font.Font:
    """pygame's own font, so that pictures are the same on every machine."""
    pygame.font.init()
    return pygame.font.Font(None, round(height * 1.5))


@lru_cache(maxsize=1024)
def rendered(text: str, height: int, colour: Colour) -> pygame.Surface:
    """A line of anti-aliased text, about `height` pixels high."""
    return font(height).render(text, True, colour)


def fitted(text: str, height: int, colour: Colour, width: int) -> pygame.Surface:
    """A line of text as `rendered`, its end cut off where it would be wider than `width` pixels."""
    return rendered(_shortened(text, height, width), height, colour)


@lru_cache(maxsize=1024)
def _shortened(text: str, height: int, width: int) -> str:
    if font(height).size(text)[0] <= width:
        return text
    while text and font(height).size(text + "...")[0] > width:
        text = text[:-1].rstrip()
    return text + "..." if text else ""


def wrapped(text: str, height: int, width: int) -> list[str]:
    """The text in lines that are at most `width` pixels wide, where words allow."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font(height).size(longer)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
