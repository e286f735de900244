"""Strings that are held by their last mass, so that their first is free: to be steered.

A world of its own, not a parameter of strings: weights that ship say by which source their scenes were made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from worlds.chains import ChainWorld


@final
@dataclass(frozen=True, kw_only=True)
class HeldStrings(ChainWorld):
    """Strings whose springs obey Hooke's law, pinned at their last mass."""

    def _pinned(self, rng: np.random.Generator) -> set[int]:
        super()._pinned(rng)  # what it draws, so that all else is as in strings
        return {self.masses - 1}
