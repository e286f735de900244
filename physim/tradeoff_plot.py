"""The picture of what accuracy costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from physim.engines.named import TRUTH
from physim.outputs import replacing
from physim.reports import Row, Value

COSTS = {"ms_alone": "one scene", "ms_together": "{} scenes at once"}
"""The figures along the horizontal axis, and what they are of."""
HOLLOW = {"markerfacecolor": "white", "linestyle": "--"}
STYLES: dict[Value, dict[str, Any]] = {
    TRUTH: {"marker": "o", "markersize": 6, "color": "tab:blue"},
    "pymunk": {"marker": "s", "markersize": 5, "color": "tab:green"},
    "learned": {"marker": "*", "markersize": 13, "color": "tab:orange"},
}
"""How engines are drawn."""


def save_plot(rows: Sequence[Row], path: Path) -> None:
    """Draw the rows of `tradeoff` into a file."""
    from matplotlib.figure import Figure  # an extra: the package works without it

    figure = Figure(figsize=(6, 4.6), layout="constrained")
    plot(rows, figure.subplots())
    with replacing(path) as draft:
        figure.savefig(draft, dpi=110, format=path.suffix[1:])


def plot(rows: Sequence[Row], axes: Any) -> Any:
    """Position errors against milliseconds on logarithmic axes: a line of the truth by its substeps, a star learned."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for cost, what in COSTS.items():
        for engine, style in STYLES.items():
            mine = [row for row in rows if row["engine"] == engine]
            if mine:
                label = f"{engine}, {what.format(mine[0]['scenes'])}"
                shown = style | (HOLLOW if cost == "ms_together" else {})
                axes.plot([row[cost] for row in mine], [row["value"] for row in mine], label=label, **shown)
    for row in rows:
        if row["engine"] == TRUTH:
            place = (row["ms_alone"], row["value"])
            axes.annotate(row["substeps"], place, (5, 4), textcoords="offset points", fontsize="small")
    axes.set(xscale="log", yscale="log", xlabel="milliseconds for each second of a scene")
    axes.set(ylabel=f"median position error after {rows[0]['seconds']:.2g} s (m, or pixels)")
    axes.set_title(f"{rows[0]['world']}: the truth by its substeps in {rows[0]['frame_ms']:.3g} ms")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.15), frameon=False)
    return axes
