"""Depths as pictures for people."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

PLACES = (0.0, 0.25, 0.55, 0.8, 1.0)
COLOURS = ((8, 10, 16), (38, 52, 110), (45, 140, 150), (190, 205, 120), (255, 244, 214))
"""From far to near: colours, and at which 1 / (1 + depth) they stand."""

Pixels = npt.NDArray[np.uint8]


def shaded(depth: npt.NDArray[np.float32]) -> Pixels:
    """Depths [..., H, W] (m) as colours [..., H, W, 3]: near bright, far dark."""
    return _ramp()[(255 / (1 + depth)).astype(np.uint8)]


@lru_cache(maxsize=1)
def _ramp() -> Pixels:
    """The colours, and those between them [256, 3]."""
    between = np.linspace(0, 1, 256)
    channels = [np.interp(between, PLACES, channel) for channel in np.array(COLOURS, float).T]
    return np.stack(channels, axis=-1).round().astype(np.uint8)
