from __future__ import annotations

import numpy as np

from physim.colours import body_colour
from physim.viewer.film_colours import BITS, film_colours, reduced
from physim.viewer.palette import PANEL


def test_a_reduced_frame_has_few_colours() -> None:
    frame = np.random.default_rng(0).integers(0, 256, size=(80, 90, 3), dtype=np.uint8)
    assert len(np.unique(reduced(frame).reshape(-1, 3), axis=0)) <= len(film_colours()) <= 2**BITS


def test_the_ground_and_the_first_bodies_keep_their_colours() -> None:
    frame = np.array([[PANEL, *map(body_colour, range(6))]], dtype=np.uint8)
    assert np.abs(reduced(frame).astype(int) - frame).max() <= 8
    assert (reduced(frame)[0, 0] == PANEL).all()
