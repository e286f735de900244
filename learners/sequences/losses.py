"""What sequence models are trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor
from torch.nn import functional

from learners.precision import whole
from physim.errors import PhysimError
from physim.graph import Loss, Port

UNCOUNTED = -1
"""The target of ticks that do not count."""


@final
class Likelihood(Loss):
    """The mean negative log-likelihood (nats) of a `target` [B, T] by logits [B, T, classes]; 0 where none counts."""

    def __init__(self, port: Port, name: str = "likelihood", target: str = "symbol") -> None:
        super().__init__(name, port)
        self.target = target

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        if self.target not in targets:
            told = ", ".join(sorted(targets)) or "nothing"
            raise PhysimError(f"targets lack '{self.target}', wanted it beside {told}: is another loss meant?")
        logits, wanted = whole(values[0]).flatten(0, 1), targets[self.target].flatten()
        least, most, classes = (*map(int, wanted.aminmax()), logits.shape[-1]) if wanted.numel() else (0, 0, 1)
        if least < UNCOUNTED or most >= classes:
            raise PhysimError(f"'{self.target}' is from {least} to {most}, wanted 0 to {classes - 1}")
        total = functional.cross_entropy(logits, wanted, ignore_index=UNCOUNTED, reduction="sum")
        return total / (wanted != UNCOUNTED).sum().clamp(min=1)
