"""Where shapes touch, or may touch within a step: contact points as relations, with geometry alone as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

import torch
from torch import Tensor

from physim.graph import Edges
from physim.manifold import Hulls, Manifold, manifold
from physim.scenes.frames import rotated

POINT_COLUMNS = ("normal_x", "normal_y", "sender_x", "sender_y", "receiver_x", "receiver_y", "gap")
"""The attributes of a contact point: the unit vector from sender to receiver, the point as seen from the centres of
both, and how far apart the surfaces are now along the normal, in metres."""
BODY = ("pos", "vel", "angle", "angular_velocity", "corner", "corner_count", "radius")
"""What contact points are found from."""
STILL = 1e-12  # speeds under it close no gap


def contact_points(pairs: Tensor, bodies: Moving, dt: float, reach: float) -> Edges:
    """The points at which pairs of shapes [2, P] may touch in a step of `dt`: up to two relations for each pair.

    Pairs whose boxes do not meet (`Moving.swept_boxes`) have none: leave them out beforehand.

    Normal and points are those of the instant at which the two meet if nothing changes their motion; where they overlap
    or do not meet, those of now. Points whose surfaces stay farther apart than `reach` are left out.

    Shapes: index [2, E], attributes [E, 7] (POINT_COLUMNS).
    """
    ends = [bodies[end] for end in pairs]
    met = manifold(*(end.hulls for end in ends))
    wait = _wait(met, _approach(ends, met), dt)
    later = (wait > 0).nonzero()[:, 0]
    if len(later):
        ends = [end.after(wait[:, None]) for end in ends]
        met = _updated(met, later, manifold(*(end.hulls[later] for end in ends)))
    approach = _approach(ends, met)
    gap = met.gap + approach * wait[:, None]
    kept = gap - dt * approach < reach
    kept[:, 1] &= met.two
    pair, place = kept.nonzero().unbind(1)
    point = (met.first[pair, place] + met.second[pair, place]) / 2
    levers = [point - end.pos[pair] for end in ends]
    return Edges(pairs[:, pair], torch.cat([met.normal[pair], *levers, gap[pair, place, None]], dim=-1))


@final
@dataclass(frozen=True)
class Moving:
    """Shapes in motion, where they are now. Shapes: pos, vel [N, 2], turning [N, 1]; N hulls."""

    pos: Tensor
    vel: Tensor
    turning: Tensor
    hulls: Hulls

    @classmethod
    def of(cls, bodies: Mapping[str, Any]) -> Self:
        """The shapes of bodies.

        Shapes: pos, vel [N, 2], angle, angular_velocity, radius [N, 1], corner [N, V, 2], corner_count [N].
        """
        pos, vel, angle, turning, corner, count, radius = (bodies[name] for name in BODY)
        return cls(pos, vel, turning, Hulls(corner, count, radius[:, 0]).placed(pos, angle[:, 0]))

    def __getitem__(self, chosen: Tensor) -> Moving:
        return Moving(self.pos[chosen], self.vel[chosen], self.turning[chosen], self.hulls[chosen])

    def after(self, wait: Tensor) -> Moving:
        """Where they are after seconds [N, 1], if nothing happens."""
        pos = self.pos + wait * self.vel
        corner = pos[:, None] + rotated(self.hulls.corner - self.pos[:, None], wait * self.turning)
        return Moving(pos, self.vel, self.turning, Hulls(corner, self.hulls.count, self.hulls.radius))

    def speed(self, point: Tensor) -> Tensor:
        """How fast the bodies move at points [N, 2, 2]."""
        x, y = (point - self.pos[:, None]).unbind(-1)
        return self.vel[:, None] + self.turning[:, None] * torch.stack([-y, x], dim=-1)

    def swept_boxes(self, dt: float, reach: float) -> tuple[Tensor, Tensor]:
        """The boxes [N, 2] that hold the shapes during a step, wider by half of the reach on every side."""
        (low, high), step = self.hulls.boxes, dt * self.vel
        size = (self.hulls.corner - self.pos[:, None]).norm(dim=-1).amax(1, keepdim=True)
        margin = reach / 2 + (self.turning.abs() * dt).clamp(max=2) * size
        return low + step.clamp(max=0) - margin, high + step.clamp(min=0) + margin


def _approach(ends: list[Moving], met: Manifold) -> Tensor:
    """How fast the two surfaces come closer at each of the points [P, 2]."""
    point = (met.first + met.second) / 2
    return ((ends[0].speed(point) - ends[1].speed(point)) * met.normal[:, None]).sum(-1)


def _wait(now: Manifold, approach: Tensor, dt: float) -> Tensor:
    """The seconds until pairs meet [P], where that is within the step; else 0."""
    closing, gap = approach.amax(1), now.gap.amin(1)
    wait = torch.where((closing > STILL) & (gap > 0), gap / closing.clamp(min=STILL), 0.0)
    return torch.where(wait < dt, wait, 0.0)


def _updated(old: Manifold, rows: Tensor, new: Manifold) -> Manifold:
    """A manifold with some rows replaced."""
    names = ("normal", "first", "second", "gap", "two")
    return Manifold(*(getattr(old, name).index_put((rows,), getattr(new, name)) for name in names))


def boxes_meet(pairs: Tensor, boxes: tuple[Tensor, Tensor]) -> Tensor:
    """Which pairs have boxes that overlap [P] bool."""
    (first, second), (low, high) = pairs, boxes
    return ((low[first] <= high[second]) & (low[second] <= high[first])).all(-1)
