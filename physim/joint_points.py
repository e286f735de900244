"""Where springs and joints hold two bodies, as relations with geometry and their own numbers as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST
from physim.graph import Edges
from physim.scenes.frames import rotated
from physim.scenes.scene import RELATION_COLUMNS, RELATION_KINDS

JOINTS = RELATION_KINDS[1:]
"""The kinds of relations that are joints: springs too."""
GAPS = 2
HELD = len(JOINTS) + 2
"""What is told of a joint beside its geometry: flags of its kind, and a spring's stiffness and damping."""
CLOSE = 1e-9


def joint_points(joints: Edges, bodies: Mapping[str, Any]) -> Edges:
    """Joints as they lie now.

    Shapes: joints index [2, E], attributes [E, 12]: flags of JOINTS, RELATION_COLUMNS, anchors of both ends in their
    bodies' frames; bodies has pos [N, 2], angle [N, 1] -> attributes [E, 14]: as POINT_COLUMNS, with the two gaps to
    the least and to the most length, and what is HELD.
    """
    assert joints.attributes is not None
    kinds, columns, anchors = joints.attributes.split([len(JOINTS), len(RELATION_COLUMNS), 4], dim=-1)
    (sender, receiver), pos, angle = joints.index, bodies["pos"], bodies["angle"][:, 0]
    one, other = rotated(anchors[:, :2], angle[sender]), rotated(anchors[:, 2:], angle[receiver])
    apart = pos[receiver] + other - pos[sender] - one
    length = apart.norm(dim=-1, keepdim=True)
    across = torch.stack([torch.zeros_like(length[:, 0]), torch.ones_like(length[:, 0])], dim=-1)
    direction = torch.where(length > CLOSE, apart / length.clamp(min=CLOSE), across)
    slides = columns[:, 3:4] > 0
    gaps = [length - columns[:, :1], length - torch.where(slides, columns[:, 3:4], columns[:, :1])]
    return Edges(joints.index, torch.cat([direction, one, other, *gaps, kinds, columns[:, 1:3]], dim=-1))


@final
class Held(nn.Module):
    """What kind of joint it is; a spring's stiffness and damping by what they do to the lighter mass in a step.

    Shapes: attributes [E, 14] of `joint_points`, the lighter mass [E, 1] -> [E, 8].
    """

    features = HELD + 2

    def __init__(self, dt: float) -> None:
        super().__init__()
        self.dt = dt

    def forward(self, attributes: Tensor, mass: Tensor) -> Tensor:
        flags, stiffness, damping = attributes[:, -HELD:].split([len(JOINTS), 1, 1], dim=-1)
        steps = torch.cat([stiffness * self.dt**2, damping * self.dt], dim=-1) / mass
        return torch.cat([flags, steps.clamp(max=10), (steps + SMALLEST).log()], dim=-1)
