"""Understanding Synthetic Gradients (arXiv:1703.00522): its table, its landscapes, its representations, its one view.

python examples/papers/understanding_synthetic_gradients.py [--quick] [--parts table landscapes representations views]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch

from learners.decoupled import landscapes
from learners.decoupled.artificial import Points, linear_model, trained
from learners.decoupled.classify import Digits, Training, error
from learners.decoupled.graphs import Size
from learners.decoupled.losses import CrossEntropy, Squares
from learners.decoupled.representations import activations, dissimilarities, distances, separated, sorted_by_class
from learners.decoupled.views import VIEWS, viewed
from learners.experiment import Cell, grouped, markdown, mean, percentages
from learners.papers import DRAWING, Checks, PaperSettings, run_parts
from physim.reports import Row
from physim.scripts import run_script
from physim.threads import one_thread
from worlds.real_data import mnist

RESULTS = Path(__file__).parent / "results" / "understanding_synthetic_gradients"
SHALLOW, DEEP = 0, 10
MODELS = (
    *((kind, features, SHALLOW) for kind in ("linear", "noisy", "random") for features in (2, 100)),
    *((kind, features, DEEP) for kind in ("noisy", "random") for features in (2, 100)),
)
"""The data, their dimension and the hidden layers of the paper's table."""
PAPER = {
    "squares": (0.00000, 0.00002, 0.00000, 0.00002, 0.00000, 0.00004, 0.00000, 0.00001, 0.00000, 0.00001),
    "log": (0.03842, 0.08554, 0.00036, 0.00442, 0.00000, 0.00003, 0.00000, 0.00293, 0.00000, 0.00004),
}
"""Its final losses over the least, in the same order."""
SEEDS = (0, 1, 2)
SETS, FEW = 10, 3
MODEL_UPDATES = 4000
DEPTH, DEPTH_RATE, DEPTH_UPDATES = Size(layers=21, width=128), 5e-4, 12_000
"""The networks whose representations are looked at: twenty hidden layers and a linear one. At 1e-3 synthetic gradients
at every layer of so many did not learn, by a seed of its own (71 % error)."""
SEEN = ("backprop", "single", "synthetic", "direct_feedback")
"""What comes back on the wires of the networks that are looked at."""
LOOKED_AT = 400
PROBED = 5000
INSTANTS = (100, 1000, 3000, 10_000)
VIEWED, VIEW_UPDATES = Size(layers=5, width=256), 2000


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Rebuild the paper's experiments on small networks; finished runs are kept, and the rest goes on from there."""

    parts: tuple[str, ...] = ("table", "landscapes", "representations", "views")
    """What to do; landscapes are trained anew each time, which takes some ten minutes."""
    out: Path = RESULTS

    shorter: ClassVar[int] = 20


def main(args: Args) -> None:
    """Run what has not run yet; write the tables and pictures."""
    run_parts(args, args.parts, PARTS, CHECKS)


def artificial(args: Args) -> str:
    """Final losses over the least, of linear models with one synthetic gradient."""
    arms = {"squares": ("linear",), "log": ("linear", "bent", "backprop")}
    cells = [
        _modelled(arm, seed, model, loss, args.shortened(MODEL_UPDATES))
        for loss, several in arms.items()
        for arm in several
        for model in MODELS
        for seed in range(1 if args.quick else _sets(model))
    ]
    return artificial_table(args.rows("table", cells, run_artificial))


def _sets(model: tuple[str, int, int]) -> int:
    """Over how many drawings of the data means are taken: as in the paper, but where a training takes minutes."""
    return FEW if model[1:] == (100, DEEP) else SETS


def _modelled(arm: str, seed: int, model: tuple[str, int, int], loss: str, updates: int) -> Cell:
    kind, features, hidden = model
    setting = (("data", kind), ("features", features), ("hidden", hidden), ("loss", loss), ("updates", updates))
    return Cell(arm, seed, setting, updates / 60_000 * (20 if (features, hidden) == (100, DEEP) else 1 + hidden / 5))


def run_artificial(cell: Cell) -> Sequence[Row]:
    """How far above the least loss one training ends."""
    torch.manual_seed(cell.seed)
    data = Points.drawn(cell["data"], cell["features"], cell.seed)
    synthesizer = None if cell.arm == "backprop" else cell.arm
    net = linear_model(cell["features"], cell["hidden"], synthesizer)
    final = trained(net, data, cell["loss"], cell["updates"])
    return [{"name": "excess", "value": final - data.least(cell["loss"]), "unit": "loss"}]


def artificial_table(rows: Sequence[Row]) -> str:
    """Means over the drawings, beside the paper's."""
    values = grouped(rows, ("loss", "arm", "data", "features", "hidden"))
    lines = []
    for place, (kind, features, hidden) in enumerate(MODELS):
        line: list[object] = [f"{kind}{features}", "deep" if hidden else "shallow"]
        for loss, arm in (("squares", "linear"), ("log", "linear"), ("log", "bent"), ("log", "backprop")):
            found = values[loss, arm, kind, features, hidden]
            line.append(f"{sum(found) / len(found):.5f}")
            line += [f"{PAPER[loss][place]:.5f}"] if arm == "linear" else []
        lines.append(line)
    return markdown(("data", "model", "squares", "paper", "log", "paper", "log, bent", "log, backprop"), lines)


def landscape(args: Args) -> str:
    """Implied losses beside true ones at instants of a training, with their agreement."""
    from matplotlib.figure import Figure

    instants = [args.shortened(instant) for instant in INSTANTS]
    lines = []
    for kind in ("noisy", "random"):
        for loss in ("squares", "log"):
            figure = Figure(figsize=(2.2 * len(instants), 8.4), layout="constrained")
            axes = figure.subplots(4, len(instants))
            for row, everywhere in enumerate((False, True)):
                torch.manual_seed(0)
                looks = landscapes.watched(landscapes.network(everywhere), kind, loss, instants)
                for place, look in enumerate(looks):
                    _fields(axes[2 * row : 2 * row + 2, place], look)
                    axes[2 * row, 0].set_ylabel("true loss")
                    axes[2 * row + 1, 0].set_ylabel("implied" + (", all layers cut" if everywhere else ", one cut"))
                    cuts = "all" if everywhere else "one"
                    lines.append([kind, loss, cuts, look.updates, *(f"{x:.3f}" for x in _agreement(look))])
            args.draw(f"landscape_{kind}_{loss}", figure)
    head = ("data", "loss", "cuts", "updates", "true loss", "cosine", "relative error", "correlation of losses")
    return markdown(head, lines)


def _fields(axes: Any, look: landscapes.Look) -> None:
    """Draw the true loss of every point above the implied one, each in colours of its own."""
    for axis, field in zip(axes, (look.true, look.implied), strict=True):
        axis.imshow(field.reshape(landscapes.SIDE, -1).T.numpy(), origin="lower", cmap="viridis")
        axis.set(xticks=[], yticks=[])
    axes[0].set_title(f"{look.updates} updates", fontsize=8)
    axes[1].set_title(f"cosine of gradients {look.agreement:.2f}", fontsize=8)


def _agreement(look: landscapes.Look) -> tuple[float, ...]:
    correlation = torch.corrcoef(torch.stack([look.true, look.implied]))[0, 1]
    return float(look.true.mean()), look.agreement, look.error, float(correlation)


def representations(args: Args) -> str:
    """Dissimilarity matrices of every layer, their way to the last one's, and where classes part in depth."""
    from learners.decoupled import pictures

    updates = args.shortened(DEPTH_UPDATES)
    setting = (("layers", DEPTH.layers - 1), ("rate", DEPTH_RATE), ("updates", updates))
    cells = [Cell(view, seed, setting, updates / 1000 * 0.6) for seed in args.few(SEEDS) for view in SEEN]
    rows = args.rows("representations", cells, run_representations)
    args.draw("representations", pictures.depths(rows, SEEN))
    if not (args.quick or (args.folder / "dissimilarities.png").exists()):  # half an hour: trained once more
        with one_thread():
            args.draw("dissimilarities", pictures.matrices({view: matrices_of(view, 0, updates) for view in SEEN}))
    return representations_table(rows)


def run_representations(cell: Cell) -> Sequence[Row]:
    """Each layer's distance from the last in dissimilarities, and how well its classes part; and the test error."""
    net = look_at(cell.arm, cell.seed, cell["updates"])
    chosen = sorted_by_class(digits("test"), LOOKED_AT)
    far = distances([dissimilarities(values) for values in activations(net, chosen)], chosen.kind)
    train = digits("train")
    probed = Digits(train.image[:PROBED], train.kind[:PROBED])
    parted = [separated(values, probed.kind) for values in activations(net, probed)]
    rows: list[Row] = [{"name": "error", "layer": 0, "value": error(net, digits("test")), "unit": "share"}]
    for name, values in (("distance", far), ("separated", parted)):
        rows += [
            {"name": name, "layer": layer, "value": value, "unit": "share"} for layer, value in enumerate(values, 1)
        ]
    return rows


def look_at(view: str, seed: int, updates: int) -> Any:
    """A network that was trained in a view, to be looked at."""
    torch.manual_seed(seed)
    net = viewed(DEPTH, view)
    Training(updates, DEPTH_RATE, seed=seed, together=True).run(net, digits("train"))
    return net


def matrices_of(view: str, seed: int, updates: int) -> list[torch.Tensor]:
    """The dissimilarity matrices of a network's layers."""
    chosen = sorted_by_class(digits("test"), LOOKED_AT)
    return [dissimilarities(values) for values in activations(look_at(view, seed, updates), chosen)]


def representations_table(rows: Sequence[Row]) -> str:
    """Distances and parted classes by layer, and test errors, with intervals over seeds."""
    values = grouped(rows, ("name", "layer", "arm"))
    lines: list[list[object]] = [["test error", "", *(str(mean(values["error", 0, view])) for view in SEEN)]]
    for name in ("distance", "separated"):
        for layer in range(1, DEPTH.layers):
            lines.append([name, layer, *(str(mean(values[name, layer, view])) for view in SEEN)])
    return markdown(("", "layer", *SEEN), lines)


def views(args: Args) -> str:
    """The same network and loss, with all that can come back on its wires: test errors."""
    updates = args.shortened(VIEW_UPDATES)
    cells = [
        Cell(view, seed, (("loss", loss), ("updates", updates)), updates / 1000 * 0.4)
        for loss in ("squares", "log")
        for seed in args.few(SEEDS)
        for view in VIEWS
    ]
    rows = args.rows("views", cells, run_view)
    values = percentages(rows, ("loss", "arm"))
    lines = [[view, *(str(mean(values[loss, view])) for loss in ("squares", "log"))] for view in VIEWS]
    return markdown(("what comes back", "squares: error (%)", "log loss: error (%)"), lines)


def run_view(cell: Cell) -> Sequence[Row]:
    """The test error of a network that was trained in one view."""
    torch.manual_seed(cell.seed)
    net = viewed(VIEWED, cell.arm)
    loss = Squares if cell["loss"] == "squares" else CrossEntropy
    Training(cell["updates"], seed=cell.seed, loss=loss, together=True).run(net, digits("train"))
    return [{"name": "error", "value": error(net, digits("test")), "unit": "share"}]


@lru_cache
def digits(part: str) -> Digits:
    """The images that are trained on, or the test's."""
    return Digits.of(*mnist(train=part == "train"))


def check() -> None:
    """Refuse to begin without digits."""
    digits("test")


PARTS: dict[str, Callable[[Args], str]] = {
    "table": artificial,
    "landscapes": landscape,
    "representations": representations,
    "views": views,
}
CHECKS: Checks = {
    "landscapes": (DRAWING,),
    "representations": (check, DRAWING),
    "views": (check,),
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
