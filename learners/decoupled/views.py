"""One network, and what can come back on its wires in the place of the true gradient (arXiv:1703.00522)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from learners.decoupled.graphs import CLASSES, Size
from physim.checks import check_among
from physim.graph import Feedback, LinearSynthesizer, ModuleGraph, Port, decoupled

PROP = 0.1
"""How much of the slope of a synthesizer's loss goes into what it sees, with "propagated"."""
VIEWS: Sequence[str] = (
    "backprop",
    "single",
    "synthetic",
    "propagated",
    "feedback",
    "direct_feedback",
    "kickback",
)
"""What comes back: the true gradient; a synthetic one, at the middle layer or at all; with the slope of its loss; the
next layer's error, or the output's, by fixed random weights; the output's by ones."""


def viewed(size: Size, view: str, features: int = 784) -> ModuleGraph:
    """A fully connected classifier, its activations at the ports "hidden_1", ..., each led on as the view says.

    Layers are linear maps, "layer_1", ..., then batch normalisation and ReLU. Inputs: "image" [B, features], "label"
    [B, CLASSES] one-hot; output: "logits" [B, CLASSES].
    """
    check_among("view", view, VIEWS)
    net = ModuleGraph()
    image, label = net.input("image"), net.input("label")
    errors = {number: net.later(f"error_{number}") for number in _heard(size, view)}
    value, width, hidden = image, features, size.layers - 1
    for number in range(1, hidden + 1):
        before = net.add(f"layer_{number}", nn.Linear(width, size.width), value)
        if number in errors:
            net.tie(errors[number], before)
        value = net.add(f"hidden_{number}", nn.Sequential(nn.BatchNorm1d(size.width), nn.ReLU()), before)
        width = size.width
        cut = view != "single" or number == max(1, hidden // 2)
        value = _ways(size, label, errors, number)[view](value) if cut else value
    logits = net.add("logits", nn.Linear(width, CLASSES), value)
    if size.layers in errors:
        net.tie(errors[size.layers], logits)
    net.returns(logits)
    return net


def _heard(size: Size, view: str) -> Sequence[int]:
    """The layers whose errors the wires of a view hear."""
    if view == "feedback":
        return range(2, size.layers + 1)
    return [size.layers] if view in ("direct_feedback", "kickback") else []


def _ways(size: Size, label: Port, errors: dict[int, Port], number: int) -> dict[str, Callable[[Port], Port]]:
    """The wire behind a hidden layer, by view."""

    def synthetic(port: Port, prop: float = 0.0) -> Port:
        return decoupled(port, LinearSynthesizer(size.width, CLASSES), given=label, prop=prop)

    def echo(port: Port, error: int, ones: bool = False) -> Port:
        width = CLASSES if error == size.layers else size.width
        return decoupled(port, Feedback(size.width, width, ones), error=errors[error])

    return {
        "backprop": lambda port: port,
        "single": synthetic,
        "synthetic": synthetic,
        "propagated": lambda port: synthetic(port, PROP),
        "feedback": lambda port: echo(port, number + 1),
        "direct_feedback": lambda port: echo(port, size.layers),
        "kickback": lambda port: echo(port, size.layers, ones=True),
    }
