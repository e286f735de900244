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


def matrices(of: Mapping[str, Sequence[Tensor]]) -> Figure:
    """The dissimilarity matrix of every layer, a row a network."""
    from matplotlib.figure import Figure

    columns = max(map(len, of.values()))
    figure = Figure(figsize=(1.1 * columns, 1.35 * len(of)), layout="constrained")
    for row, (view, each) in zip(figure.subplots(len(of), columns, squeeze=False), of.items(), strict=True):
        for layer, (axes, matrix) in enumerate(zip(row, each, strict=True), 1):
            axes.imshow(matrix.numpy(), vmin=0, vmax=1.2, cmap="viridis")
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"layer {layer}", fontsize=7)
        row[0].set_ylabel(NAMES.get(view, view).replace(", ", ",\n").replace("gradient at", "gradient\nat"), fontsize=6)
    return figure
