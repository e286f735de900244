"""Decoupled Neural Interfaces (arXiv:1608.05343): the tables of the paper, rebuilt on real data.

python examples/papers/decoupled_interfaces.py [--quick]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
import tyro

from learners.decoupled.classify import Digits, Training, error
from learners.decoupled.graphs import Size, perceptron
from learners.experiment import Cell, Grid, grouped, markdown, mean
from physim.errors import PhysimError
from physim.reports import Row
from worlds.real_data import mnist

RESULTS = Path(__file__).parent / "results" / "decoupled_interfaces"
DEPTHS = (3, 4, 5, 6)
ARMS = ("backprop", "none", "cdni", "dni")
SEEDS = (0, 1, 2)
HELD_OUT = 5000
"""How many training images settings are chosen on, instead of test images."""
TRIED = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""The learning rates that every arm is tried with, on a tuning seed and held-out images."""
TUNING_SEED, TUNING_UPDATES, TUNING_DEPTH = 100, 2000, 4
MINUTES = {"backprop": 0.15, "none": 0.05, "cdni": 0.3, "dni": 2.0}
"""How long a thousand updates take on one core, about."""
PAPER = {
    "none": (9.3, 12.6, 16.2, 21.4),
    "backprop": (2.0, 1.8, 1.8, 1.8),
    "dni": (1.9, 2.2, 3.4, 4.3),
    "cdni": (2.2, 1.9, 1.7, 1.6),
}
"""The paper's test errors by depth, in per cent, as its sheet remembers them."""


@dataclass(frozen=True)
class Args:
    """Train classifiers of MNIST whose layers wait for one another, or do not, and write the paper's table.

    Learning rates are chosen first, for each arm alike: the whole sweep is kept.
    """

    updates: int = 20_000
    """Updates of each training."""
    arms: tuple[str, ...] = ARMS
    """How gradients pass from layer to layer."""
    quick: bool = False
    """A twentieth of the updates and one seed: to see that it runs."""
    workers: int = 2
    """Trainings at a time, one thread each."""
    out: Path = RESULTS
    """Where the rows (CSV) and the table (Markdown) are kept."""


def main(args: Args) -> None:
    """Run what has not run yet and write the table."""
    updates, seeds = (args.updates // 20, SEEDS[:1]) if args.quick else (args.updates, SEEDS)
    tuning = TUNING_UPDATES // 20 if args.quick else TUNING_UPDATES
    tried = [_cell(arm, TUNING_SEED, TUNING_DEPTH, tuning, rate) for arm in args.arms for rate in TRIED]
    rates = best_rates(Grid(args.out / "digits_rates.csv", tried, run).complete(args.workers))
    cells = [_cell(arm, seed, layers, updates, rates[arm]) for arm in args.arms for seed in seeds for layers in DEPTHS]
    text = table(Grid(args.out / "digits.csv", cells, run).complete(args.workers))
    (args.out / "digits.md").write_text(text, encoding="utf-8")
    print(text)


def _cell(arm: str, seed: int, layers: int, updates: int, rate: float) -> Cell:
    setting = (("layers", layers), ("updates", updates), ("rate", rate))
    return Cell(arm, seed, setting, updates / 1000 * MINUTES[arm])


def best_rates(rows: Sequence[Row]) -> dict[str, float]:
    """The learning rate of each arm with the smallest error on held-out images."""
    tried = [
        (str(row["arm"]), float(str(row["value"])), float(str(row["rate"])))
        for row in rows
        if row["part"] == "held_out"
    ]
    return {arm: min((error, rate) for one, error, rate in tried if one == arm)[1] for arm, _, _ in tried}


def run(cell: Cell) -> Sequence[Row]:
    """The errors of one training; test images are not looked at while settings are chosen."""
    setting = {name: float(str(value)) for name, value in cell.setting}
    torch.manual_seed(cell.seed)
    net = perceptron(Size(int(setting["layers"])), cell.arm)
    Training(int(setting["updates"]), setting["rate"], seed=cell.seed).run(net, digits("train"))
    parts = ("train", "held_out") if cell.seed == TUNING_SEED else ("train", "held_out", "test")
    return [{"name": "error", "part": part, "value": error(net, digits(part)), "unit": "share"} for part in parts]


@lru_cache
def digits(part: str) -> Digits:
    """The images of a part: "train", "held_out" (both of MNIST's training images) or "test"."""
    images, kinds = mnist(train=part != "test")
    chosen = {"train": slice(HELD_OUT, None), "held_out": slice(HELD_OUT), "test": slice(None)}[part]
    return Digits.of(images[chosen], kinds[chosen])


def table(rows: Sequence[Row]) -> str:
    """The test errors in per cent by depth and arm, beside the paper's."""
    values = grouped(
        [{**row, "value": 100 * float(str(row["value"]))} for row in rows if row["part"] == "test"], ("layers", "arm")
    )
    lines = []
    for place, layers in enumerate(DEPTHS):
        cells = [[str(mean(values[layers, arm])), PAPER[arm][place]] for arm in ARMS if (layers, arm) in values]
        lines.append([layers, *(item for pair in cells for item in pair)])
    head = ["layers", *(name for arm in ARMS for name in (f"{arm} (%)", "paper"))]
    return markdown(head, lines)


if __name__ == "__main__":
    try:
        main(tyro.cli(Args, description=__doc__))
    except PhysimError as failure:
        print(f"{Path(__file__).name}: {failure}", file=sys.stderr)
        sys.exit(2)
