"""Characters of a text, each foretold from those before it, in windows much shorter than what they remember."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import trange

from learners.decoupled.recurrent import Recurrent, Windows
from physim.graph import ModuleGraph

KINDS = 256
"""Of bytes."""
EMBEDDED = 32
"""How wide a character is."""
AHEAD = 5
"""How many characters ahead a conditional synthesizer is told what is to come."""
JUDGED = 200
"""Of how many ticks a window is that is judged."""


def characters(text: bytes) -> Tensor:
    """A text as the numbers [N] of its bytes."""
    return torch.tensor(list(text))


def streams(text: Tensor, batch: int) -> Tensor:
    """So many stretches of a text [N], side by side [B, T]."""
    return text[: len(text) // batch * batch].reshape(batch, -1)


@dataclass(frozen=True)
class Reading:
    """How to train: `updates` of windows of so many ticks, on so many streams of the text at once."""

    window: int
    updates: int
    recurrent: Recurrent = field(default_factory=Recurrent)
    batch: int = 64

    def run(self, text: Tensor, progress: bool = False) -> ModuleGraph:
        """The network that was trained on a text [N]."""
        net = self.recurrent.network(nn.Embedding(KINDS, EMBEDDED), EMBEDDED, KINDS, AHEAD * KINDS)
        windows, side, at = Windows(net, self.recurrent), streams(text, self.batch), 0
        for _ in trange(self.updates, disable=None if progress else True, leave=False):
            if at + self.window + AHEAD > side.shape[1]:
                windows.restart()
                at = 0
            seen, after = side[:, at : at + self.window], side[:, at + 1 : at + self.window + AHEAD]
            windows.update(seen, coming(after), partial(_missed, after[:, : self.window]))
            at += self.window
        return net


def coming(after: Tensor) -> Tensor:
    """The characters after each tick, one-hot [B, T, AHEAD * KINDS], of those after the first [B, T - 1 + AHEAD]."""
    return functional.one_hot(after.unfold(1, AHEAD, 1), KINDS).flatten(2).float()


@torch.no_grad()
def bits(net: ModuleGraph, text: Tensor, batch: int = 64) -> float:
    """The mean cross-entropy of a text's [N] characters, in bits."""
    net.eval()
    side, state, lost = streams(text, batch), None, []
    for at in range(0, side.shape[1] - 1, JUDGED):
        part = side[:, at : at + JUDGED + 1]
        result, state = net.window({"seen": part[:, :-1]}, state)
        outputs = result[0] if isinstance(result, tuple) else result
        each = functional.cross_entropy(outputs.flatten(0, 1), part[:, 1:].flatten(), reduction="none")
        lost.append(each)
    return float(torch.cat(lost).mean()) / math.log(2)


def _missed(coming: Tensor, outputs: Tensor) -> Tensor:
    """The cross-entropy in nats, summed over a window and averaged over streams."""
    return functional.cross_entropy(outputs.flatten(0, 1), coming.flatten()) * coming.shape[1]
