"""Sequence models as module graphs, and generation that is fast and the same."""

from __future__ import annotations

from learners.sequences.bytenet import byte_model, bytenet
from learners.sequences.generation import Stream, generate
from learners.sequences.wavenet import wavenet

__all__ = ["Stream", "byte_model", "bytenet", "generate", "wavenet"]
