"""A graph's step as one program, which torch.compile makes: for graphs that no fused step is written for."""

from __future__ import annotations

import shutil
from typing import final

import torch

from learners.sequences.ways import Stepping
from physim.errors import PhysimError
from physim.graph import ModuleGraph

COMPILERS = ("c++", "g++", "clang++", "cl")
"""By one of which torch compiles for the processor."""


@final
class Compiled(Stepping):
    """Makes the symbols of any graph as `Plain` does, by a step that is compiled while the first of them are made.

    That takes from 10 seconds to a minute: for those who want many symbols.

    Raises: PhysimError for a graph on the processor where there is no C++ compiler.
    """

    def __init__(self, net: ModuleGraph) -> None:
        if next(net.parameters()).device.type == "cpu" and not self.possible():
            raise PhysimError(f"the compiled step wants a C++ compiler, and found none of {', '.join(COMPILERS)}")
        super().__init__(net, torch.compile(net.step, options={"fx_graph_cache": False}))  # no graph fits its keys

    @staticmethod
    def possible() -> bool:
        """Whether there is a compiler for the processor."""
        return any(map(shutil.which, COMPILERS))
