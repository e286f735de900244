"""Rigid balls in a box, after Battaglia et al. 2016 (arXiv:1612.00222), section 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from worlds.boxes import BoxWorld


@final
@dataclass(frozen=True, kw_only=True)
class Balls(BoxWorld):
    """Balls that fly and bounce in a box; the restitution of a pair is the same at any speed."""

    energy_band: ClassVar[float | None] = 1e-6
