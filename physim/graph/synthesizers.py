"""Synthesizers: modules that guess a gradient from what is there already."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from physim.errors import PhysimError


class Synthesizer(nn.Module, ABC):
    """Guesses the gradient of a value from the value and what else is given, such as labels (arXiv:1608.05343).

    Its network guesses the gradient of an item's own loss; that is divided by the number of items, as losses that are
    means over items do, so that the numbers it learns do not depend on the batch. `unit` is about the size of an item's
    gradient, in which it counts, so that small gradients are not lost in the noise of its steps. A synthesizer says
    nothing at first: its last layer is zero.

    Shapes: value [B, ...], given [B, G] each -> [B, ...].
    """

    def __init__(self, unit: float = 1.0, **arguments: Any) -> None:
        super().__init__()
        self.unit, self.arguments = unit, {**arguments, **({} if unit == 1 else {"unit": unit})}

    def forward(self, value: Tensor, *given: Tensor) -> Tensor:
        return self.guess(value, *given) * (self.unit / max(1, len(value)))

    @abstractmethod
    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        """The gradient of each item's own loss, in units."""


@final
class LinearSynthesizer(Synthesizer):
    """hA + yB + c, of values h [B, features] and what is given y [B, given]."""

    def __init__(self, features: int, given: int = 0, unit: float = 1.0) -> None:
        super().__init__(unit, features=features, given=given)
        self.line = _silent(nn.Linear(features + given, features))

    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        return self.line(torch.cat([value, *given], dim=1))


@final
class PerceptronSynthesizer(Synthesizer):
    """Layers of the `hidden` widths, each with batch normalisation and ReLU; then a linear one."""

    def __init__(
        self,
        features: int,
        given: int = 0,
        hidden: Sequence[int] = (1024, 1024),
        unit: float = 1.0,
    ) -> None:
        super().__init__(unit, features=features, given=given, hidden=list(hidden))
        layers: list[nn.Module] = []
        width = features + given
        for wider in hidden:
            layers += [nn.Linear(width, wider), nn.BatchNorm1d(wider), nn.ReLU()]
            width = wider
        self.layers = nn.Sequential(*layers, _silent(nn.Linear(width, features)))

    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        return self.layers(torch.cat([value, *given], dim=1))


@final
class ResidualSynthesizer(Synthesizer):
    """hA + yB + c, and what a layer of `hidden` units, with layer normalisation and ReLU, adds to it.

    For memories: no item's guess depends on other items, and noisy gradients leave the units alive.
    """

    def __init__(self, features: int, given: int = 0, hidden: int = 128, unit: float = 1.0) -> None:
        super().__init__(unit, features=features, given=given, hidden=hidden)
        self.line = _silent(nn.Linear(features + given, features))
        layers = (nn.Linear(features + given, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.rest = nn.Sequential(*layers, _silent(nn.Linear(hidden, features)))

    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        seen = torch.cat([value, *given], dim=1)
        return self.line(seen) + self.rest(seen)


@final
class ConvolutionalSynthesizer(Synthesizer):
    """Convolutions with batch normalisation and ReLU, for images [B, channels, H, W]; what is given fills channels.

    `hidden` are the channels of the inner layers.
    """

    def __init__(self, channels: int, given: int = 0, hidden: Sequence[int] = (64, 64), kernel_size: int = 5) -> None:
        super().__init__(channels=channels, given=given, hidden=list(hidden), kernel_size=kernel_size)
        layers: list[nn.Module] = []
        width = channels + given
        for wider in hidden:
            convolution = nn.Conv2d(width, wider, kernel_size, padding="same")
            layers += [convolution, nn.BatchNorm2d(wider), nn.ReLU()]
            width = wider
        self.layers = nn.Sequential(*layers, _silent(nn.Conv2d(width, channels, kernel_size, padding="same")))

    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        planes = [one[:, :, None, None].expand(-1, -1, *value.shape[2:]) for one in given]
        return self.layers(torch.cat([value, *planes], dim=1))


@final
class BentSynthesizer(Synthesizer):
    """d sigmoid(hA) + yB + c: what the gradient of a logistic loss can look like (arXiv:1703.00522, section 4).

    A starts as the identity, all else at zero.
    """

    def __init__(self, features: int, given: int = 0) -> None:
        super().__init__(features=features, given=given)
        self.inner = nn.Linear(features, features, bias=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a line through no numbers is a constant, which is what is wanted
            self.outer = _silent(nn.Linear(given, features))
        self.gain = nn.Parameter(torch.zeros(features))
        with torch.no_grad():
            self.inner.weight.copy_(torch.eye(features))

    def guess(self, value: Tensor, *given: Tensor) -> Tensor:
        known = torch.cat(given, dim=1) if given else value[:, :0]
        return self.gain * self.inner(value).sigmoid() + self.outer(known)


@final
class Feedback(nn.Module):
    """hA with a fixed matrix A [features, errors]: random as a layer's first weights are, or all `ones`.

    On a wire with an error it takes the gradient e back as e A^T: feedback alignment, direct or not, and Kickback.
    """

    matrix: Tensor

    def __init__(self, features: int, errors: int, ones: bool = False) -> None:
        super().__init__()
        self.arguments = {"features": features, "errors": errors, "ones": ones}
        matrix = torch.ones(features, errors) if ones else nn.Linear(features, errors).weight.detach().T.clone()
        self.register_buffer("matrix", matrix)

    def forward(self, value: Tensor) -> Tensor:
        return value @ self.matrix


KINDS: dict[str, type[Synthesizer] | type[Feedback]] = {
    "linear": LinearSynthesizer,
    "perceptron": PerceptronSynthesizer,
    "residual": ResidualSynthesizer,
    "convolutional": ConvolutionalSynthesizer,
    "bent": BentSynthesizer,
    "feedback": Feedback,
}
"""The synthesizers that files can name."""


def told(synthesizer: nn.Module) -> dict[str, Any]:
    """A synthesizer's kind and arguments, as JSON; raises PhysimError where it is none of KINDS."""
    for name, kind in KINDS.items():
        if isinstance(synthesizer, kind):
            return {"kind": name, **synthesizer.arguments}
    raise PhysimError(f"synthesizer: files hold {', '.join(KINDS)}, got a {type(synthesizer).__name__}")


def made(told: dict[str, Any]) -> Synthesizer | Feedback:
    """The synthesizer that JSON tells of; raises PhysimError where its kind is unknown."""
    arguments = dict(told)
    kind = arguments.pop("kind", None)
    if kind not in KINDS:
        raise PhysimError(f"synthesizer: the known kinds are {', '.join(KINDS)}, got '{kind}'")
    return KINDS[kind](**arguments)


def _silent(layer: nn.Linear | nn.Conv2d) -> nn.Linear | nn.Conv2d:
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    return layer
