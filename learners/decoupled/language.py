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

EMBEDDED = 32
"""How wide a character is."""
JUDGED = 200
"""Of how many ticks a window is that is judged."""


@dataclass(frozen=True)
class Text:
    """A text as numbers [N] of characters, of which there are so many."""

    characters: Tensor
    kinds: int

    @classmethod
    def of(cls, text: str, alphabet: str | None = None) -> Text:
        """From a text; what is not in the alphabet (by default: the text's own) is one further character."""
        known = {character: number for number, character in enumerate(alphabet or sorted(set(text)))}
        return cls(torch.tensor([known.get(character, len(known)) for character in text]), len(known) + 1)

    def streams(self, batch: int) -> Tensor:
        """So many stretches of the text, side by side [B, T]."""
        return self.characters[: len(self.characters) // batch * batch].reshape(batch, -1)


@dataclass(frozen=True)
class Reading:
    """How to train: `updates` of windows of so many ticks, on so many streams of the text at once."""

    window: int
    updates: int
    recurrent: Recurrent = field(default_factory=Recurrent)
    batch: int = 64

    def run(self, text: Text, progress: bool = False) -> ModuleGraph:
        """The trained network."""
        net = self.recurrent.network(nn.Embedding(text.kinds, EMBEDDED), EMBEDDED, text.kinds)
        windows, streams, at = Windows(net, self.recurrent), text.streams(self.batch), 0
        for _ in trange(self.updates, disable=None if progress else True, leave=False):
            if at + self.window >= streams.shape[1]:
                windows.restart()
                at = 0
            seen, coming = streams[:, at : at + self.window], streams[:, at + 1 : at + self.window + 1]
            windows.update(seen, partial(_missed, coming))
            at += self.window
        return net


@torch.no_grad()
def bits(net: ModuleGraph, text: Text, batch: int = 64) -> float:
    """The mean cross-entropy of a text's characters, in bits."""
    net.eval()
    streams, state, lost = text.streams(batch), None, []
    for at in range(0, streams.shape[1] - 1, JUDGED):
        part = streams[:, at : at + JUDGED + 1]
        result, state = net.window({"seen": part[:, :-1]}, state)
        outputs = result[0] if isinstance(result, tuple) else result
        each = functional.cross_entropy(outputs.flatten(0, 1), part[:, 1:].flatten(), reduction="none")
        lost.append(each)
    return float(torch.cat(lost).mean()) / math.log(2)


def _missed(coming: Tensor, outputs: Tensor) -> Tensor:
    """The cross-entropy in nats, summed over a window and averaged over streams."""
    return functional.cross_entropy(outputs.flatten(0, 1), coming.flatten()) * coming.shape[1]
