"""The network of rigid bodies, which touch, rub, turn and hang together: impulses at points, passed in rounds."""

from __future__ import annotations

from typing import Self, final

import torch
from torch import Tensor, nn

from physim.graph import ModuleGraph, Port, Relations, added, builder, joined, receivers, scattered, senders
from physim.impulses import CHANGE, MOBILITY, Answer, Mobility, Pushes, Strike
from physim.joint_points import GAPS, Held
from physim.interaction import total
from physim.relation_models import Drift


@builder("rigid_bodies")
def rigid_bodies(dt: float, reach: float, rounds: int = 12, joints: bool = False) -> ModuleGraph:
    """Rigid bodies: gravity first, then `rounds` rounds by one module in which contacts (and `joints`) push.

    Every point gives both of its bodies opposite impulses at one place, so momentum and angular momentum are kept by
    construction; positions are read only as differences, masses and lever arms only as ratios. Points whose surfaces
    stay farther apart than `reach` (m) in a step of `dt` (s) do not act. Output: "motion_change" [N, 6], changes of
    velocity (m/s) and of angular velocity, and shifts of position (m) and angle.
    """
    net = ModuleGraph()
    body = net.input("body")
    motion = net.add("motion", AsParameters(), joined(net.input("vel"), net.input("angular_velocity")))
    drift = net.add("drift", Drift(32, damped=False), net.input("external"), net.input("inverse_mass"))
    change = net.add("free", Widened(CHANGE), drift)
    sets = [_Points.contacts(net, body, dt, reach)]
    if joints:
        sets.append(_Points.joints(net, body, dt))
    answer = Answer()
    for number in range(1, rounds + 1):
        state = joined(motion, change)
        pushes = [points.struck(number, state) for points in sets]
        answered = net.add(f"answer_{number}", answer, total(pushes), body)
        change = added(change, answered)
    net.returns(net.add("motion_change", Shifted(dt), change))
    return net


@final
class _Points:
    """Adds to a graph the rounds of one set of points, and keeps in mind what they have given so far."""

    def __init__(self, net: ModuleGraph, along: Relations, code: Port, mass: Port, strike: Strike) -> None:
        self.net, self.along, self.code, self.mass, self.strike = net, along, code, mass, strike
        self.pushes = Pushes()
        self.given = net.add(f"{along.name}_begin", Nothing(4), mass)

    @classmethod
    def contacts(cls, net: ModuleGraph, body: Port, dt: float, reach: float) -> Self:
        """Contact points."""
        along = net.relations("points")
        ends = senders(body, along), receivers(body, along)
        code, mass = net.add("points_code", Mobility(), along.attributes, *ends, outputs=2)
        return cls(net, along, code, mass, Strike(dt, MOBILITY, reach=reach))

    @classmethod
    def joints(cls, net: ModuleGraph, body: Port, dt: float) -> Self:
        """Springs and joints."""
        along = net.relations("joints")
        ends = senders(body, along), receivers(body, along)
        code, mass = net.add("joints_code", Mobility(), along.attributes, *ends, outputs=2)
        held = net.add("joints_held", Held(dt), along.attributes, mass)
        return cls(net, along, joined(code, held), mass, Strike(dt, MOBILITY + Held.features, GAPS))

    def struck(self, number: int, state: Port) -> Port:
        """What bodies [N, 6] receive in a round, in which they move as `state` says."""
        name, along = self.along.name, self.along
        ends = senders(state, along), receivers(state, along)
        round_ = self.net.add(f"{name}_{number}", self.strike, along.attributes, self.code, self.given, *ends)
        self.given = added(self.given, round_)
        sent, received = self.net.add(f"{name}_pushes_{number}", self.pushes, along.attributes, self.mass, round_, outputs=2)
        return scattered(sent, received)


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
    """[N, F] with zeros behind, up to a width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, value: Tensor) -> Tensor:
        return nn.functional.pad(value, (0, self.width - value.shape[1]))


@final
class Nothing(nn.Module):
    """Zeros [E, width] for anything [E, ...]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, value: Tensor) -> Tensor:
        return value.new_zeros(len(value), self.width)


@final
class Shifted(nn.Module):
    """A change of motion whose shifts are told as speeds, with the shifts in metres and radians."""

    def __init__(self, dt: float) -> None:
        super().__init__()
        self.dt = dt

    def forward(self, change: Tensor) -> Tensor:
        return torch.cat([change[:, :3], self.dt * change[:, 3:]], dim=-1)
