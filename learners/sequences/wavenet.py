"""WaveNet (arXiv:1609.03499) as a module graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, final

import torch
from torch import nn

from learners.sequences.layers import Gate, Upsampling
from physim.checks import check_whole
from physim.errors import PhysimError
from physim.graph import CausalConv1d, ModuleGraph, Port, added, builder, joined, repeated, unfolded

SYMBOL, EMBEDDING, SKIPS, LOGITS = "symbol", "embedding", "skips", "logits"
SPEAKER, FEATURES, CONTEXT = "speaker", "features", "context"
BLOCK = tuple(2**power for power in range(10))
"""The dilations of a block: with kernels of 2 it sees 1024 samples."""


class Known(NamedTuple):
    """What is known besides: its name, where it stands, and its size."""

    name: str
    port: Port
    size: int


@builder("wavenet")
def wavenet(  # noqa: PLR0913 (a file names them all)
    classes: int = 256,
    channels: int = 32,
    skips: int = 64,
    dilations: Sequence[int] = 3 * BLOCK,
    kernel_size: int = 2,
    *,
    gated: bool = True,
    speakers: int = 0,
    features: int = 0,
    strides: Sequence[int] = (),
    context: Sequence[int] = (),
) -> ModuleGraph:
    """Foretells each of a row of symbols, such as samples in 256 levels, from those before it.

    A layer a dilation: residual `channels`, filters times gates (or, if not `gated`, rectified ones), and what it adds
    to the `skips`. It may know which of so many `speakers` is heard, at all ticks alike, and `features` of each tick,
    or, where there are `strides`, of frames of as many ticks as these multiply to. A second, narrower stack with the
    dilations of `context` sees farther back, for the first to know.

    Inputs: "symbol" [B, T] int64, at each tick the one *before* (`classes` at the first); "speaker" [B] int64, whole;
    "features" [B, T, F], or of frames [B, S, F], whole. Ports: "skips" [B, T, skips] and "logits" [B, T, classes].
    """
    check_whole(1, classes=classes, channels=channels, skips=skips, kernel_size=kernel_size)
    check_whole(0, speakers=speakers, features=features)
    net = ModuleGraph()
    symbol = net.add(EMBEDDING, nn.Embedding(classes + 1, channels), net.input(SYMBOL))
    make = _Stacks(net, kernel_size, gated)
    known = [*_speaker(net, speakers, channels), *_features(net, features, strides)]
    if context:
        narrow = max(1, channels // 2)
        seen = net.add(f"{CONTEXT}_entrance", nn.Linear(channels, narrow), symbol)
        far = joined(*make.layers(f"{CONTEXT}_", seen, narrow, context, known))
        known.append(Known(CONTEXT, net.add(CONTEXT, nn.Linear(len(context) * narrow, narrow), far), narrow))
    gates = make.layers("", symbol, channels, dilations, known)
    total = net.add(SKIPS, nn.Linear(len(dilations) * channels, skips), joined(*gates))
    head = nn.Sequential(nn.ReLU(), nn.Linear(skips, skips), nn.ReLU(), nn.Linear(skips, classes))
    net.returns(net.add(LOGITS, head, total))
    return net


@torch.no_grad()
def ordered(net: ModuleGraph) -> ModuleGraph:
    """The graph itself, whose symbols are levels, with an embedding that begins knowing it: levels near one another are
    alike. Feature k of level n, of N, begins as sqrt(2) cos(pi k (n + 1/2) / N), as large as those that are drawn.
    """
    weight = net.get_submodule(EMBEDDING).weight
    assert isinstance(weight, torch.Tensor)
    levels = torch.arange(len(weight) - 1, device=weight.device)[:, None] + 0.5
    phase = torch.arange(weight.shape[1], device=weight.device) * levels / len(levels)
    weight[:-1] = math.sqrt(2) * (math.pi * phase).cos()
    return net


def receptive_field(dilations: Sequence[int], kernel_size: int = 2, context: Sequence[int] = ()) -> int:
    """How many symbols what is foretold depends on: those that the stem sees, and each layer's reach more.

    All but the first layer see behind what a `context` stack told the first, too.
    """
    first, *others = dilations
    return 1 + (kernel_size - 1) * (1 + max(first, sum(context)) + sum(others))


@final
class _Stacks:
    """Makes stacks of dilated layers."""

    def __init__(self, net: ModuleGraph, kernel_size: int, gated: bool) -> None:
        self.net, self.kernel_size, self.gated = net, kernel_size, gated

    def layers(
        self,
        prefix: str,
        value: Port,
        channels: int,
        dilations: Sequence[int],
        known: Sequence[Known],
    ) -> list[Port]:
        """A stem and a layer for each dilation; gives what each layer has to say."""
        if not dilations or min(dilations) < 1:
            raise PhysimError(f"{prefix}dilations are {list(dilations)}, wanted at least one, all positive")
        value = self.net.add(f"{prefix}stem", CausalConv1d(channels, channels, self.kernel_size), value)
        said: list[Port] = []
        for number, dilation in enumerate(dilations):
            if said:
                residual = self.net.add(f"{prefix}residual_{number}", nn.Linear(channels, channels), said[-1])
                value = added(value, residual)
            said.append(self._layer(f"{prefix}{{}}_{number}", value, channels, dilation, known))
        return said

    def _layer(self, name: str, value: Port, channels: int, dilation: int, known: Sequence[Known]) -> Port:
        width = 2 * channels if self.gated else channels
        taps = self.net.add(name.format("taps"), CausalConv1d(channels, width, self.kernel_size, dilation), value)
        for one in known:
            told = self.net.add(name.format(one.name), nn.Linear(one.size, width, bias=False), one.port)
            taps = added(taps, repeated(told) if told.node.whole else told)
        return self.net.add(name.format("gate"), Gate() if self.gated else nn.ReLU(), taps)


def _speaker(net: ModuleGraph, speakers: int, channels: int) -> list[Known]:
    if not speakers:
        return []
    voice = net.add("voice", nn.Embedding(speakers, channels), net.input(SPEAKER, whole=True))
    return [Known(SPEAKER, voice, channels)]


def _features(net: ModuleGraph, features: int, strides: Sequence[int]) -> list[Known]:
    if not features:
        return []
    if not strides:
        return [Known(FEATURES, net.input(FEATURES), features)]
    samples = net.add("upsampling", Upsampling(features, strides), net.input(FEATURES, whole=True))
    return [Known(FEATURES, unfolded(samples), features)]
