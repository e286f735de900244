"""Planning: what to do, by what a learned engine foresees of it."""

from __future__ import annotations

from learners.planning.by_gradient import ByGradient
from learners.planning.futures import Futures
from learners.planning.planner import Planner
from learners.planning.sampled import Sampled

__all__ = ["ByGradient", "Futures", "Planner", "Sampled"]
