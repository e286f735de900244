"""ByteNet (arXiv:1610.10099, second version) as module graphs: a model of characters, and a translator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final, get_args

import torch
from torch import Tensor, nn

from learners.sequences.layers import Blocks, Centred, Multiplication
from learners.sequences.wavenet import EMBEDDING, LOGITS, SYMBOL
from physim.checks import check_among, check_whole
from physim.errors import PhysimError
from physim.graph import CausalConv1d, ModuleGraph, Port, added, builder, unfolded

SOURCE = "source"
SET = (1, 2, 4, 8, 16)
"""The dilations of a set of blocks."""


@builder("byte_model")
def byte_model(
    classes: int,
    width: int = 128,
    dilations: Sequence[int] = 2 * SET,
    kernel_size: int = 3,
    blocks: Blocks = "multiplicative",
    dropout: float = 0.1,
) -> ModuleGraph:
    """ByteNet's decoder alone: foretells each character from those before it.

    The stream between blocks is twice as wide as their `width`. Inputs: "symbol" [B, T] int64, at each tick the one
    *before* (`classes` at the first). Ports: "logits" [B, T, classes].
    """
    net = ModuleGraph()
    value = net.add(EMBEDDING, nn.Embedding(classes + 1, 2 * width), net.input(SYMBOL))
    Decoder(classes, width, dilations, kernel_size, blocks, dropout).add(net, value)
    return net


@builder("bytenet")
def bytenet(
    sources: int,
    classes: int,
    width: int = 128,
    dilations: Sequence[int] = 2 * SET,
    kernel_size: int = 3,
    blocks: Blocks = "rectified",
    dropout: float = 0.0,
) -> ModuleGraph:
    """ByteNet: a source, read whole by an encoder, unfolds into a decoder that foretells the target (section 3.2).

    What the encoder says of the i-th character and what was written before the i-th of the target are added. A source
    is as long as the target is likely to be: `padding` characters fill it (see `padded`), `nothing` follows in batches
    and leaves no trace; the decoder goes on past its end.

    Inputs: "source" [B, S] int64 of `sources` characters, whole, and "symbol" [B, T] int64, at each tick the one
    *before*. Ports: "encoded" [B, S, 2 width] and "logits" [B, T, classes].
    """
    check_whole(1, sources=sources)
    net = ModuleGraph()
    source = net.input(SOURCE, whole=True)
    there = net.add("there", There(sources + 1), source)
    value = net.add("letters", nn.Embedding(sources + 2, 2 * width), source)
    for number, dilation in enumerate(dilations):
        narrow = net.add(f"read_{number}", _narrow(width), value)
        taps = net.add(f"read_taps_{number}", Centred(width, width, kernel_size, dilation), narrow, there)
        value = added(value, net.add(f"read_wide_{number}", _wide(width), taps))
    encoded = net.add("encoded", Only(), value, there)
    written = net.add(EMBEDDING, nn.Embedding(classes + 1, 2 * width), net.input(SYMBOL))
    decoder = Decoder(classes, width, dilations, kernel_size, blocks, dropout)
    decoder.add(net, added(written, unfolded(encoded)))
    return net


@final
@dataclass(frozen=True)
class Decoder:
    """Blocks that see back, and a head."""

    classes: int
    width: int
    dilations: Sequence[int]
    kernel_size: int
    blocks: Blocks
    dropout: float

    def __post_init__(self) -> None:
        check_whole(1, classes=self.classes, width=self.width, kernel_size=self.kernel_size)
        if not self.dilations or min(self.dilations) < 1:
            raise PhysimError(f"dilations are {list(self.dilations)}, wanted at least one, all positive")
        check_among("blocks", self.blocks, get_args(Blocks))

    def add(self, net: ModuleGraph, value: Port) -> None:
        """Blocks on what was written before [B, T, 2 width], and the logits of what follows."""
        width = self.width
        for number, dilation in enumerate(self.dilations):
            if self.blocks == "rectified":
                inner = net.add(f"narrow_{number}", _narrow(width), value)
                taps = net.add(f"taps_{number}", CausalConv1d(width, width, self.kernel_size, dilation), inner)
            else:
                inner = net.add(f"narrow_{number}", _narrow(width)[:-1], value)  # units update what has a sign
                taps = _multiplied(net, number, inner, CausalConv1d(width, 4 * width, self.kernel_size, dilation))
            value = added(value, net.add(f"wide_{number}", _wide(width), taps))
        head = nn.Sequential(
            nn.LayerNorm(2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, 2 * width),
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Linear(2 * width, self.classes),
        )
        net.returns(net.add(LOGITS, head, value))


@final
class There(nn.Module):
    """Which characters [B, S] of a source are there -> [B, S, 1] bool: all but `nothing`."""

    def __init__(self, nothing: int) -> None:
        super().__init__()
        self.nothing = nothing

    def forward(self, source: Tensor) -> Tensor:
        """Which are."""
        if not source.shape[1]:
            raise PhysimError(f"'{SOURCE}' has the shape {list(source.shape)}, wanted [B, S] of at least one character")
        return (source != self.nothing)[..., None]


@final
class Only(nn.Module):
    """What is there of a value [B, S, F]; zeros for the rest."""

    def forward(self, value: Tensor, there: Tensor) -> Tensor:
        """The value."""
        return value * there


def padded(sources: Sequence[Tensor], classes: int, slope: float = 1.2, more: int = 0) -> Tensor:
    """Sources [S] each as one batch [B, S'] int64: each unfolded to `slope` times its length and `more` (section 3.2).

    It is filled by `classes`, its padding; `classes` + 1, nothing, fills the batch.
    """
    lengths = [max(len(source), round(slope * len(source)) + more) for source in sources]
    batch = torch.full((len(sources), max(lengths, default=0)), classes + 1, dtype=torch.int64)
    for row, source, length in zip(batch, sources, lengths, strict=True):
        row[:length] = classes
        row[: len(source)] = source
    return batch


def _multiplied(net: ModuleGraph, number: int, inner: Port, convolution: CausalConv1d) -> Port:
    """Two multiplicative units: one that sees back, and one of each place alone."""
    width = convolution.core.in_channels
    update = Multiplication()
    once = net.add(f"multiplied_{number}", update, net.add(f"taps_{number}", convolution, inner), inner)
    normed = net.add(f"normed_{number}", nn.LayerNorm(width), once)
    again = net.add(f"points_{number}", nn.Linear(width, 4 * width), normed)
    return net.add(f"multiplied_again_{number}", update, again, normed)


def _narrow(width: int) -> nn.Sequential:
    """From the stream into a block."""
    wide = 2 * width
    return nn.Sequential(nn.LayerNorm(wide), nn.ReLU(), nn.Linear(wide, width), nn.LayerNorm(width), nn.ReLU())


def _wide(width: int) -> nn.Sequential:
    """From a block back to the stream."""
    return nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, 2 * width))
