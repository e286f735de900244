"""What decoupled networks are trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor
from torch.nn import functional

from physim.graph import Loss, Port


@final
class CrossEntropy(Loss):
    """The mean cross-entropy of logits [B, classes], in nats, with the target "class" [B]."""

    def __init__(self, port: Port, name: str = "cross_entropy") -> None:
        super().__init__(name, port)

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0], targets["class"])


@final
class Squares(Loss):
    """The mean squared difference of outputs [B, classes] from the one-hot target "class" [B]."""

    def __init__(self, port: Port, name: str = "squares") -> None:
        super().__init__(name, port)

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        wanted = functional.one_hot(targets["class"], values[0].shape[1]).to(values[0].dtype)
        return functional.mse_loss(values[0], wanted)
