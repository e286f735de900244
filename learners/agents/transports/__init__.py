"""How unrolls travel from actors to a learner, and weights back: in one process, in several, or over machines."""

from __future__ import annotations

from learners.agents.transports.base import Playing, Transport
from learners.agents.transports.here import Here
from learners.agents.transports.processes import Processes

__all__ = ["Here", "Playing", "Processes", "Transport"]
