"""What experiments with sequence models share: cells of arms, rates chosen for each, what comes of a training, and the
networks that were kept, to draw by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from learners.checkpoints import Progress
from learners.experiment import TUNING_SEED, Cell, Interval, Run, grouped, markdown, mean
from learners.papers import PaperSettings, net_path
from learners.sequences.masked import Masked
from learners.sequences.training import SequenceTraining
from physim.graph import ModuleGraph, load_graph
from physim.reports import Row, Value

SEEDS, FEWER_SEEDS = (0, 1, 2), (0, 1)
"""By which networks are trained; fewer where one takes an hour."""
Longer = Mapping[str, tuple[str, float]]
"""Arms that make so many times the updates of others, whom they are like."""
NOBODY: Longer = MappingProxyType({})
Setting = tuple[tuple[str, Value], ...]
COSTS = {"updates": "updates", "seconds": "seconds of training", "parameters": "parameters"}
"""Of every training, as tables call them."""
VERDICT = "verdict"
"""The rows of a training's curve."""


def cells(
    args: PaperSettings,
    arms: Mapping[str, float],
    updates: int,
    rates: Mapping[str, float],
    longer: Longer = NOBODY,
    setting: Setting = (),
    seeds: Sequence[int] = SEEDS,
) -> list[Cell]:
    """A cell for each arm, by how many seconds an update of it takes, and seed; those that are longer have its rate."""
    found = []
    for seed in args.few(seeds):
        for arm in (*arms, *longer):
            like, times = longer.get(arm, (arm, 1.0))
            wanted = max(1, round(times * args.shortened(updates)))
            told = (*setting, ("updates", wanted), ("rate", rates[like]))
            found.append(Cell(arm, seed, told, wanted * arms[like] / 60))
    return found


def best_rates(
    args: PaperSettings,
    name: str,
    arms: Mapping[str, float],
    updates: int,
    rates: Sequence[float],
    run: Run,
    setting: Setting = (),
) -> dict[str, float]:
    """The rate with which each arm was the best on the validation part, after so many updates; the sweep is shown.

    `run` gives what `outcome` does where the seed is TUNING_SEED.
    """
    wanted, tried = max(1, args.shortened(updates)), args.few(rates)
    asked = [
        Cell(arm, TUNING_SEED, (*setting, ("updates", wanted), ("rate", rate)), wanted * seconds / 60)
        for arm, seconds in arms.items()
        for rate in tried
    ]
    found = grouped(args.rows(f"{name}_rates", asked, run), ("arm", "rate"))
    best = {arm: min(tried, key=lambda rate, arm=arm: found[arm, rate][0]) for arm in arms}
    lines = [[rate, *(found[arm, rate][0] for arm in arms)] for rate in tried]
    ends = [arm for arm, rate in best.items() if rate in (min(tried), max(tried))]
    told = f"\nThe best rate is at the end of what was tried: {', '.join(ends)}.\n" if ends else ""
    args.publish(f"{name}_sweep", markdown(("rate", *arms), lines) + told)
    return best


def outcome(cell: Cell, net: ModuleGraph, progress: Progress, judge: Callable[[], Mapping[str, float]]) -> list[Row]:
    """The rows of a training: where a rate is tried, its best verdict alone; else its figures, costs and verdicts."""
    if cell.seed == TUNING_SEED:
        return [{"name": "valid", "value": min(row["judged"] for row in progress.curve)}]
    told = {**judge(), "updates": progress.updates, "seconds": progress.seconds, "parameters": size_of(net)}
    rows: list[Row] = [{"name": name, "value": value} for name, value in told.items()]
    verdicts = [row for row in progress.curve if "judged" in row]
    return rows + [{"name": VERDICT, "value": row["judged"], "after": row["updates"]} for row in verdicts]


def curves(rows: Sequence[Row], what: str) -> Any:
    """A figure of the verdicts of all trainings, by arm."""
    from matplotlib.figure import Figure

    rows = [row for row in rows if row["name"] == VERDICT]
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for number, arm in enumerate(dict.fromkeys(row["arm"] for row in rows)):
        for seed in dict.fromkeys(row["seed"] for row in rows):
            told = [(row["after"], row["value"]) for row in rows if (row["arm"], row["seed"]) == (arm, seed)]
            axes.plot(*zip(*told, strict=True), color=f"C{number}", label=None if seed else str(arm))
    axes.set(xlabel="updates", ylabel=f"{what}, held out", yscale="log")
    axes.legend(frameon=False, fontsize=8)
    return figure


def kept_nets(folder: Path, part: str, cells: Sequence[Cell]) -> Iterator[tuple[Cell, ModuleGraph]]:
    """The networks of the first seed, where they are still kept: pictures are drawn by these."""
    for cell in cells:
        if cell.seed == 0 and (path := net_path(folder, part, cell)).exists():
            yield cell, load_graph(path)[0].eval()


def training_of(cell: Cell, verdicts: int) -> SequenceTraining:
    """How a cell is trained, with so many verdicts."""
    return SequenceTraining(cell["updates"], cell["rate"], every=max(1, cell["updates"] // verdicts))


def size_of(net: ModuleGraph) -> int:
    """How many parameters a network has, without the weights that masks keep at zero."""
    masked = sum(int((module.mask == 0).sum()) for module in net.modules() if isinstance(module, Masked))
    return sum(value.numel() for value in net.parameters()) - masked


def width_for(size: int, make: Callable[[int], ModuleGraph]) -> int:
    """The width with which a network has about so many parameters."""
    low, high = 4, 1024
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if size_of(make(middle)) <= size else (low, middle)
    return min(low, high, key=lambda width: abs(size_of(make(width)) - size))


def less(ours: Sequence[float] | None, theirs: Sequence[float] | None) -> Interval | None:
    """The mean difference, seed by seed, where both are known."""
    if ours is None or theirs is None:
        return None
    return mean([one - other for one, other in zip(ours, theirs, strict=True)])
