"""Pictures of representations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from learners.experiment import grouped
from physim.reports import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {
    "backprop": "backpropagation",
    "single": "one synthetic gradient, in the middle",
    "synthetic": "a synthetic gradient at every layer",
    "direct_feedback": "direct feedback alignment",
}
COLUMNS = 10
"""Of how many layers a picture shows matrices, at most."""


def depths(rows: Sequence[Row], views: Sequence[str]) -> Figure:
    """Distances from the last layer's dissimilarities, and shares of parted classes, by layer; a line a view."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    titles = {"distance": "distance from the last layer's dissimilarities", "separated": "parted by a linear probe"}
    values = grouped(rows, ("name", "arm", "layer"))
    for axes, (name, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        for view in views:
            layers = sorted(int(str(layer)) for kind, arm, layer in values if kind == name and arm == view)
            each = [values[name, view, layer] for layer in layers]
            means = [sum(one) / len(one) for one in each]
            axes.plot(layers, means, label=NAMES.get(view, view))
            axes.fill_between(layers, [min(one) for one in each], [max(one) for one in each], alpha=0.2)
        axes.set(xlabel="hidden layer", title=title)
    axes.legend(fontsize=8)
    return figure


def learning(rows: Sequence[Row]) -> Figure:
    """Errors over a training, a line an arm; and how true and synthetic gradients agree at each cut wire."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    left, *right = figure.subplots(1, 3)
    by = ("name", "arm", "wire")
    done = grouped(rows, by, "done")
    for (name, arm, wire), values in grouped(rows, by).items():
        axes = left if name == "error" else right[arm == "cdni"]
        axes.plot(done[name, arm, wire], values, label=arm if name == "error" else wire)
        if name == "cosine":
            axes.set(xlabel="updates", title=f"cosine of true and synthetic gradients, {arm}", ylim=(-0.2, 1))
    left.set(xlabel="updates", yscale="log", title="error on held-out digits")
    for axes in (left, *right):
        axes.legend(fontsize=8)
    return figure


def matrices(of: Mapping[str, Sequence[Tensor]]) -> Figure:
    """The dissimilarity matrices of layers evenly from the first on, a row a network."""
    from matplotlib.figure import Figure

    layers = max(map(len, of.values()))
    shown = range(0, layers, -(-layers // COLUMNS))
    columns = len(shown)
    figure = Figure(figsize=(1.1 * columns, 1.35 * len(of)), layout="constrained")
    for row, (view, each) in zip(figure.subplots(len(of), columns, squeeze=False), of.items(), strict=True):
        for axes, layer in zip(row, shown, strict=True):
            axes.imshow(each[layer].numpy(), vmin=0, vmax=1.2, cmap="viridis")
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"layer {layer + 1}", fontsize=7)
        row[0].set_ylabel(NAMES.get(view, view).replace(", ", ",\n").replace("gradient at", "gradient\nat"), fontsize=6)
    return figure
