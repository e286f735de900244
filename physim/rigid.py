"""The network of rigid bodies, which touch, rub, turn and hang together: impulses at points, passed in rounds."""

from __future__ import annotations

from typing import Any, Self, final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST
from physim.graph import ModuleGraph, Port, Relations, added, builder, joined, receivers, scattered, senders
from physim.impulses import MOBILITY, Answer, Directions, Gaps, Inertia, Mobility, Pushes, Reach, Speeds, Strike
from physim.interaction import FREE, total
from physim.joint_points import GAPS, Held
from physim.normalisers import Welford
from physim.relation_models import MLP, Measured, usual_change


@builder("rigid_bodies")
def rigid_bodies(dt: float, reach: float, rounds: int = 12, joints: bool = False, damped: bool = False) -> ModuleGraph:
    """Rigid bodies: gravity first, and what slows bodies down where scenes are `damped`; then rounds of pushes.

    In each of `rounds` rounds, all by one module, contacts (and `joints`) push. Every point gives both of its bodies
    opposite impulses, contacts at one place, so momentum is kept by construction, and angular momentum at contacts;
    positions are read only as differences, masses and lever arms only as ratios. Points whose surfaces stay farther
    apart than `reach` (m) in a step of `dt` (s) do not act. Output: "motion_change" [N, 6], changes of velocity (m/s)
    and of angular velocity, and shifts of position (m) and angle.
    """
    net = ModuleGraph()
    body = net.input("body")
    motion = net.add("motion", AsParameters(), joined(net.input("vel"), net.input("angular_velocity")))
    inverse_mass = net.input("inverse_mass")
    fall = net.add("fall", Fall(), net.input("external"), inverse_mass)
    parts = [fall, net.add("drag", Drag(), motion, inverse_mass)] if damped else [fall]
    free = net.add(FREE, nn.Identity(), total(parts))
    change = net.add("begin", Widened(), free)
    sets = [_Points.contacts(net, body, motion, dt, reach)]
    if joints:
        sets.append(_Points.joints(net, body, motion, dt))
    answer, inertia = Answer(), net.add("inertia", Inertia(), body)
    for number in range(1, rounds + 1):
        pushes = [points.struck(number, change) for points in sets]
        answered = net.add(f"answer_{number}", answer, total(pushes), inertia)
        change = added(change, answered)
    net.returns(net.add("motion_change", Told(dt), change))
    return net


@final
class _Points:
    """Adds to a graph the rounds of one set of points, and keeps in mind what they have given so far."""

    def __init__(self, net: ModuleGraph, along: Relations, body: Port, motion: Port) -> None:
        self.net, self.along, self.name = net, along, along.name
        self.code, self.mass = self._added("code", Mobility(), along.attributes, *self._ends(body), outputs=2)
        self.directions = self._added("directions", Directions(), along.attributes)
        self.before = self._added("before", Speeds(), self.directions, *self._ends(motion))
        self.given = self._added("begin", Nothing(2, 2), self.mass)
        self.pushes = Pushes()
        self.gaps: Port
        self.strike: Strike

    @classmethod
    def contacts(cls, net: ModuleGraph, body: Port, motion: Port, dt: float, reach: float) -> Self:
        """Contact points."""
        points = cls(net, net.relations("points"), body, motion)
        points.gaps = points._added("gaps", Reach(dt, reach), points.along.attributes)
        points.strike = Strike(MOBILITY)
        return points

    @classmethod
    def joints(cls, net: ModuleGraph, body: Port, motion: Port, dt: float) -> Self:
        """Springs and joints."""
        points = cls(net, net.relations("joints"), body, motion)
        points.gaps = points._added("gaps", Gaps(dt, GAPS), points.along.attributes)
        held = points._added("held", Held(dt), points.along.attributes, points.mass)
        points.code = joined(points.code, held)
        points.strike = Strike(MOBILITY + Held.features, GAPS)
        return points

    def struck(self, number: int, change: Port) -> Port:
        """What bodies [N, 3, 2] receive in a round, whose motion has changed so far by `change`."""
        seen = self.directions, self.gaps, self.code, self.given, self.before
        given = self._added(f"{number}", self.strike, *seen, *self._ends(change))
        self.given = added(self.given, given)
        return scattered(*self._added(f"pushes_{number}", self.pushes, self.directions, self.mass, given, outputs=2))

    def _ends(self, port: Port) -> tuple[Port, Port]:
        return senders(port, self.along), receivers(port, self.along)

    def _added(self, name: str, module: nn.Module, *ports: Port, outputs: int = 1) -> Any:
        return self.net.add(f"{self.name}_{name}", module, *ports, outputs=outputs)


@final
class Fall(Measured):
    """The change of velocity of what falls freely: along gravity, of a size learned from gravity's.

    Shapes: external [N, 2], inverse_mass [N, 1] -> [N, 3], nothing turns; what cannot move stays.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.normal = Welford(1)
        self.bend = MLP(1, width, 1)
        self.line = nn.Linear(1, 1)

    def forward(self, external: Tensor, inverse_mass: Tensor) -> Tensor:
        size = external.norm(dim=-1, keepdim=True)
        told = self.normal(size)
        speed = (self.bend(told) + self.line(told)) * self.log_scale.exp() * (inverse_mass > 0)
        return nn.functional.pad(external / size.clamp(min=SMALLEST) * speed, (0, 1))

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        self.log_scale.copy_(usual_change(change, inverse_mass).log())


@final
class Drag(nn.Module):
    """The change of velocity and angular velocity of what is slowed down: shares of them, learned from their sizes.

    Shapes: motion [N, 3], inverse_mass [N, 1] -> [N, 3]; what cannot move stays.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.normal = Welford(2)
        self.shares = MLP(2, width, 2)
        with torch.no_grad():
            for parameter in self.shares[-1].parameters():
                parameter.zero_()

    def forward(self, motion: Tensor, inverse_mass: Tensor) -> Tensor:
        sizes = torch.cat([motion[:, :2].norm(dim=-1, keepdim=True), motion[:, 2:].abs()], dim=-1)
        along, turning = self.shares(self.normal((sizes + SMALLEST).log())).split(1, dim=-1)
        return torch.cat([along * motion[:, :2], turning * motion[:, 2:]], dim=-1) * (inverse_mass > 0)


@final
class AsParameters(nn.Module):
    """Numbers in the precision of the network's own: engines keep motion in float64."""

    kind: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kind", torch.zeros(()))

    def forward(self, value: Tensor) -> Tensor:
        return value.to(self.kind.dtype)


@final
class Widened(nn.Module):
    """A change of velocity and angular velocity [N, 3] beside the shifts, which begin at 0: [N, 3, 2]."""

    def forward(self, change: Tensor) -> Tensor:
        return nn.functional.pad(change[..., None], (0, 1))


@final
class Nothing(nn.Module):
    """Zeros [E, *shape] for anything [E, ...]."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, value: Tensor) -> Tensor:
        return value.new_zeros(len(value), *self.shape)


@final
class Told(nn.Module):
    """A change of motion [N, 3, 2] whose shifts are speeds, in a row [N, 6] with shifts in metres and radians."""

    def __init__(self, dt: float) -> None:
        super().__init__()
        self.dt = dt

    def forward(self, change: Tensor) -> Tensor:
        return torch.cat([change[..., 0], self.dt * change[..., 1]], dim=-1)
