from __future__ import annotations

import torch
from torch import Tensor, nn

from learners.sequences.bytenet import byte_model, bytenet
from learners.sequences.wavenet import wavenet
from physim.graph import ModuleGraph

CLASSES, STREAMS, TICKS = 7, 3, 70
WAVENETS = {
    "plain": {},
    "wide kernels": {"kernel_size": 3, "dilations": (1, 3, 2)},
    "rectified": {"gated": False},
    "speakers": {"speakers": 2},
    "features": {"features": 2},
    "frames": {"features": 2, "strides": (3, 2)},
    "speakers and frames": {"speakers": 2, "features": 3, "strides": (5,)},
    "one layer": {"dilations": (3,), "kernel_size": 4},
}
CONTEXTS = {"context": {"context": (5, 9), "speakers": 2}}
"""What the fused step does not know."""
BYTES = {
    "multiplicative": {},
    "rectified": {"blocks": "rectified", "kernel_size": 2},
}
SOURCES = 5


def drawn(net: ModuleGraph) -> ModuleGraph:
    """A network whose weights are all drawn anew, in float64: none is zero, and none so large that units are stuck."""
    torch.manual_seed(0)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.4)
    return net.double().eval()


def wavenet_of(name: str) -> ModuleGraph:
    settings = {"classes": CLASSES, "channels": 4, "skips": 5, "dilations": (1, 2, 4, 1, 2)}
    return drawn(wavenet(**{**settings, **(WAVENETS | CONTEXTS)[name]}))  # type: ignore[arg-type]


def byte_net(name: str) -> ModuleGraph:
    return drawn(byte_model(CLASSES, width=4, dilations=(1, 2, 4), **BYTES[name]))  # type: ignore[arg-type]


def translator() -> ModuleGraph:
    return drawn(bytenet(SOURCES, CLASSES, width=4, dilations=(1, 2)))


def given_to(net: ModuleGraph, ticks: int = TICKS) -> dict[str, Tensor]:
    """What a network reads beside symbols."""
    random = torch.Generator().manual_seed(3)
    found: dict[str, Tensor] = {}
    for name in net.inputs:
        if name == "speaker":
            found[name] = torch.arange(STREAMS) % 2
        elif name == "source":
            found[name] = torch.randint(0, SOURCES + 2, (STREAMS, 20), generator=random)
        elif name == "features":
            size = next(iter(net.get_submodule("features_0").parameters())).shape[1]
            found[name] = torch.randn(STREAMS, ticks, size, generator=random, dtype=torch.float64)
    return found


def symbols(ticks: int = TICKS, classes: int = CLASSES) -> Tensor:
    return torch.randint(0, classes, (STREAMS, ticks), generator=torch.Generator().manual_seed(4))
