"""WaveNets that listen: which phone is heard in each frame of a sound (arXiv:1609.03499, section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from learners.sequences.losses import UNCOUNTED
from learners.sequences.wavenet import BLOCK, LOGITS, SKIPS, wavenet
from physim.checks import check_whole
from physim.graph import CausalConv1d, Memory, ModuleGraph, Port, builder

PHONE, CEPSTRA = "phone", "cepstra"
FRAME, BESIDE = 160, 3
"""Samples of a frame, 10 ms at 16 kHz; and how many frames before and behind it decide what is heard in it."""


@final
class Pooled(Memory):
    """The mean of the last `length` ticks [B, T, F] -> [B, T, F]; memory [B, length - 1, F], at first 0."""

    def __init__(self, features: int, length: int) -> None:
        super().__init__()
        check_whole(1, features=features, length=length)
        self.features, self.length = features, length

    def initial_state(self, items: int, like: Tensor) -> Tensor:
        return like.new_zeros(items, self.length - 1, self.features)

    def scan(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.cat([state, inputs], dim=1)
        return functional.avg_pool1d(seen.mT, self.length, stride=1).mT, seen[:, inputs.shape[1] :]

    def tick(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.cat([state, inputs[:, None]], dim=1)
        return seen.mean(1), seen[:, 1:]


@builder("listener")
def listener(
    phones: int,
    channels: int = 32,
    skips: int = 64,
    dilations: Sequence[int] = 2 * BLOCK,
    *,
    classes: int = 256,
    hidden: int = 64,
    frame: int = FRAME,
) -> ModuleGraph:
    """A WaveNet with a head that hears: the mean of its skips over a frame, then convolutions over frames.

    These see BESIDE frames before and behind, so what is said at a tick is of a frame that ended as many frames ago
    (see `frame_targets`): it can listen to a sound that goes on. Ports: those of `wavenet`, and "phone" [B, T, phones].
    """
    check_whole(1, phones=phones, hidden=hidden, frame=frame)
    net = wavenet(classes, channels, skips, dilations)
    pooled = net.add("pooled", Pooled(skips, frame), net[SKIPS])
    net.returns(net[LOGITS], _heard(net, pooled, skips, hidden, phones, frame))
    return net


@builder("cepstral_listener")
def cepstral_listener(phones: int, features: int, hidden: int = 64) -> ModuleGraph:
    """The same head on what is told of each frame: "cepstra" [B, T, features] -> "phone" [B, T, phones].

    What it says at a tick is of the frame BESIDE ticks ago.
    """
    check_whole(1, phones=phones, features=features, hidden=hidden)
    net = ModuleGraph()
    net.returns(_heard(net, net.input(CEPSTRA), features, hidden, phones, 1))
    return net


def _heard(net: ModuleGraph, heard: Port, size: int, hidden: int, phones: int, frame: int) -> Port:
    for number in range(BESIDE):
        near = net.add(f"near_{number}", CausalConv1d(size, hidden, 3, dilation=frame), heard)
        heard, size = net.add(f"heard_{number}", nn.ReLU(), near), hidden
    return net.add(PHONE, nn.Linear(hidden, phones), heard)


def frame_targets(labels: Tensor, frame: int = FRAME) -> Tensor:
    """What `listener` should say at each tick [T], of the phone at each sample [T]: UNCOUNTED but once a frame.

    The phone of a frame is the one in its middle. It is asked for at the tick that first knows the whole frame, and
    BESIDE frames behind it.
    """
    wanted = torch.full_like(labels, UNCOUNTED)
    middles = labels[frame // 2 :: frame]
    ticks = torch.arange(1 + BESIDE, 1 + BESIDE + len(middles)) * frame
    inside = ticks < len(labels)
    wanted[ticks[inside]] = middles[inside]
    return wanted


def phones_in(frames: Sequence[int], pause: int, least: int = 1) -> list[int]:
    """The phones that frames tell, one after the other, each for as many frames as `least`; pauses are none."""
    stretches = [(phone, len(list(several))) for phone, several in groupby(frames)]
    told = groupby(phone for phone, count in stretches if count >= least)
    return [phone for phone, _ in told if phone != pause]


def edits(heard: Sequence[object], said: Sequence[object]) -> int:
    """How many phones, or words, must be put in, taken out or changed to make what was said of what was heard."""
    costs = list(range(len(said) + 1))
    for count, one in enumerate(heard, 1):
        before, costs[0] = costs[0], count
        for place, wanted in enumerate(said, 1):
            change = before + (one != wanted)
            before = costs[place]
            costs[place] = min(change, before + 1, costs[place - 1] + 1)
    return costs[-1]


@torch.no_grad()
def heard_in(net: ModuleGraph, port: Port, inputs: dict[str, Tensor], wanted: Tensor) -> Tensor:
    """What a graph hears [frames] in the one sound of its inputs, where something is `wanted` [T] of it."""
    logits: Tensor = net(inputs, outputs=port)
    return logits[0].argmax(-1)[wanted != UNCOUNTED]
