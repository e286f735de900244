"""Graphs of modules that pass messages."""

from __future__ import annotations

from physim.graph.attending import attended
from physim.graph.builders import build_graph, builder, load_graph, load_state, save_graph
from physim.graph.checks import check_steps
from physim.graph.context import Edges, State, detach
from physim.graph.cutting import decoupled, imagined
from physim.graph.delays import delayed
from physim.graph.losses import Loss, losses_of
from physim.graph.memory import LSTM, CausalConv1d, Memory
from physim.graph.module_graph import ModuleGraph
from physim.graph.ports import Port, Relations
from physim.graph.synthesizers import (
    BentSynthesizer,
    ConvolutionalSynthesizer,
    Feedback,
    LinearSynthesizer,
    PerceptronSynthesizer,
    ResidualSynthesizer,
    Synthesizer,
)
from physim.graph.unfolding import repeated, unfolded
from physim.graph.unlocked import Unlocked
from physim.graph.wires import (
    added,
    averaged,
    detached,
    exchanged,
    joined,
    largest,
    pooled,
    receivers,
    scattered,
    senders,
    spread,
    summed,
)

__all__ = [
    "LSTM",
    "BentSynthesizer",
    "CausalConv1d",
    "ConvolutionalSynthesizer",
    "Edges",
    "Feedback",
    "LinearSynthesizer",
    "Loss",
    "Memory",
    "ModuleGraph",
    "PerceptronSynthesizer",
    "Port",
    "Relations",
    "ResidualSynthesizer",
    "State",
    "Synthesizer",
    "Unlocked",
    "added",
    "attended",
    "averaged",
    "build_graph",
    "builder",
    "check_steps",
    "decoupled",
    "delayed",
    "detach",
    "detached",
    "exchanged",
    "imagined",
    "joined",
    "largest",
    "load_graph",
    "load_state",
    "losses_of",
    "pooled",
    "receivers",
    "repeated",
    "save_graph",
    "scattered",
    "senders",
    "spread",
    "summed",
    "unfolded",
]
