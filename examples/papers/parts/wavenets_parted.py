"""WaveNets in two halves that a gradient does not cross, and how long each half takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from time import process_time

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from learners.precision import mixed
from learners.sequences.losses import Likelihood
from learners.sequences.mu_law import LEVELS
from learners.sequences.rows import Crops
from learners.sequences.wavenet import ordered, wavenet
from physim.graph import ModuleGraph, Port, ResidualSynthesizer, builder, detached
from physim.graph.groups import groups_of
from physim.graph.ports import Node
from physim.graph.stepper import Stepper

UNIT = 0.03
"""About the size of a sample's own gradient where the network is cut: in it synthesizers count, so that theirs are not
longer than the network's, with which they are clipped.
"""
TIMED = 9
"""Updates that halves are timed by."""


def cut_in_two(net: ModuleGraph, channels: int, middle: int) -> None:
    """Let nothing but guesses come back to a WaveNet's first layers."""
    for source, reader in crossing(net, middle):
        net.cut(source, reader.ports[0], ResidualSynthesizer(channels, unit=UNIT))


@builder("severed_wavenet")
def severed(channels: int, skips: int, dilations: Sequence[int]) -> ModuleGraph:
    """A WaveNet of LEVELS whose first half of layers no gradient reaches: they stay as they are drawn."""
    net = ordered(wavenet(LEVELS, channels, skips, dilations))
    for source, reader in crossing(net, len(dilations) // 2):
        still = detached(source)
        reader.sources = tuple(still if port == source else port for port in reader.sources)
    net.changed()
    return net


def crossing(net: ModuleGraph, middle: int) -> Iterator[tuple[Port, Node]]:
    """The wires that leave a WaveNet's first layers, and who reads them: the layers behind, and the skips."""
    (skips,) = net["skips"].node.sources
    yield from ((net[f"gate_{number}"], skips.node) for number in range(middle))
    after = net[f"residual_{middle}"]
    yield net[f"gate_{middle - 1}"], after.node
    (value,) = net[f"taps_{middle}"].node.sources
    yield from ((port, value.node) for port in value.node.sources if port.node is not after.node)


def seconds_by_group(net: ModuleGraph, crops: Crops) -> list[float]:
    """Seconds of processor that each part between cuts takes for an update, with what teaches its synthesizers.

    Nothing is learned: the rate is 0.
    """
    groups = groups_of(net.train(), [Likelihood(net.outputs[0])])
    stepper = Stepper(net, groups, groups, partial(Adam, lr=0.0))
    spent = []
    for update in range(TIMED):
        inputs, targets = crops(update)
        clocks, values = [process_time()], dict[Port, Tensor]()
        with mixed("bf16-mixed", torch.device("cpu")):
            for group in groups:
                values |= {one.port: values[one.source].detach().requires_grad_() for one in group.enters}
                values |= stepper.forward(group, inputs, values)
                stepper.backward(group, values, targets, {})
                clocks.append(process_time())
            for group in groups:
                for one in group.leaves:
                    assert one.decoupled is not None
                    stepper.learn(one.decoupled.synthesizer, partial(one.misjudged, values, values[one.port].grad))
                clocks.append(process_time())
        forward, taught = np.diff(clocks).reshape(2, len(groups))
        spent.append(forward + taught)
    net.eval()
    found: list[float] = np.median(spent, axis=0).tolist()
    return found
