"""Impulses at points that two bodies share, contacts and joints, passed in rounds: what rigid bodies are made of."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

from physim.geometry import SMALLEST, idle, turned
from physim.normalisers import Welford
from physim.relation_models import MLP

BODY = 4
"""What a body is where it is struck: inverse mass, inverse moment of inertia, elasticity, friction."""
CHANGE = 6
"""A change of motion: of velocity (2) and angular velocity, and the shifts of position (2) and angle over dt."""
MOBILITY = 12
SHARP = (0.1, 1.0, 10.0, 100.0)
"""The scales at which gaps are seen, in parts of the speeds at a point."""
TINY = 1e-30
SLOW = 0.02
"""What share of the usual speed at a point is slow: speeds far below it are told as small."""


@final
class Mobility(nn.Module):
    """A code of how two bodies can answer an impulse at a point, symmetric in both; and the lighter one's mass.

    For each end: its mass beside the lighter one's, its lever arms beside its radius of gyration, and whether it moves
    at all; of both: elasticities and frictions, multiplied. Logs of sizes, and geometry.
    Shapes: frame [E, 6 or more] (the first of POINT_COLUMNS), body [E, 4] of sender and receiver -> code [E, 12],
    mass [E, 1].
    """

    def forward(self, frame: Tensor, sender: Tensor, receiver: Tensor) -> tuple[Tensor, Tensor]:
        lightest = torch.maximum(sender[:, :1], receiver[:, :1]).clamp(min=TINY)
        one, other = (
            _answer(frame[:, :2], frame[:, place : place + 2], body, lightest)
            for place, body in ((2, sender), (4, receiver))
        )
        surface = sender[:, 2:4] * receiver[:, 2:4]
        return torch.cat([one + other, one * other, surface, (surface + SMALLEST).log()], dim=-1), 1 / lightest


def _answer(normal: Tensor, lever: Tensor, body: Tensor, lightest: Tensor) -> Tensor:
    """One end's part of the code [E, 4]."""
    gyration = (body[:, 1:2] / body[:, :1].clamp(min=TINY)).sqrt()  # one over its radius; 0 for what cannot turn
    along, across = dot(lever, normal) * gyration, dot(lever, turned(normal)) * gyration
    slant = along * across / ((1 + along.square()) * (1 + across.square())).sqrt()
    sizes = [(body[:, :1] / lightest + SMALLEST).log(), along.square().log1p(), across.square().log1p()]
    return torch.cat([*sizes, slant], dim=-1) * (body[:, :1] > 0)


@final
class Strike(nn.Module):
    """One round of impulses at points: what each gives to its two bodies, knowing what all have given so far.

    A point sees how its surfaces move against each other, along the normal n and across it, t: before the step, and
    with all that changed so far; what it gave so far itself; and its `gaps`, as the speeds that would close them in a
    step of `dt`. These are told as shares of their common size S. With f all of it and the code of mobility, the point
    gives S exp(s(f)) (a(f) n + b(f) t) times the lighter body's mass, and a shift of places likewise; s, a, b are an
    MLP plus a linear map of f.
    Shapes: frame [E, 6 + gaps], code [E, `code`], given so far [E, 4], motion before (3) and change so far (6) of
    sender and receiver [E, 9] -> given in this round [E, 4], over the lighter mass.
    """

    slow: Tensor

    def __init__(self, dt: float, code: int, gaps: int = 1, width: int = 64, reach: float = math.inf) -> None:
        super().__init__()
        self.dt, self.gaps, self.reach = dt, gaps, reach
        features = 11 + 3 * gaps * len(SHARP) + code
        self.normal = Welford(features)
        self.bend = MLP(features, width, width, 6)
        self.line = nn.Linear(features, 6)
        self.register_buffer("slow", torch.tensor(1.0))
        with torch.no_grad():
            for parameter in (*self.bend[-1].parameters(), *self.line.parameters()):
                parameter.mul_(0.1)

    def forward(self, frame: Tensor, code: Tensor, given: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        if idle(frame):
            return given
        before, changed, shift = (
            _apart(frame, sender[:, place : place + 3], receiver[:, place : place + 3]) for place in (0, 3, 6)
        )
        known = torch.cat([before, before + changed, shift, given], dim=-1)
        if self.normal.measuring and len(known):
            self.slow.copy_(SLOW * before.square().sum(-1).mean().sqrt())
        size = (known.square().sum(-1, keepdim=True) + self.slow.square()).sqrt()
        gap = frame[:, 6 : 6 + self.gaps] / self.dt
        after = gap + known[:, 2:3]
        gaps = torch.cat([gap, after, after + shift[:, :1]], dim=-1) / size
        seen = [known / size, (size / self.slow).log(), *(torch.tanh(sharp * gaps) for sharp in SHARP)]
        features = self.normal(torch.cat([*seen, code], dim=-1))
        told = self.bend(features) + self.line(features)
        return told[:, [1, 2, 4, 5]] * told[:, [0, 0, 3, 3]].clamp(-40, 10).exp() * size


@final
class Pushes(nn.Module):
    """What points give, as impulses and torques on both of their bodies: opposite, at the same place.

    Shapes: frame [E, 6 or more], the lighter mass [E, 1], given [E, 4] -> at the sender, at the receiver [E, 6].
    """

    def forward(self, frame: Tensor, mass: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        normal, across = frame[:, :2], turned(frame[:, :2])
        pushes = [mass * (given[:, [place]] * normal + given[:, [place + 1]] * across) for place in (0, 2)]
        sent, received = (
            torch.cat([part for push in pushes for part in (push, cross(lever, push))], dim=-1)
            for lever in (frame[:, 2:4], frame[:, 4:6])
        )
        return -sent, received


@final
class Answer(nn.Module):
    """How bodies [N, 4] change their motion for impulses and torques [N, 6]: by inverse mass and inverse moment."""

    def forward(self, pushes: Tensor, body: Tensor) -> Tensor:
        return pushes * body[:, [0, 0, 1, 0, 0, 1]]


def dot(one: Tensor, other: Tensor) -> Tensor:
    """[E, 2] -> [E, 1]."""
    return (one * other).sum(-1, keepdim=True)


def cross(lever: Tensor, push: Tensor) -> Tensor:
    """The torque [E, 1] of a push [E, 2] at a lever [E, 2]."""
    return dot(turned(lever), push)


def _apart(frame: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
    """How fast the receiver's surface leaves the sender's [E, 2], along the normal and across, of motions [E, 3]."""
    moving = receiver[:, :2] - sender[:, :2]
    moving = moving + receiver[:, 2:] * turned(frame[:, 4:6]) - sender[:, 2:] * turned(frame[:, 2:4])
    return torch.cat([dot(moving, frame[:, :2]), dot(moving, turned(frame[:, :2]))], dim=-1)
