from __future__ import annotations

from physim.worlds.base import World
from physim.worlds.contract import check_world
from physim.worlds.find import find_world, world_builder
from physim.worlds.function import world

__all__ = ["World", "check_world", "find_world", "world", "world_builder"]
