"""Decoupled Neural Interfaces (arXiv:1608.05343): the tables of the paper, rebuilt on real data.

python examples/papers/decoupled_interfaces.py [--quick] [--parts layers sparse ...]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from statistics import median
from typing import ClassVar

import torch

from learners.decoupled import pictures
from learners.decoupled.classify import Digits, Training, agreements, error
from learners.decoupled.clocks import ARMS as CLOCK_ARMS
from learners.decoupled.clocks import Clocks
from learners.decoupled.copying import Copying
from learners.decoupled.counting import Counting
from learners.decoupled.graphs import Planes, Size, convolutional, perceptron
from learners.decoupled.language import Reading, bits, characters
from learners.decoupled.recurrent import ARMS as RECURRENT_ARMS
from learners.decoupled.recurrent import Recurrent
from learners.decoupled.relations import Relating
from learners.experiment import Cell, grouped, markdown, mean
from learners.papers import PaperSettings, run_parts
from physim.graph import ModuleGraph
from physim.outputs import replacing
from physim.reports import Row
from physim.scripts import check_choices, run_script
from worlds.nbody import NBody
from worlds.real_data import mnist, splits

RESULTS = Path(__file__).parent / "results" / "decoupled_interfaces"
DEPTHS = (3, 4, 5, 6)
ARMS = ("backprop", "none", "cdni", "dni")
SEEDS = (0, 1, 2)
HELD_OUT = 5000
"""How many training images settings are chosen on, instead of test images."""
TRIED = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""The learning rates that every arm is tried with, on a tuning seed and held-out images."""
UNITS = {"dni": (1.0, 10.0, 30.0, 100.0)}
"""The units that synthesizers without labels are tried with; the larger, the quicker they follow."""
TUNING_SEED, TUNING_UPDATES, TUNING_DEPTH = 100, 2000, 4
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
SCALES = {"cdni": 0.3}
"""What synthetic gradients weigh where that is not the paper's 0.1: what knows what is to come can be trusted more."""
DEEP, DEEP_UPDATES = 21, 10_000
DEEP_TRIED = (3e-5, 1e-4, 3e-4)
"""The learning rates of a very deep network, which are smaller: what suits six layers does not suit it."""
PLANES, PLANES_UPDATES = (3, 4), 1000
COPY_WINDOWS, COPY_UPDATES = (2, 3, 5), 20_000
COPY_PLAIN = tuple((rate, 0.0) for rate in (3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2))
COPY_BRIDGED = tuple((rate, scale) for rate in (1e-3, 3e-3) for scale in (0.1, 0.3, 1.0))
"""The learning rates that plain windows are tried with, and the rates and scales of synthetic gradients: six each."""
TEXT, LANGUAGE_WINDOWS, LANGUAGE_UPDATES = "shakespeare", (2, 5, 20), 5000
CLOCKS_UPDATES = 2000
CURVES_UPDATES, CURVES_SETTING, CURVES_POINTS = 4000, (3e-4, 30.0), 40
RELATIONS_UPDATES, COUNTING_UPDATES = 5000, 3000
TEST_SCENES = 90_500
"""The seed of the scenes that interaction networks are judged on."""


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
    run_parts(args, args.parts, PARTS)


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


def copy(args: Args) -> str:
    """The longest sequences that are copied, and copied again, after as many updates by each length of window."""
    updates = args.shortened(COPY_UPDATES)
    tried = [
        _copied(arm, TUNING_SEED, 3, 0, updates // 2, setting)
        for arm in RECURRENT_ARMS
        for setting in (COPY_PLAIN if arm == "bptt" else COPY_BRIDGED)
    ]
    chosen = longest_settings(args.rows("copy_rates", tried, run_copy))
    cells = [
        _copied(arm, seed, window, repeating, updates, chosen[arm])
        for seed in args.few(SEEDS)
        for repeating in (0, 1)
        for window in COPY_WINDOWS
        for arm in RECURRENT_ARMS
    ]
    return copy_table(args.rows("copy", cells, run_copy))


def language(args: Args) -> str:
    """Bits a character of unseen text, by the length of windows."""
    updates = args.shortened(LANGUAGE_UPDATES)
    cells = [
        Cell(arm, seed, (("window", window), ("updates", updates)), updates / 1000 * 0.2)
        for seed in args.few(SEEDS)
        for window in LANGUAGE_WINDOWS
        for arm in (RECURRENT_ARMS if window < LANGUAGE_WINDOWS[-1] else RECURRENT_ARMS[:1])
    ]
    rows = args.rows("language", cells, run_language)
    values = grouped([row for row in rows if row["part"] == "test"], ("window", "arm"))
    lines = [
        [window, *(str(mean(values[window, arm])) if (window, arm) in values else "" for arm in RECURRENT_ARMS)]
        for window in LANGUAGE_WINDOWS
    ]
    return markdown(("window", *(f"{arm} (bits)" for arm in RECURRENT_ARMS)), lines)


def two_clocks(args: Args) -> str:
    """How often the fast and the slow network count wrongly, unrolled through both, decoupled, and cut."""
    updates = args.shortened(CLOCKS_UPDATES)
    cells = [Cell(arm, seed, (("updates", updates),), updates / 1000) for arm in CLOCK_ARMS for seed in args.few(SEEDS)]
    rows = args.rows("clocks", cells, run_clocks)
    values = grouped([{**row, "value": 100 * float(str(row["value"]))} for row in rows], ("arm", "network"))
    lines = [[arm, *(str(mean(values[arm, network])) for network in ("fast", "slow"))] for arm in CLOCK_ARMS]
    return markdown(("", "fast network: error (%)", "slow network: error (%)"), lines)


def interaction(args: Args) -> str:
    """The errors of interaction networks whose relation model waits for the object model or not."""
    updates = args.shortened(RELATIONS_UPDATES)
    cells = [Cell(arm, seed, (("updates", updates),), updates / 2500) for arm in ARMS for seed in args.few(SEEDS)]
    values = grouped(args.rows("interaction", cells, run_interaction), ("arm",))
    lines = [[arm, str(mean(values[arm,]))] for arm in ARMS]
    return markdown(("what comes back", "one-step error over constant velocity's"), lines)


def encoder(args: Args) -> str:
    """The errors of encoders of digits whose LSTM counts what is odd."""
    updates = args.shortened(COUNTING_UPDATES)
    cells = [Cell(arm, seed, (("updates", updates),), updates / 2000) for arm in ARMS for seed in args.few(SEEDS)]
    rows = args.rows("encoder", cells, run_encoder)
    values = grouped([{**row, "value": 100 * float(str(row["value"]))} for row in rows], ("arm",))
    return markdown(("what comes back", "counts that are wrong (%)"), [[arm, str(mean(values[arm,]))] for arm in ARMS])


def curves(args: Args) -> str:
    """How four layers learn, and how true and synthetic gradients agree meanwhile; their graph, drawn with its cuts."""
    updates = args.shortened(CURVES_UPDATES)
    cells = [_cell(arm, 0, TUNING_DEPTH, updates, CURVES_SETTING) for arm in ARMS]
    rows = args.rows("curves", cells, run_curves)
    with replacing(args.folder / "curves.png") as draft:
        pictures.learning(rows).savefig(draft, format="png", dpi=110)
    axes = perceptron(Size(TUNING_DEPTH), "cdni").draw()
    axes.figure.set_size_inches(11, 4)
    with replacing(args.folder / "graph.png") as draft:
        axes.figure.savefig(draft, format="png", dpi=110)
    last = {(row["arm"], row["wire"]): row["value"] for row in rows if row["name"] == "cosine"}
    lines = [[arm, wire, f"{value:.2f}"] for (arm, wire), value in last.items()]
    return markdown(("what comes back", "cut behind", "cosine at last"), lines)


def _copied(arm: str, seed: int, window: int, repeating: int, updates: int, chosen: tuple[float, float]) -> Cell:
    setting = (("window", window), ("repeating", repeating), ("updates", updates))
    return Cell(arm, seed, (*setting, ("rate", chosen[0]), ("scale", chosen[1])), updates / 1000 * 0.06)


def longest_settings(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """The learning rate and scale of each arm with which it solved the longest task, the soonest."""
    found: dict[str, tuple[float, float]] = {}
    for row in sorted(rows, key=lambda row: (float(str(row["value"])), -float(str(row["solved_after"])))):
        found[str(row["arm"])] = (float(str(row["rate"])), float(str(row["scale"])))
    return found


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
    setting = {name: float(str(value)) for name, value in cell.setting}
    torch.manual_seed(cell.seed)
    net = perceptron(Size(int(setting["layers"]), hidden=HIDDEN, unit=setting["guess_unit"]), cell.arm)
    return judged(net, Training(int(setting["updates"]), setting["rate"], seed=cell.seed))


def run_curves(cell: Cell) -> Sequence[Row]:
    """Errors on held-out images and the agreement of gradients, over one training."""
    setting = {name: float(str(value)) for name, value in cell.setting}
    torch.manual_seed(cell.seed)
    net = perceptron(Size(int(setting["layers"]), hidden=HIDDEN, unit=setting["guess_unit"]), cell.arm)
    training, rows = Training(int(setting["updates"]), setting["rate"], seed=cell.seed), list[Row]()
    every = max(1, training.updates // CURVES_POINTS)
    for done in training.steps(net, digits("train")):
        if done % every == 0:
            rows.append({"name": "error", "wire": "logits", "done": done, "value": error(net, digits("held_out"))})
            rows += [{"name": "cosine", "wire": wire, "done": done, "value": x} for wire, x in agreements(net).items()]
            net.train()
    return rows


def run_sparse(cell: Cell) -> Sequence[Row]:
    """The errors of a training whose layers take their steps seldom."""
    setting = {name: float(str(value)) for name, value in cell.setting}
    torch.manual_seed(cell.seed)
    training = Training(int(setting["updates"]), setting["rate"], 256, setting["probability"], cell.seed)
    return judged(perceptron(Size(4), cell.arm), training)


def run_planes(cell: Cell) -> Sequence[Row]:
    """The errors of a convolutional training."""
    setting = {name: int(str(value)) for name, value in cell.setting}
    torch.manual_seed(cell.seed)
    return judged(convolutional(Planes(setting["layers"]), cell.arm), Training(setting["updates"], seed=cell.seed))


def run_copy(cell: Cell) -> Sequence[Row]:
    """How many symbols a training came to say."""
    setting = {name: float(str(value)) for name, value in cell.setting}
    window, repeating = int(setting["window"]), bool(setting["repeating"])
    recurrent = Recurrent(cell.arm, rate=setting["rate"], scale=setting["scale"], seed=cell.seed)
    solved = Copying(window, int(setting["updates"]), repeating, recurrent).run()
    done, task = solved[-1] if solved else (0, None)
    return [{"name": "said", "value": 0 if task is None else task.said, "unit": "symbols", "solved_after": done}]


def run_language(cell: Cell) -> Sequence[Row]:
    """The bits a character of unseen text."""
    setting = {name: int(str(value)) for name, value in cell.setting}
    scale = SCALES.get(cell.arm, Recurrent.scale)
    recurrent = Recurrent(cell.arm, units=256, scale=scale, seed=cell.seed)
    parts = {name: characters(part) for name, part in splits(TEXT)._asdict().items()}
    net = Reading(setting["window"], setting["updates"], recurrent).run(parts["train"])
    return [
        {"name": "bits", "part": part, "value": bits(net, parts[part]), "unit": "bits a character"}
        for part in ("valid", "test")
    ]


def run_clocks(cell: Cell) -> Sequence[Row]:
    """How often both networks count wrongly, on test images."""
    setting = {name: int(str(value)) for name, value in cell.setting}
    pair = Clocks(updates=setting["updates"], arm=cell.arm, seed=cell.seed).run(digits("train"))
    found = zip(("fast", "slow"), pair.errors(digits("test")), strict=True)
    return [{"name": "error", "network": network, "value": value, "unit": "share"} for network, value in found]


def run_interaction(cell: Cell) -> Sequence[Row]:
    """The error of an interaction network on unseen scenes."""
    setting = {name: int(str(value)) for name, value in cell.setting}
    net = Relating(NBody(), setting["updates"], cell.arm, seed=cell.seed).run()
    unseen = Relating(NBody(), 0, scenes=50, seed=TEST_SCENES)
    return [{"name": "ratio", "value": unseen.error(net), "unit": "of constant velocity's"}]


def run_encoder(cell: Cell) -> Sequence[Row]:
    """The share of wrong counts on test images."""
    setting = {name: int(str(value)) for name, value in cell.setting}
    counting = Counting(cell.arm, setting["updates"], seed=cell.seed)
    net = counting.run(digits("train"))
    return [{"name": "error", "value": counting.error(net, digits("test")), "unit": "share"}]


def judged(net: ModuleGraph, training: Training) -> Sequence[Row]:
    """The errors after a training; test images are not looked at while settings are chosen."""
    training.run(net, digits("train"))
    parts = ("train", "held_out") if training.seed == TUNING_SEED else ("train", "held_out", "test")
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


def shares(rows: Sequence[Row], setting: str) -> str:
    """The test errors in per cent by arm and a setting."""
    values = grouped(
        [{**row, "value": 100 * float(str(row["value"]))} for row in rows if row["part"] == "test"], (setting, "arm")
    )
    arms = list(dict.fromkeys(arm for _, arm in values))
    lines = [
        [value, *(str(mean(values[value, arm])) for arm in arms)] for value in dict.fromkeys(each for each, _ in values)
    ]
    return markdown([setting, *(f"{arm} (%)" for arm in arms)], lines)


def copy_table(rows: Sequence[Row]) -> str:
    """The symbols that were said at last, medians over seeds, by window; and how many times those of plain windows."""
    values = grouped(rows, ("repeating", "window", "arm"))
    lines = []
    for repeating in (0, 1):
        task = "repeat copy" if repeating else "copy"
        found = {key[1:]: median(each) for key, each in values.items() if key[0] == repeating}
        lines += [[task, window, *(found[window, arm] for arm in RECURRENT_ARMS)] for window in COPY_WINDOWS]
        means = {arm: _geometric_mean([found[window, arm] for window in COPY_WINDOWS]) for arm in RECURRENT_ARMS}
        ratios = (f"{means[arm] / means['bptt']:.2f}" if means["bptt"] else "-" for arm in RECURRENT_ARMS)
        lines.append([task, "ratio", *ratios])
    return markdown(("task", "window", *RECURRENT_ARMS), lines)


def _geometric_mean(values: Sequence[float]) -> float:
    """As `statistics` has it, which refuses zeros."""
    return prod(values) ** (1 / len(values))


PARTS: dict[str, Callable[[Args], str]] = {
    "layers": layers,
    "curves": curves,
    "sparse": sparse,
    "deep": deep,
    "convolutional": convolution,
    "copy": copy,
    "language": language,
    "clocks": two_clocks,
    "interaction": interaction,
    "encoder": encoder,
}


if __name__ == "__main__":
    run_script(main, Args, __doc__)
