"""What the updates of a graph in several processes learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor

from physim.graph.context import State
from physim.graph.module_graph import Inputs


class Batch(NamedTuple):
    """What an update learns from; in graphs with memory windows begin with `state`, or a fresh one."""

    inputs: Inputs
    targets: Mapping[str, Tensor]
    state: State | None = None


Batches = Callable[[int], Batch | tuple[Inputs, Mapping[str, Tensor]]]
"""The batch of each update by its number; the same in all processes."""
