"""A convolutional LSTM: a memory at every place of a picture."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from physim.graph import Memory


@final
class ConvLSTM(Memory):
    """[i, f, o, g] = conv([x, h]); c = s(f) c + s(i) tanh(g); h = s(o) tanh(c) (arXiv:1610.00527, section 4.2).

    Shapes: inputs [B, T, in_features, H, W] -> [B, T, features, H, W]; memory: hidden and cell [B, features, H, W].
    Where products are taken in another dtype, the memory stays in that of the weights.
    """

    def __init__(self, in_features: int, features: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.features = features
        self.seen = nn.Conv2d(in_features, 4 * features, kernel_size, padding="same")
        self.kept = nn.Conv2d(features, 4 * features, kernel_size, padding="same", bias=False)

    def initial_state(self, items: int, like: Tensor) -> tuple[Tensor, Tensor]:
        zeros = self.kept.weight.new_zeros(items, self.features, *like.shape[-2:])
        return zeros, zeros

    def scan(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        seen = self.seen(inputs.flatten(0, 1)).unflatten(
            0, inputs.shape[:2]
        )  # what does not wait, for all ticks at once
        outputs = []
        for now in seen.unbind(1):
            state = self._moved(now, state)
            outputs.append(state[0])
        return torch.stack(outputs, 1), state

    def tick(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        state = self._moved(self.seen(inputs), state)
        return state[0], state

    def _moved(self, seen: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        hidden, cell = state
        into, forget, out, new = (seen + self.kept(hidden)).to(cell.dtype).chunk(4, dim=1)
        cell = forget.sigmoid() * cell + into.sigmoid() * new.tanh()
        return out.sigmoid() * cell.tanh(), cell
