"""Sound in levels that are finer where it is quiet: mu-law, ITU-T G.711 (arXiv:1609.03499, section 2.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LEVELS = 256
MU = LEVELS - 1


def encoded(sound: Tensor) -> Tensor:
    """The levels [...] int64, 0 to 255, of sound [...] in -1 to 1; what is louder counts as that."""
    sound = sound.clamp(-1, 1)
    bent = sound.sign() * torch.log1p(MU * sound.abs()) / math.log1p(MU)
    return ((bent + 1) / 2 * LEVELS).floor().clamp(0, LEVELS - 1).long()


def decoded(levels: Tensor) -> Tensor:
    """The sound [...] float32 in the middle of each level."""
    bent = (2 * levels.float() + 1) / LEVELS - 1
    return bent.sign() * torch.expm1(bent.abs() * math.log1p(MU)) / MU
