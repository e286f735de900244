"""Worlds to learn from."""

from __future__ import annotations

from worlds import environments
from worlds.balls import Balls
from worlds.charges import Charges
from worlds.nbody import NBody
from worlds.playground import Playground
from worlds.putty import Putty
from worlds.rubber import Rubber
from worlds.strings import Strings
from worlds.swirl import Swirl

__all__ = ["Balls", "Charges", "NBody", "Playground", "Putty", "Rubber", "Strings", "Swirl"]

environments.register()
