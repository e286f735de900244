"""What experiments with sequence models share: cells of arms, rates chosen for each, and what comes of a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

from learners.checkpoints import Progress
from learners.experiment import TUNING_SEED, Cell, Interval, Run, grouped, markdown, mean
from learners.papers import PaperSettings
from learners.sequences.masked import Masked
from learners.sequences.training import Diverged, SequenceTraining
from physim.arrays import Floats
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.reports import Row, Value

SEEDS = (0, 1, 2)
"""By which networks are trained."""
Longer = Mapping[str, tuple[str, float]]
"""Arms that make so many times the updates of others, whom they are like."""
NOBODY: Longer = MappingProxyType({})
Setting = tuple[tuple[str, Value], ...]
Figures = Mapping[tuple[Value, ...], Sequence[float]]
"""Values over seeds by what they are of."""
COSTS = {"updates": "updates", "seconds": "seconds of training", "parameters": "parameters"}
"""Of every training, as tables call them."""
FURTHER = 2
"""How often a rate beyond those that were tried is tried, too, where the best of them is at their end."""
CHANNELS, SKIPS, DILATIONS = 32, 64, 2 * tuple(2**power for power in range(9))
"""Of the usual WaveNet, which hears 1024 samples."""
OVER_SEEDS = "Intervals (95 %) are over the seeds of trainings; what is judged is always the same."
MOST_UPDATES = 20_000
"""Of a training on scenes, so that seeds 0 to 3 have theirs below TEST_SEEDS_FROM."""
VERDICT, VALID = "verdict", "valid"
"""The rows of a training's curve; and the best of it, where a rate is tried."""
DIVERGED = "diverged"
"""The row of a training that did, and what stands in tables for its figures."""


def cells(
    args: PaperSettings,
    arms: Mapping[str, float],
    updates: int,
    rates: Mapping[str, float],
    longer: Longer = NOBODY,
    setting: Setting = (),
    seeds: Sequence[int] = SEEDS,
) -> list[Cell]:
    """A cell for each arm and seed; `arms` tells how many seconds an update takes. A longer arm has the rate of the one
    that it is like.
    """
    found = []
    for seed in args.few(seeds):
        for arm in (*arms, *longer):
            like, times = longer.get(arm, (arm, 1.0))
            wanted = max(1, round(times * args.shortened(updates)))
            settings = (*setting, ("updates", wanted), ("rate", rates[like]))
            found.append(Cell(arm, seed, settings, wanted * arms[like] / 60))
    return found


class Tuned(NamedTuple):
    """The best rate of each arm, and how many seconds its updates took while rates were tried; what was told before
    where all of an arm's trainings diverged.
    """

    rates: dict[str, float]
    seconds: dict[str, float]

    def as_long(self, arm: str, other: str, times: float = 1.0) -> tuple[str, float]:
        """How many times the other's updates an arm makes that trains so many times as long as it."""
        return arm, times * self.seconds[other] / self.seconds[arm]


def tuned(
    args: PaperSettings,
    name: str,
    arms: Mapping[str, float],
    updates: int,
    rates: Sequence[float],
    run: Run,
    setting: Setting = (),
) -> Tuned:
    """The rate with which each arm was the best on the validation part, after so many updates; the sweep is shown.

    `run` gives what `outcome` does where the seed is TUNING_SEED; a rate at which it diverges is the worst. Where the
    best is the largest or the smallest of an arm's, twice that or half of it is tried, too, FURTHER times at most.
    """
    wanted, tried = max(1, args.shortened(updates)), {arm: list(args.few(rates)) for arm in arms}
    for left in reversed(range(1 if args.quick else 1 + FURTHER)):
        asked = [
            Cell(arm, TUNING_SEED, (*setting, ("updates", wanted), ("rate", rate)), wanted * arms[arm] / 60)
            for arm in arms
            for rate in tried[arm]
        ]
        rows = rows_of(args, f"{name}_rates", asked, run)
        valid = grouped([row for row in rows if row["name"] == VALID], ("arm", "rate"))
        found = {arm: {rate: valid[arm, rate][0] for rate in tried[arm]} for arm in arms}
        best = {arm: min(each, key=each.__getitem__) for arm, each in found.items()}
        ends = {arm: more for arm, rate in best.items() if (more := beyond(rate, tried[arm])) is not None}
        if not ends or not left:
            break
        for arm, rate in ends.items():
            tried[arm].append(rate)
    every = sorted({rate for each in tried.values() for rate in each})
    lines = [[rate, *(finite_or_diverged(found[arm].get(rate)) for arm in arms)] for rate in every]
    note = f"\nThe best rate is at the end of what was tried: {', '.join(ends)}.\n" if ends else ""
    args.publish(f"{name}_sweep", markdown(("rate", *arms), lines) + note)
    spent = grouped([row for row in rows if row["name"] == "seconds"], ("arm",))
    guessed = {(arm,): [each * wanted] for arm, each in arms.items()}
    return Tuned(best, {arm: median(each) / wanted for (arm,), each in (guessed | spent).items()})


def beyond(rate: float, tried: Sequence[float]) -> float | None:
    """The rate next to one that is at the end of what was tried; None where it is not."""
    if rate == max(tried):
        return 2 * rate
    return rate / 2 if rate == min(tried) else None


def finite_or_diverged(value: float | None) -> float | str | None:
    """A verdict as it stands in tables; None where there is none."""
    return value if value is None or math.isfinite(value) else DIVERGED


def rows_of(args: PaperSettings, name: str, cells: Sequence[Cell], run: Run) -> list[Row]:
    """The rows of all cells, as `args.rows` gives them; a training that diverges keeps no others from being run."""
    return args.rows(name, cells, partial(unless_diverged, run))


def unless_diverged(run: Run, cell: Cell) -> Sequence[Row]:
    """What a cell gives; where its training diverges, an infinite verdict on a rate that is tried, or a row that says
    so.
    """
    try:
        return run(cell)
    except Diverged as error:
        if cell.seed == TUNING_SEED:
            return [{"name": VALID, "value": math.inf}]
        return [{"name": DIVERGED, "value": str(error)}]


def figures_of(rows: Iterable[Row], by: Sequence[str]) -> Figures:
    """Values by columns, the last of which is "name"; none of an arm of which one training or more diverged, because
    those that are left are the lucky ones.
    """
    found = list(rows)
    lost = {tuple(row.get(column) for column in by[:-1]) for row in found if row["name"] == DIVERGED}
    return {key: values for key, values in grouped(found, by).items() if key[:-1] not in lost}


def mean_or_diverged(values: Sequence[float] | None) -> Interval | str:
    """The mean over seeds as it stands in tables; of none, that the training diverged."""
    return DIVERGED if values is None else mean(values)


def means(values: Figures, names: Iterable[str], *of: Value) -> list[Interval | str]:
    """The means of several figures of an arm, by these names, as they stand in tables."""
    return [mean_or_diverged(values.get((*of, name))) for name in names]


def outcome(
    cell: Cell,
    net: ModuleGraph,
    progress: Progress,
    judge: Callable[[], Mapping[str, float]],
    show: Callable[[], object] | None = None,
) -> list[Row]:
    """The rows of a training: where a rate is tried, its best verdict and its time; else figures, costs and verdicts.

    `show` draws what the network of the first seed makes, while it is there: repositories keep no networks.
    """
    if cell.seed == TUNING_SEED:
        best = min(row["judged"] for row in progress.curve)
        return [{"name": VALID, "value": best}, {"name": "seconds", "value": progress.seconds}]
    if show is not None and cell.seed == SEEDS[0]:
        show()
    found = {**judge(), "updates": progress.updates, "seconds": progress.seconds, "parameters": size_of(net)}
    rows: list[Row] = [{"name": name, "value": value} for name, value in found.items()]
    verdicts = [row for row in progress.curve if "judged" in row]
    return rows + [{"name": VERDICT, "value": row["judged"], "after": row["updates"]} for row in verdicts]


def curves(rows: Sequence[Row], what: str) -> Any:
    """A figure of the verdicts of all trainings, by arm."""
    from matplotlib.figure import Figure

    found: dict[Value, dict[Value, list[tuple[Any, Any]]]] = {}
    for row in rows:
        if row["name"] == VERDICT:
            found.setdefault(row["arm"], {}).setdefault(row["seed"], []).append((row["after"], row["value"]))
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for number, (arm, lines) in enumerate(found.items()):
        for place, line in enumerate(lines.values()):
            axes.plot(*zip(*line, strict=True), color=f"C{number}", label=None if place else str(arm))
    axes.set(xlabel="updates", ylabel=f"{what}, held out", yscale="log")
    if found:  # not all diverged
        axes.legend(frameon=False, fontsize=8)
    return figure


def training_of(cell: Cell, verdicts: int) -> SequenceTraining:
    """How a cell is trained, with so many verdicts."""
    return SequenceTraining(cell["updates"], cell["rate"], every=max(1, cell["updates"] // verdicts))


def scene_seed(seed: int, update: int) -> int:
    """The seed of an update's scenes, another for each of a training and of the seeds it is known by: none is a test's.

    Where rates are chosen scenes are those of the first seed.
    """
    if not 0 <= update < MOST_UPDATES:
        raise PhysimError(f"update is {update}, wanted under {MOST_UPDATES}: seeds of later ones are other trainings'")
    return (0 if seed == TUNING_SEED else seed) * MOST_UPDATES + update


def above_entropy(found: Floats, entropy: Floats) -> dict[str, float]:
    """Bits of a model [T], and how far they are above those of the source [T]: in %, and in standard errors."""
    error = (found - entropy).std() / len(entropy) ** 0.5
    above = found.mean() - entropy.mean()
    told = {"bits": found.mean(), "above": 100 * above / entropy.mean(), "errors": above / error}
    return {name: float(value) for name, value in told.items()}


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
