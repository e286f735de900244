"""Worlds to learn from."""

from __future__ import annotations

from worlds.charges import Charges
from worlds.nbody import NBody
from worlds.swirl import Swirl

__all__ = ["Charges", "NBody", "Swirl"]
