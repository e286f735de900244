"""How a synthesizer learns from true gradients, when they come."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor, nn

from physim.errors import PhysimError


@dataclass(frozen=True)
class Meter:
    """How well a synthesizer did when it last met a true gradient.

    The norms of both gradients, the cosine between them, the synthesizer's loss, and how many updates after its value
    the true gradient came.
    """

    true: float
    synthetic: float
    cosine: float
    loss: float
    staleness: int = 0


class Regression:
    """What a synthesizer guesses, and what it learns by: the mean over items of the squared error of their gradients.

    What goes back in the true gradient's place is `scale` times the guess, mixed with `mix` of the truth.
    """

    def __init__(self, name: str, synthesizer: nn.Module, scale: float = 1.0, mix: float = 0.0) -> None:
        if not 0 <= mix <= 1:
            raise PhysimError(f"{name}: mix is {mix}, wanted a share of the true gradient, 0 to 1")
        if not isfinite(scale):
            raise PhysimError(f"{name}: scale is {scale}, wanted a number that the guess is multiplied with")
        self.name, self.synthesizer, self.scale, self.mix = name, synthesizer, scale, mix
        self.staleness = 0
        self._last: Tensor | None = None

    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        """The gradient by a value [B, ...]; raises PhysimError where it has another shape."""
        synthetic = guessed(self.name, self.synthesizer, value, *given)
        if synthetic.shape != value.shape:
            got, wanted = list(synthetic.shape), list(value.shape)
            raise PhysimError(f"{self.name}: the synthesizer gives {got} for a value of {wanted}")
        return synthetic

    def met(self, gradient: Tensor, synthetic: Tensor) -> tuple[Tensor, Tensor]:
        """What goes back to the value, and the slope of the synthesizer's loss, once the true gradient is there."""
        guess, true = synthetic.detach().flatten(), gradient.flatten()
        error = len(gradient) * (guess - true).square().sum()
        self._last = torch.stack([true.norm(), guess.norm(), true @ guess, error])
        back = synthetic if self.scale == 1 else self.scale * synthetic
        if self.mix:
            back = torch.lerp(back, gradient, self.mix)
        return back, 2 * len(gradient) * (synthetic - gradient)

    @property
    def meter(self) -> Meter | None:
        """How well the synthesizer did last; None before it met a true gradient."""
        if self._last is None:
            return None
        true, synthetic, product, loss = self._last.tolist()
        norms = true * synthetic
        return Meter(true, synthetic, product / norms if norms else 0.0, loss, self.staleness)


def guessed(name: str, synthesizer: nn.Module, *seen: Tensor) -> Tensor:
    """What a synthesizer makes of what it sees; raises PhysimError where its layers do not fit that."""
    try:
        guess: Tensor = synthesizer(*seen)
    except RuntimeError as error:
        shapes = ", ".join(str(list(one.shape)) for one in seen)
        raise PhysimError(f"{name}: the synthesizer does not take what the wire gives it, {shapes}: {error}") from error
    return guess
