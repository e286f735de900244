"""The same graph in several processes: modules have ranks, plain wires wait, and cut wires never do."""

from __future__ import annotations

from physim.ranks.batches import Batch
from physim.ranks.launch import launch
from physim.ranks.placed import Placed

__all__ = ["Batch", "Placed", "launch"]
