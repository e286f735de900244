from __future__ import annotations

from physim.engines.base import Engine, State
from physim.engines.contract import check_engine
from physim.engines.guest import find_engine
from physim.engines.hybrid import HybridEngine
from physim.engines.hybrid_contacts import HybridContactsEngine
from physim.engines.learned import LearnedEngine
from physim.engines.named import ENGINES, engine_named
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.engines.vectorised import VectorEngine

__all__ = [
    "ENGINES",
    "Engine",
    "HybridContactsEngine",
    "HybridEngine",
    "LearnedEngine",
    "PymunkEngine",
    "State",
    "VectorEngine",
    "check_engine",
    "engine_named",
    "find_engine",
    "rollout",
]
