"""Translators that ByteNet is measured by: recurrent ones without and with attention, and a Transformer."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from learners.sequences.attention import CausalAttention, Places, waves
from learners.sequences.bytenet import SOURCE, There
from learners.sequences.wavenet import EMBEDDING, LOGITS, SYMBOL
from physim.checks import check_whole
from physim.graph import LSTM, ModuleGraph, Port, added, attended, builder, joined, repeated

HEADS = 4


@builder("lstm_translator")
def lstm_translator(
    sources: int, classes: int, units: int = 128, embedded: int = 64, attention: bool = False
) -> ModuleGraph:
    """An LSTM reads the source, another writes the target: it is told where the first ended, or looks with `attention`.

    Inputs and ports as `bytenet` has them.
    """
    check_whole(1, sources=sources, classes=classes, units=units, embedded=embedded)
    net = ModuleGraph()
    source = net.input(SOURCE, whole=True)
    there = net.add("there", There(sources + 1), source)
    letters = net.add("letters", nn.Embedding(sources + 2, embedded), source)
    encoded, end = net.add("encoder", Reader(embedded, units), letters, there, outputs=2)
    written = net.add(EMBEDDING, nn.Embedding(classes + 1, embedded), net.input(SYMBOL))
    core = net.add("core", LSTM(embedded + units, units), joined(written, repeated(end)))
    if attention:
        core = joined(core, attended(core, encoded, encoded, there))
    head = nn.Sequential(nn.Linear((1 + attention) * units, units), nn.Tanh(), nn.Linear(units, classes))
    net.returns(net.add(LOGITS, head, core))
    return net


@builder("transformer")
def transformer(sources: int, classes: int, width: int = 128, layers: int = 3, reach: int = 511) -> ModuleGraph:
    """A Transformer (arXiv:1706.03762) with norms before its layers; a tick looks at as many as `reach` before it.

    Inputs and ports as `bytenet` has them.
    """
    check_whole(1, sources=sources, classes=classes, width=width, layers=layers, reach=reach)
    net = ModuleGraph()
    source = net.input(SOURCE, whole=True)
    there = net.add("there", There(sources + 1), source)
    read = net.add("placed", Placed(), net.add("letters", nn.Embedding(sources + 2, width), source))
    for number in range(layers):
        read = added(read, net.add(f"look_{number}", Looking(width), read, there))
        read = added(read, net.add(f"think_{number}", _thinking(width), read))
    encoded = net.add("encoded", nn.LayerNorm(width), read)
    value = net.add(EMBEDDING, nn.Embedding(classes + 1, width), net.input(SYMBOL))
    value = net.add("places", Places(), value)
    for number in range(layers):
        value = _written(net, number, value, (encoded, there), width, reach)
    net.returns(net.add(LOGITS, nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes)), value))
    return net


@final
class Reader(nn.Module):
    """An LSTM that reads whole sequences [B, S, F] backwards (arXiv:1409.3215), where they are there [B, S, 1], in the
    precision of its weights, as our LSTM.

    Gives what it has at each element [B, S, units] and at the last that it reads, the first [B, units].
    """

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.core = nn.LSTM(features, units, batch_first=True)

    def forward(self, value: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """What it has."""
        lengths = there[..., 0].sum(1).clamp(min=1)
        order = (lengths[:, None] - 1 - torch.arange(value.shape[1], device=value.device)).clamp(min=0)[..., None]
        turned = value.gather(1, order.expand_as(value)).to(self.core.all_weights[0][0].dtype)
        packed = pack_padded_sequence(turned, lengths.cpu(), batch_first=True, enforce_sorted=False)
        with torch.autocast(value.device.type, enabled=False):
            found, (end, _) = self.core(packed)
        outputs, _ = pad_packed_sequence(found, batch_first=True, total_length=value.shape[1])
        return outputs.gather(1, order.expand(-1, -1, outputs.shape[2])), end[0]


@final
class Placed(nn.Module):
    """Adds to the elements of whole sequences [B, S, F] sines and cosines of their places."""

    def forward(self, value: Tensor) -> Tensor:
        """The elements, placed."""
        return value + waves(torch.arange(value.shape[1], device=value.device), value.shape[2]).to(value.dtype)


@final
class Looking(nn.Module):
    """Attention of whole sequences [B, S, F] on themselves, where they are there [B, S, 1] bool."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.core = nn.LayerNorm(width), nn.MultiheadAttention(width, HEADS, batch_first=True)

    def forward(self, value: Tensor, there: Tensor) -> Tensor:
        """What is found."""
        normed = self.norm(value)
        found: Tensor = self.core(normed, normed, normed, ~there[..., 0], need_weights=False)[0]
        return found


def _written(net: ModuleGraph, number: int, value: Port, source: tuple[Port, Port], width: int, reach: int) -> Port:
    """A layer of the decoder: it looks back, then at the source, then thinks."""
    encoded, there = source
    normed = net.add(f"norm_{number}", nn.LayerNorm(width), value)
    value = added(value, net.add(f"back_{number}", CausalAttention(width, HEADS, reach), normed))
    asked = net.add(f"asked_{number}", nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width)), value)
    keys, values = (net.add(f"{name}_{number}", nn.Linear(width, width), encoded) for name in ("keys", "values"))
    found = attended(asked, keys, values, there, HEADS)
    value = added(value, net.add(f"told_{number}", nn.Linear(width, width), found))
    return added(value, net.add(f"rethink_{number}", _thinking(width), value))


def _thinking(width: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))
