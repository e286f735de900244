"""Pictures that are arrays, on surfaces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pygame


def within(shape: tuple[int, ...], room: pygame.Rect) -> pygame.Rect:
    """The largest place in the middle of a room for a picture of shape [H, W, ...], whose sides keep their ratio."""
    height, width = shape[:2]
    share = min(room.width / width, room.height / height)
    place = pygame.Rect(0, 0, max(1, round(width * share)), max(1, round(height * share)))
    place.center = room.center
    return place


def draw_pixels(surface: pygame.Surface, picture: npt.NDArray[np.uint8], place: pygame.Rect) -> None:
    """Draw a picture [H, W, 3], scaled, in its place."""
    height, width = picture.shape[:2]
    plain = pygame.image.frombuffer(picture.tobytes(), (width, height), "RGB")
    surface.blit(plain if plain.get_size() == place.size else pygame.transform.smoothscale(plain, place.size), place)
