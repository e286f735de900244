"""What the physics graphs are trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from physim.graph import Loss, Port


@final
class ImpulseError(Loss):
    """The relative error of the impulse that each body received, plus that of what groups of examples changed by.

    Lengths, not squares: a few close encounters own every mean square, and a network that only serves them is rough
    everywhere else. Impulses far below `floor` and changes of velocity far below `slow` count absolutely.
    """

    group = 16

    def __init__(self, port: Port, floor: float, slow: float) -> None:
        super().__init__("impulse", port)
        self.floor = floor
        self.slow = slow

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        wanted, moves, mass = (targets[name].to(values[0].dtype) for name in ("velocity_change", "moves", "mass"))
        error = (values[0] - wanted).square().sum(-1, keepdim=True) * moves
        change = wanted.square().sum(-1, keepdim=True) * moves
        bodies = _length(mass.square() * error / (mass.square() * change + self.floor**2))
        owner = targets["scene"] // self.group
        marks = torch.cat([error, change + self.slow**2 * moves], dim=1)
        groups = marks.new_zeros(int(owner[-1]) + 1, 2).index_add(0, owner, marks)
        return (bodies * moves).sum() / moves.sum() + _length(groups[:, 0] / groups[:, 1]).mean()


@final
class MotionError(Loss):
    """The relative error of how each body's motion changes, plus that of what groups of examples changed by.

    All are told as speeds, by the target "sizes" [N, 6]: turning at the radius of gyration, and shifts by the time of a
    step. Changes far below `slow` count absolutely.
    """

    group = 16

    def __init__(self, port: Port, slow: float) -> None:
        super().__init__("motion", port)
        self.slow = slow

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        moves, sizes = (targets[name].to(values[0].dtype) for name in ("moves", "sizes"))
        wanted = targets["motion_change"].to(values[0].dtype) * sizes
        error = (values[0] * sizes - wanted).unflatten(1, (2, 3)).square().sum(-1) * moves  # [N, 2]
        change = wanted[:, :3].square().sum(-1, keepdim=True) * moves
        bodies = _length(error / (change + self.slow**2))
        owner = targets["scene"] // self.group
        marks = torch.cat([error, change + self.slow**2 * moves], dim=1)
        groups = marks.new_zeros(int(owner[-1]) + 1, 3).index_add(0, owner, marks)
        return (bodies * moves).sum() / moves.sum() + _length(groups[:, :2] / groups[:, 2:]).sum(-1).mean()


def _length(square: Tensor) -> Tensor:
    """A square root whose slope stays finite at 0."""
    return (square + 1e-12).sqrt()


@final
class VelocityError(Loss):
    """The mean squared error of the next velocity (arXiv:1612.00222, section 3), in the scale of its usual change.

    On a port "velocity_change" it is the same error of the change: the velocity before it is known.
    """

    def __init__(self, port: Port, typical: float) -> None:
        super().__init__("velocity", port)
        self.typical = typical

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        wanted, moves = (targets[name].to(values[0].dtype) for name in (self.ports[0].name, "moves"))
        return ((values[0] - wanted).square() * moves).sum() / (2 * self.typical**2 * moves.sum())


@final
class EffectSize(Loss):
    """The paper's penalty on large effects: `weight` times their mean square."""

    def __init__(self, port: Port, weight: float) -> None:
        super().__init__("effects", port)
        self.weight = weight

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return self.weight * values[0].square().mean()
