"""Networks whose layers are decoupled from one another, or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from physim.checks import check_among
from physim.graph import ModuleGraph, Port, decoupled, detached, imagined
from physim.graph.synthesizers import ConvolutionalSynthesizer, LinearSynthesizer, PerceptronSynthesizer

Wire = Callable[[Port], Port]
CLASSES = 10
"""Of the digits."""


@dataclass(frozen=True)
class Size:
    """How many layers, the classifier included, of which width; and the hidden widths and the unit of what guesses for
    them without labels.
    """

    layers: int = 3
    width: int = 256
    hidden: tuple[int, ...] = (1024, 1024)
    unit: float = 1.0


def perceptron(size: Size, arm: str = "backprop", features: int = 784) -> ModuleGraph:
    """A fully connected classifier: layers of linear map, batch normalisation and ReLU, then a linear one.

    `arm` says how gradients pass from layer to layer (arXiv:1608.05343, section 3.1): as they are ("backprop"), not at
    all ("none"), or by synthetic gradients, guessed from the layer's output ("dni") and the label ("cdni"); "unlocked"
    guesses outputs too, from the image and the label.
    Inputs: "image" [B, features], "label" [B, CLASSES] one-hot; output: "logits" [B, CLASSES].
    """
    net = ModuleGraph()
    image, label = net.input("image"), net.input("label")
    ways = wires(size, image, label, features)
    check_among("arm", arm, ways)
    wire = ways[arm]
    value, width = image, features
    for number in range(1, size.layers):
        layer = nn.Sequential(nn.Linear(width, size.width), nn.BatchNorm1d(size.width), nn.ReLU())
        value, width = wire(net.add(f"layer_{number}", layer, value)), size.width
    net.returns(net.add("logits", nn.Linear(width, CLASSES), value))
    return net


@dataclass(frozen=True)
class Planes:
    """How many layers, the classifier included, of how many filters; what guesses for them has one layer more."""

    layers: int = 3
    filters: int = 16
    kernel_size: int = 5


def convolutional(planes: Planes, arm: str = "backprop", side: int = 28) -> ModuleGraph:
    """A convolutional classifier: layers of convolution, batch normalisation, ReLU and pooling, then a linear one.

    `arm` is "backprop", "none", "dni" or "cdni", as in `perceptron`; pools of 3 by 3 halve the sides.
    Inputs: "image" [B, side * side], "label" [B, CLASSES] one-hot; output: "logits" [B, CLASSES].
    """
    net = ModuleGraph()
    image, label = net.input("image"), net.input("label")
    filters, kernel = planes.filters, planes.kernel_size

    def guessing(port: Port, given: Port | None) -> Port:
        told, hidden = (0, (filters,)) if given is None else (CLASSES, ())
        return decoupled(port, ConvolutionalSynthesizer(filters, told, hidden, kernel), given=given or ())

    ways: dict[str, Wire] = {
        "backprop": lambda port: port,
        "none": detached,
        "dni": lambda port: guessing(port, None),
        "cdni": lambda port: guessing(port, label),
    }
    check_among("arm", arm, ways)
    value, channels = net.add("plane", nn.Unflatten(1, (1, side, side)), image), 1
    for number in range(1, planes.layers):
        convolution = nn.Conv2d(channels, filters, kernel, padding="same")
        pool = (nn.MaxPool2d if number == 1 else nn.AvgPool2d)(3, 2, 1)
        layer = nn.Sequential(convolution, nn.BatchNorm2d(filters), nn.ReLU(), pool)
        value, channels, side = ways[arm](net.add(f"layer_{number}", layer, value)), filters, (side + 1) // 2
    net.returns(net.add("logits", nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, CLASSES)), value))
    return net


def wires(size: Size, image: Port, label: Port, features: int) -> dict[str, Wire]:
    """How each arm leads from a layer to the next."""

    def conditional(port: Port) -> Port:
        return decoupled(port, LinearSynthesizer(size.width, CLASSES), given=label)

    def unlocked(port: Port) -> Port:
        guess = Guess(features + CLASSES, size.width, size.width)
        return imagined(conditional(port), guess, (image, label))

    return {
        "backprop": lambda port: port,
        "none": detached,
        "dni": lambda port: decoupled(port, PerceptronSynthesizer(size.width, hidden=size.hidden, unit=size.unit)),
        "cdni": conditional,
        "unlocked": unlocked,
    }


ARMS: Sequence[str] = ("backprop", "none", "dni", "cdni", "unlocked")
"""How layers can be trained."""


@final
class Guess(nn.Module):
    """A layer's output from the network's inputs side by side: one hidden layer, and ReLU as layers end with."""

    def __init__(self, features: int, hidden: int, width: int) -> None:
        super().__init__()
        inner = nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.ReLU()
        self.layers = nn.Sequential(*inner, nn.Linear(hidden, width), nn.ReLU())

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.layers(torch.cat(inputs, dim=1))
