"""Sequence models as module graphs, and generation that is fast and the same."""

from __future__ import annotations

from learners.sequences.bytenet import byte_model, bytenet
from learners.sequences.generation import Stream, generate
from learners.sequences.pixels import continued
from learners.sequences.video_pixels import FrameLikelihood, frame_nats, video_pixel_network
from learners.sequences.wavenet import wavenet

__all__ = [
    "FrameLikelihood",
    "Stream",
    "byte_model",
    "bytenet",
    "continued",
    "frame_nats",
    "generate",
    "video_pixel_network",
    "wavenet",
]
