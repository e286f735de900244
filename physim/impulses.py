"""Impulses at points that two bodies share, contacts and joints, passed in rounds: what rigid bodies are made of."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST, idle, turned
from physim.relation_models import Measured, usual_change

MOBILITY = 12
"""How many numbers code how two bodies can answer an impulse."""
SHARP = (0.1, 1.0, 10.0, 100.0)
"""The scales at which gaps are seen, in parts of the speeds at a point."""
TINY = 1e-30
SLOW = 0.05
"""What part of the usual change of velocity is slow: speeds far below it are told as small."""
LOG = 0.2
"""Logs of sizes are told in this scale, all other features as they are: of size 1."""


@final
class Mobility(nn.Module):
    """A code of how two bodies can answer an impulse at a point, symmetric in both; and the lighter one's mass.

    For each end: its mass beside the lighter one's, its lever arms beside its radius of gyration, and whether it moves
    at all; of both: elasticities and frictions, multiplied. Logs of sizes, and geometry.
    Shapes: frame [E, 6 or more] (the first of POINT_COLUMNS), body [E, 4] of sender and receiver (inverse mass, inverse
    moment of inertia, elasticity, friction) -> code [E, 12], mass [E, 1].
    """

    def forward(self, frame: Tensor, sender: Tensor, receiver: Tensor) -> tuple[Tensor, Tensor]:
        lightest = torch.maximum(sender[:, :1], receiver[:, :1]).clamp(min=TINY)
        one, other = (
            _answer(frame[:, :2], frame[:, place : place + 2], body, lightest)
            for place, body in ((2, sender), (4, receiver))
        )
        surface = sender[:, 2:4] * receiver[:, 2:4]
        logs = LOG * (surface + SMALLEST).log()
        return torch.cat([one + other, one * other, surface, logs], dim=-1), 1 / lightest


def _answer(normal: Tensor, lever: Tensor, body: Tensor, lightest: Tensor) -> Tensor:
    """One end's part of the code [E, 4]."""
    gyration = (body[:, 1:2] / body[:, :1].clamp(min=TINY)).sqrt()  # one over its radius; 0 for what cannot turn
    along, across = dot(lever, normal) * gyration, dot(lever, turned(normal)) * gyration
    slant = along * across / ((1 + along.square()) * (1 + across.square())).sqrt()
    sizes = [LOG * (body[:, :1] / lightest + SMALLEST).log(), along.square().log1p(), across.square().log1p()]
    return torch.cat([*sizes, slant], dim=-1) * (body[:, :1] > 0)


@final
class Directions(nn.Module):
    """How the motions of two bodies show at a point they share: how fast the receiver leaves the sender, along the
    normal and across it, for motions (velocity, angular velocity) of 1.

    Shapes: frame [E, 6 or more] -> [E, 2, 6] (direction; motion of the sender, then of the receiver).
    """

    def forward(self, frame: Tensor) -> Tensor:
        axes = torch.stack([frame[:, :2], turned(frame[:, :2])], dim=1)
        turning = (axes @ turned(lever)[..., None] for lever in (frame[:, 2:4], frame[:, 4:6]))
        sender, receiver = (torch.cat([axes, part], dim=-1) for part in turning)
        return torch.cat([-sender, receiver], dim=-1)


class Gaps(nn.Module):
    """The gaps of frames [E, 6 + `gaps` or more], as the speeds [E, gaps] that would close them in a step of `dt`."""

    def __init__(self, dt: float, gaps: int) -> None:
        super().__init__()
        self.dt, self.gaps = dt, gaps

    def forward(self, frame: Tensor) -> Tensor:
        return frame[:, 6 : 6 + self.gaps] / self.dt


@final
class Reach(Gaps):
    """The one gap of contact points; says that those do not act whose surfaces stay farther apart than `reach` (m)."""

    def __init__(self, dt: float, reach: float) -> None:
        super().__init__(dt, 1)
        self.reach = reach


@final
class Strike(Measured):
    """One round of impulses at points: what each gives to its two bodies, knowing what all have given so far.

    A point sees how its surfaces move against each other, along the normal n and across it, t: before the step, and
    with all that changed so far; what it gave so far itself; and its `gaps`, as the speeds that would close them in a
    step. These are told as shares of their common size S. With f all of it and the code of mobility, the point
    gives S exp(s(f)) (a(f) n + b(f) t) times the lighter body's mass, and a shift of places likewise; s, a, b are an
    MLP plus a linear map of f.
    Shapes: directions [E, 2, 6], gaps [E, G], code [E, `code`], given so far [E, 2, 2] (along or across; impulse or
    shift), how fast the surfaces move before [E, 2, 1], and the changes so far of sender and receiver [E, 3, 2] ->
    given in this round [E, 2, 2], over the lighter mass.
    """

    sharp: Tensor
    begun: Tensor

    def __init__(self, code: int, gaps: int = 1, width: int = 64) -> None:
        super().__init__()
        self.width = width
        features = 11 + 3 * gaps * len(SHARP) + code
        self.first = nn.Linear(features, width + 6)
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, 6)
        self.register_buffer("sharp", torch.tensor(SHARP), persistent=False)
        self.register_buffer("begun", torch.tensor([1.0, 0.0]), persistent=False)  # shifts begin at 0
        with torch.no_grad():
            for parameter in (*self.last.parameters(), self.first.weight[width:], self.first.bias[width:]):
                parameter.mul_(1e-3)  # rounds upon rounds of pushes would grow

    def forward(
        self, directions: Tensor, gaps: Tensor, code: Tensor, given: Tensor, before: Tensor, *ends: Tensor
    ) -> Tensor:
        if idle(gaps):
            return given
        changed = directions @ torch.cat(ends, dim=1)  # [E, 2, 2]
        known = torch.cat([before, changed.addcmul(before, self.begun), given], dim=-1).flatten(1)
        slow = self.log_scale.exp()
        size = torch.hypot(torch.linalg.vector_norm(known, dim=-1, keepdim=True), slow)
        after = gaps + known[:, 1:2]
        seen = torch.cat([gaps, after, after + known[:, 2:3]], dim=-1) / size
        seen = torch.tanh(seen[..., None] * self.sharp).flatten(1)
        features = torch.cat([known / size, seen, LOG * (size / slow).log(), code], dim=-1)
        bent, line = self.first(features).split([self.width, 6], dim=-1)
        told = self.last(torch.relu(self.second(torch.relu(bent)))) + line
        sizes = told[:, :2].clamp(-40, 10).exp() * size
        return told[:, 2:].view(-1, 2, 2) * sizes[:, None]

    def measure(self, change: Tensor, inverse_mass: Tensor) -> None:
        self.log_scale.copy_((SLOW * usual_change(change, inverse_mass)).log())


@final
class Speeds(nn.Module):
    """How fast the surfaces of sender and receiver, of motions [E, 3], leave each other at a point: [E, 2, 1]."""

    def forward(self, directions: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        return directions @ torch.cat([sender, receiver], dim=-1)[..., None]


@final
class Pushes(nn.Module):
    """What points give, as impulses and torques on both of their bodies: opposite, at the same place.

    Shapes: directions [E, 2, 6], the lighter mass [E, 1], given [E, 2, 2] -> at the sender, at the receiver [E, 3, 2].
    """

    def forward(self, directions: Tensor, mass: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        pushes = directions.mT @ (given * mass[..., None])
        return pushes[:, :3], pushes[:, 3:]


@final
class Inertia(nn.Module):
    """What makes changes of motion of pushes: the inverse mass, twice, and the inverse moment of bodies [N, 4]."""

    def forward(self, body: Tensor) -> Tensor:
        return body[:, [0, 0, 1], None]


@final
class Answer(nn.Module):
    """How bodies change their motion for impulses and torques [N, 3, 2], by their `Inertia` [N, 3, 1]."""

    def forward(self, pushes: Tensor, inertia: Tensor) -> Tensor:
        return pushes * inertia


def dot(one: Tensor, other: Tensor) -> Tensor:
    """[E, 2] -> [E, 1]."""
    return (one * other).sum(-1, keepdim=True)
