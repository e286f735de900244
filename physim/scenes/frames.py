"""From the frames of bodies to the world."""

from __future__ import annotations

import torch
from torch import Tensor


def rotated(vectors: Tensor, angle: Tensor) -> Tensor:
    """Vectors turned by angles in radians, counter-clockwise.

    Shapes: vectors [..., 2], angle [...] -> [..., 2].
    """
    (x, y), cosine, sine = vectors.unbind(dim=-1), angle.cos(), angle.sin()
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], dim=-1)


def placed(points: Tensor, owner: Tensor, pos: Tensor, angle: Tensor) -> Tensor:
    """Where points of bodies lie in the world, in metres: each is fixed in the frame of the body that owns it.

    Shapes: points [P, 2], owner [P], pos [..., N, 2], angle [..., N] -> [..., P, 2].
    """
    place = pos[..., owner, :]
    return place + rotated(points, angle[..., owner]) if points.any() else place
