"""Decoupled Neural Interfaces (arXiv:1608.05343): the tables of the paper, rebuilt on real data.

python examples/papers/decoupled_interfaces.py [--quick] [--parts layers sparse ...]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from learners.decoupled import pictures
from learners.decoupled.classify import Training, agreements, error
from learners.decoupled.graphs import Planes, Size, convolutional, perceptron
from learners.experiment import TUNING_SEED, Cell, markdown, mean, percentages
from learners.papers import DRAWING, Checks, PaperSettings, run_parts
from parts import networks_decoupled, sequences_decoupled
from parts.digits_parted import ARMS, SEEDS, digits
from physim.graph import ModuleGraph
from physim.reports import Row
from physim.scripts import check_choices, run_script

RESULTS = Path(__file__).parent / "results" / "decoupled_interfaces"
DEPTHS = (3, 4, 5, 6)
TRIED = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""The learning rates that every arm is tried with, on a tuning seed and held-out images."""
UNITS = {"dni": (1.0, 10.0, 30.0, 100.0)}
"""The units that synthesizers without labels are tried with; the larger, the quicker they follow."""
TUNING_UPDATES, TUNING_DEPTH = 2000, 4
FINALISTS = 3
"""How many learning rates of each arm, each with its best unit, are tried again at the largest depth and full length:
what is quick at first may fall back later."""
HIDDEN = (256,)
"""The hidden layers of unconditional synthesizers; the paper chose from none, one and two of 1024."""
MINUTES = {"backprop": 0.15, "none": 0.05, "cdni": 0.3, "dni": 0.5}
"""How long a thousand updates take on one core, about."""
PAPER = {
    "none": (9.3, 12.6, 16.2, 21.4),
    "backprop": (2.0, 1.8, 1.8, 1.8),
    "dni": (1.9, 2.2, 3.4, 4.3),
    "cdni": (2.2, 1.9, 1.7, 1.6),
}
"""The paper's test errors by depth, in per cent, as its sheet remembers them."""
SPARSE, SPARSE_UPDATES = (1.0, 0.2, 0.05), 6000
"""How likely each layer is to take its step at an update."""
DEEP, DEEP_UPDATES = 21, 10_000
DEEP_TRIED = (3e-5, 1e-4, 3e-4)
"""The learning rates of a very deep network, which are smaller: what suits six layers does not suit it."""
PLANES, PLANES_UPDATES = (3, 4), 1000
CURVES_UPDATES, CURVES_SETTING, CURVES_POINTS = 4000, (3e-4, 30.0), 40
ALL = ("layers", "curves", "sparse", "deep", "convolutional", "copy", "language", "clocks", "interaction", "encoder")


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Train classifiers of MNIST whose layers wait for one another, or do not, and write the paper's tables.

    Learning rates are chosen first, for each arm alike: the whole sweep is kept.
    """

    parts: tuple[str, ...] = ALL
    """What to do: every depth; learning curves and pictures; seldom and unlocked updates; a very deep network;
    convolutional ones; sequences to be copied; characters of a text; two networks of different clocks; interaction
    networks cut between their two models; and encoders cut from their recurrent cores."""
    updates: int = 20_000
    """Updates of each training of the first part."""
    arms: tuple[str, ...] = ARMS
    """How gradients pass from layer to layer, in the first part."""
    out: Path = RESULTS

    shorter: ClassVar[int] = 20


def main(args: Args) -> None:
    """Run what has not run yet and write the tables."""
    check_choices("arms", args.arms, ARMS)
    run_parts(args, args.parts, PARTS, CHECKS)


def layers(args: Args) -> str:
    """The paper's table: backprop, DNI, cDNI and no backprop at every depth."""
    chosen = chosen_settings(args, args.arms)
    updates = args.shortened(args.updates)
    cells = [
        _cell(arm, seed, depth, updates, chosen[arm])
        for arm in args.arms
        for seed in args.few(SEEDS)
        for depth in DEPTHS
    ]
    return table(args.rows("digits", cells, run))


def sparse(args: Args) -> str:
    """Four layers that take their steps seldom, with true values below or imagined ones."""
    (rate, _), updates = chosen_settings(args, ("cdni",))["cdni"], args.shortened(SPARSE_UPDATES)
    cells = [
        Cell(arm, seed, (("probability", chance), ("updates", updates), ("rate", rate)), updates / 1000 * 0.3)
        for arm in ("cdni", "unlocked")
        for chance in SPARSE
        for seed in args.few(SEEDS)
    ]
    return shares(args.rows("sparse", cells, run_sparse), "probability")


def deep(args: Args) -> str:
    """A very deep network, each of whose layers is cut from the next."""
    updates = args.shortened(DEEP_UPDATES)
    tried = [_cell("cdni", TUNING_SEED, DEEP, updates, (rate, 1.0), 1.5) for rate in DEEP_TRIED]
    ranked = ranked_settings(args.rows("deep_rates", tried, run))
    cells = [_cell("cdni", seed, DEEP, updates, ranked["cdni"][0], 1.5) for seed in args.few(SEEDS)]
    return shares(args.rows("deep", cells, run), "layers")


def convolution(args: Args) -> str:
    """Convolutional networks, likewise."""
    updates = args.shortened(PLANES_UPDATES)
    cells = [
        Cell(arm, seed, (("layers", depth), ("updates", updates)), updates / 1000 * 1.5)
        for arm in ARMS
        for depth in PLANES
        for seed in args.few(SEEDS)
    ]
    return shares(args.rows("convolutional", cells, run_planes), "layers")


def curves(args: Args) -> str:
    """How four layers learn, and how true and synthetic gradients agree meanwhile; their graph, drawn with its cuts."""
    updates = args.shortened(CURVES_UPDATES)
    cells = [_cell(arm, 0, TUNING_DEPTH, updates, CURVES_SETTING) for arm in ARMS]
    rows = args.rows("curves", cells, run_curves)
    args.draw("curves", pictures.learning(rows))
    axes = perceptron(Size(TUNING_DEPTH), "cdni").draw()
    axes.figure.set_size_inches(11, 4)
    args.draw("graph", axes.figure)
    last = {(row["arm"], row["wire"]): row["value"] for row in rows if row["name"] == "cosine"}
    lines = [[arm, wire, f"{value:.2f}"] for (arm, wire), value in last.items()]
    return markdown(("what comes back", "cut behind", "cosine at last"), lines)


def chosen_settings(args: Args, arms: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The learning rate and unit of each arm, from two sweeps on a tuning seed and held-out images: a short one, and
    one of its best at the largest depth and full length.
    """
    updates = args.shortened(TUNING_UPDATES)
    tried = [
        _cell(arm, TUNING_SEED, TUNING_DEPTH, updates, (rate, unit))
        for arm in arms
        for rate in TRIED
        for unit in UNITS.get(arm, (1.0,))
    ]
    best = ranked_settings(args.rows("digits_rates", tried, run))
    updates = args.shortened(args.updates)
    finals = [_cell(arm, TUNING_SEED, DEPTHS[-1], updates, each) for arm in arms for each in finalists(best[arm])]
    ranked = ranked_settings(args.rows("digits_finals", finals, run))
    return {arm: ranked[arm][0] for arm in arms}


def _cell(
    arm: str, seed: int, layers: int, updates: int, chosen: tuple[float, float], minutes: float | None = None
) -> Cell:
    setting = (("layers", layers), ("updates", updates), ("rate", chosen[0]), ("guess_unit", chosen[1]))
    return Cell(arm, seed, setting, updates / 1000 * (MINUTES[arm] if minutes is None else minutes))


def finalists(ranked: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The best learning rates of a ranking, each with the unit that it is best with."""
    units: dict[float, float] = {}
    for rate, unit in ranked:
        units.setdefault(rate, unit)
    return list(units.items())[:FINALISTS]


def ranked_settings(rows: Sequence[Row]) -> dict[str, list[tuple[float, float]]]:
    """The learning rates and units of each arm, those with the smallest errors on held-out images first."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in rows:
        if row["part"] == "held_out":
            error, rate, unit = (float(str(row[name])) for name in ("value", "rate", "guess_unit"))
            found.setdefault(str(row["arm"]), []).append((error, rate, unit))
    return {arm: [(rate, unit) for _, rate, unit in sorted(tried)] for arm, tried in found.items()}


def run(cell: Cell) -> Sequence[Row]:
    """The errors of one training."""
    torch.manual_seed(cell.seed)
    net = perceptron(Size(cell["layers"], hidden=HIDDEN, unit=cell["guess_unit"]), cell.arm)
    return judged(net, Training(cell["updates"], cell["rate"], seed=cell.seed))


def run_curves(cell: Cell) -> Sequence[Row]:
    """Errors on held-out images and the agreement of gradients, over one training."""
    torch.manual_seed(cell.seed)
    net = perceptron(Size(cell["layers"], hidden=HIDDEN, unit=cell["guess_unit"]), cell.arm)
    training, rows = Training(cell["updates"], cell["rate"], seed=cell.seed), list[Row]()
    every = max(1, training.updates // CURVES_POINTS)
    for done in training.steps(net, digits("train")):
        if done % every == 0:
            rows.append({"name": "error", "wire": "logits", "done": done, "value": error(net, digits("held_out"))})
            rows += [{"name": "cosine", "wire": wire, "done": done, "value": x} for wire, x in agreements(net).items()]
            net.train()
    return rows


def run_sparse(cell: Cell) -> Sequence[Row]:
    """The errors of a training whose layers take their steps seldom."""
    torch.manual_seed(cell.seed)
    training = Training(cell["updates"], cell["rate"], 256, cell["probability"], cell.seed)
    return judged(perceptron(Size(4), cell.arm), training)


def run_planes(cell: Cell) -> Sequence[Row]:
    """The errors of a convolutional training."""
    torch.manual_seed(cell.seed)
    return judged(convolutional(Planes(cell["layers"]), cell.arm), Training(cell["updates"], seed=cell.seed))


def judged(net: ModuleGraph, training: Training) -> Sequence[Row]:
    """The errors after a training; test images are not looked at while settings are chosen."""
    training.run(net, digits("train"))
    parts = ("train", "held_out") if training.seed == TUNING_SEED else ("train", "held_out", "test")
    return [{"name": "error", "part": part, "value": error(net, digits(part)), "unit": "share"} for part in parts]


def table(rows: Sequence[Row]) -> str:
    """The test errors in per cent by depth and arm, beside the paper's."""
    values = percentages([row for row in rows if row["part"] == "test"], ("layers", "arm"))
    lines = []
    for place, layers in enumerate(DEPTHS):
        cells = [[str(mean(values[layers, arm])), PAPER[arm][place]] for arm in ARMS if (layers, arm) in values]
        lines.append([layers, *(item for pair in cells for item in pair)])
    head = ["layers", *(name for arm in ARMS for name in (f"{arm} (%)", "paper"))]
    return markdown(head, lines)


def shares(rows: Sequence[Row], setting: str) -> str:
    """The test errors in per cent by arm and a setting."""
    values = percentages([row for row in rows if row["part"] == "test"], (setting, "arm"))
    arms = list(dict.fromkeys(arm for _, arm in values))
    lines = [
        [value, *(str(mean(values[value, arm])) for arm in arms)] for value in dict.fromkeys(each for each, _ in values)
    ]
    return markdown([setting, *(f"{arm} (%)" for arm in arms)], lines)


def check() -> None:
    """Refuse to begin without digits."""
    digits("test")


PARTS: dict[str, Callable[[Args], str]] = {
    "layers": layers,
    "curves": curves,
    "sparse": sparse,
    "deep": deep,
    "convolutional": convolution,
    "copy": sequences_decoupled.copy,
    "language": sequences_decoupled.language,
    "clocks": networks_decoupled.two_clocks,
    "interaction": networks_decoupled.interaction,
    "encoder": networks_decoupled.encoder,
}
WITHOUT_DIGITS = ("copy", "language", "interaction")
CHECKS: Checks = {
    **{part: (check,) for part in PARTS if part not in WITHOUT_DIGITS},
    "curves": (check, DRAWING),
    "language": (sequences_decoupled.check,),
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
