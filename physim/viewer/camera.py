"""From metres to pixels: one view for all panels, that follows the bodies calmly."""

from __future__ import annotations

import math
from typing import final

import numpy as np

from physim.viewer.bodies import Floats

WIDENING, NARROWING = 0.35, 3.0
"""Seconds in which the view takes in a body that leaves, and in which it closes on bodies that come together."""
MARGIN, SNUG = 1.12, 1.02
"""How much more than the bodies is shown; SNUG is for walls, out of which nothing comes."""
FAR = 30_000.0


@final
class Camera:
    """A box of the world, in metres, that is always fully shown.

    Shapes: low, high [2], corners of what must be seen.
    """

    def __init__(self, low: Floats, high: Floats, upward: bool = True, margin: float = MARGIN) -> None:
        self.low, self.high = _widened(low, high, margin)
        self._least = (self.high - self.low).max() / 8
        self._signs = np.array([1.0, -1.0 if upward else 1.0])
        self.centre, self.scale = np.zeros(2), 1.0
        self._middle = np.zeros(2)

    def follow(self, low: Floats, high: Floats, seconds: float) -> None:
        """Move towards what must be seen now; what it holds stays in view at every moment."""
        widen, narrow = (1 - math.exp(-seconds / duration) for duration in (WIDENING, NARROWING))
        aimed_low, aimed_high = _widened(low, high, MARGIN)
        self.low = self.low + (aimed_low - self.low) * np.where(aimed_low < self.low, widen, narrow)
        self.high = self.high + (aimed_high - self.high) * np.where(aimed_high > self.high, widen, narrow)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)

    def keep(self, point: Floats) -> None:
        """Widen the view at once, so that it holds a point [2]."""
        self.low, self.high = np.minimum(self.low, point), np.maximum(self.high, point)

    def fit(self, left: float, top: float, width: float, height: float) -> None:
        """Show the box within this rectangle of pixels of a panel."""
        self._middle = np.array([left + width / 2, top + height / 2])
        self.centre = self.low / 2 + self.high / 2
        extent = np.maximum(self.high - self.low, self._least)
        self.scale = float(min(np.array([width, height]) / extent))

    def pixels(self, points: Floats) -> Floats:
        """Where points [..., 2] in metres lie in the panel, never further than pygame can count."""
        with np.errstate(over="ignore"):
            return np.clip((points - self.centre) * (self.scale * self._signs) + self._middle, -FAR, FAR)

    def metres(self, pixels: Floats) -> Floats:
        """What points [..., 2] of the panel show."""
        return (pixels - self._middle) / (self.scale * self._signs) + self.centre


def round_length(metres: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is no longer."""
    power = 10.0 ** math.floor(math.log10(metres))
    return next(factor * power for factor in (5, 2, 1) if factor * power <= metres * (1 + 1e-9))


def _widened(low: Floats, high: Floats, margin: float) -> tuple[Floats, Floats]:
    """The box with a margin; a single point becomes a metre."""
    centre, half = low / 2 + high / 2, high / 2 - low / 2
    half = half * margin if half.max() > 0 else np.ones(2)
    return centre - half, centre + half
