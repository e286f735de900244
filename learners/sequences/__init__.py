"""Sequence models as module graphs, and generation that is fast and the same."""

from __future__ import annotations

from learners.sequences.beams import search
from learners.sequences.bytenet import byte_model, bytenet
from learners.sequences.compiled import Compiled
from learners.sequences.generation import generate
from learners.sequences.pixels import continued
from learners.sequences.rows import Crops, SymbolRow
from learners.sequences.streams import Stream
from learners.sequences.training import SequenceTraining
from learners.sequences.video_pixels import FrameLikelihood, frame_nats, video_pixel_network
from learners.sequences.wavenet import wavenet

__all__ = [
    "Compiled",
    "Crops",
    "FrameLikelihood",
    "SequenceTraining",
    "Stream",
    "SymbolRow",
    "byte_model",
    "bytenet",
    "continued",
    "frame_nats",
    "generate",
    "search",
    "video_pixel_network",
    "wavenet",
]
