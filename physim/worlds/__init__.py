"""What scenes come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physim.lazy import on_first_use

if TYPE_CHECKING:
    from physim.worlds.base import World as World
    from physim.worlds.contract import check_world as check_world
    from physim.worlds.find import find_world as find_world
    from physim.worlds.find import world_builder as world_builder
    from physim.worlds.function import world as world

_HOMES = {
    "World": "physim.worlds.base",
    "check_world": "physim.worlds.contract",
    "find_world": "physim.worlds.find",
    "world": "physim.worlds.function",
    "world_builder": "physim.worlds.find",
}
__all__ = list(_HOMES)
__getattr__ = on_first_use(__name__, _HOMES)
