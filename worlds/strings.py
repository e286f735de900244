"""Strings of masses on springs that fall on a circle, after Battaglia et al. 2016 (arXiv:1612.00222), section 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from worlds.chains import ChainWorld


@final
@dataclass(frozen=True, kw_only=True)
class Strings(ChainWorld):
    """Strings whose springs obey Hooke's law."""

    energy_band: ClassVar[float | None] = 0.006
