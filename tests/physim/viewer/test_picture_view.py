from __future__ import annotations

import numpy as np
import pygame

from physim.viewer.palette import GROUND
from physim.viewer.picture_view import PictureView
from physim.viewer.pixels import within


def test_a_picture_fills_its_window_and_stands_for_its_time() -> None:
    picture = np.random.default_rng(0).integers(256, size=(240, 300, 3), dtype=np.uint8)
    view = PictureView((300, 240))
    presented = []
    show = view.stage.present
    view.stage.present = lambda: presented.append(show())  # type: ignore[method-assign,assignment,func-returns-value]
    view.show(picture, 4 / 60)
    assert len(presented) == 4
    shown = pygame.surfarray.array3d(view.stage.surface).transpose(1, 0, 2)
    assert np.array_equal(shown, picture)
    view.close()
    assert not pygame.display.get_init()


def test_a_picture_of_another_shape_keeps_its_ratio() -> None:
    view = PictureView((300, 240))
    view.show(np.full((10, 40, 3), 200, np.uint8), 0.0)
    shown = pygame.surfarray.array3d(view.stage.surface).transpose(1, 0, 2)
    rows = np.flatnonzero((shown == 200).all(axis=2).any(axis=1))
    assert len(rows) == 75
    assert (shown[0] == GROUND).all()
    view.close()
    assert within((10, 40), pygame.Rect(0, 0, 300, 240)).size == (300, 75)
