"""What happens where a wire is cut: values go on, and another gradient than the true one comes back, at once."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Crossing(Protocol):
    """What a cut does with the true gradient of a value when it comes."""

    def met(self, gradient: Tensor, synthetic: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """What goes back to the value, and to the synthetic gradient (the slope of the synthesizer's own loss)."""


def crossed(value: Tensor, synthetic: Tensor, crossing: Crossing) -> Tensor:
    """The value, behind a cut; back goes what the crossing makes of the gradient."""
    return CutFunction.apply(value, synthetic, crossing)  # type: ignore[no-untyped-call]


def replaced(value: Tensor, imagined: Tensor) -> Tensor:
    """The imagined value in the place of the true one, whose gradient goes to the true one."""
    return Imagination.apply(value, imagined)  # type: ignore[no-untyped-call]


def foreseen(memory: Tensor, synthetic: Tensor, outputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The outputs, whose gradient brings `synthetic` to the memory."""
    return Future.apply(memory, synthetic, *outputs)  # type: ignore[no-untyped-call]


class CutFunction(torch.autograd.Function):
    """A value passed on; back goes what the crossing makes of the gradient, to the value and to its synthesizer."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, synthetic: Tensor, crossing: Crossing) -> Tensor:
        ctx.save_for_backward(synthetic)
        ctx.crossing = crossing
        return value.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        return *ctx.crossing.met(gradient, *ctx.saved_tensors), None


class Imagination(torch.autograd.Function):
    """Another value in the place of the true one: its gradient goes to the true one, its error back to itself."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, imagined: Tensor) -> Tensor:
        ctx.save_for_backward(value, imagined)
        return imagined.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        value, imagined = ctx.saved_tensors
        return gradient, 2 * (imagined - value) / len(value)


class Future(torch.autograd.Function):
    """Outputs passed on, whose gradient brings one to the memory after them: what later windows will say of it."""

    @staticmethod
    def forward(ctx: Any, memory: Tensor, synthetic: Tensor, *outputs: Tensor) -> tuple[Tensor, ...]:
        ctx.save_for_backward(synthetic)
        return tuple(output.detach() for output in outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return *ctx.saved_tensors, None, *gradients
