"""What takes a scene from one instant to the next: the truth, the learned engine, and yours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physim.lazy import on_first_use

if TYPE_CHECKING:
    from physim.engines.base import Engine as Engine
    from physim.engines.base import State as State
    from physim.engines.contract import check_engine as check_engine
    from physim.engines.guest import find_engine as find_engine
    from physim.engines.hybrid import HybridEngine as HybridEngine
    from physim.engines.hybrid_contacts import HybridContactsEngine as HybridContactsEngine
    from physim.engines.learned import LearnedEngine as LearnedEngine
    from physim.engines.named import ENGINES as ENGINES
    from physim.engines.named import engine_named as engine_named
    from physim.engines.truth import PymunkEngine as PymunkEngine
    from physim.engines.vectorised import VectorEngine as VectorEngine

_HOMES = {
    "ENGINES": "physim.engines.named",
    "Engine": "physim.engines.base",
    "HybridContactsEngine": "physim.engines.hybrid_contacts",
    "HybridEngine": "physim.engines.hybrid",
    "LearnedEngine": "physim.engines.learned",
    "PymunkEngine": "physim.engines.truth",
    "State": "physim.engines.base",
    "VectorEngine": "physim.engines.vectorised",
    "check_engine": "physim.engines.contract",
    "engine_named": "physim.engines.named",
    "find_engine": "physim.engines.guest",
}
__all__ = list(_HOMES)
__getattr__ = on_first_use(__name__, _HOMES)
