"""What experiments with sequence models share: cells of arms, rates chosen for each, and what trainings cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from learners.checkpoints import Progress
from learners.experiment import TUNING_SEED, Cell, Interval, Run, grouped, mean
from learners.papers import PaperSettings
from learners.sequences.training import SequenceTraining
from physim.graph import ModuleGraph
from physim.reports import Row

SEEDS = (0, 1, 2)
Longer = Mapping[str, tuple[str, float]]
"""Arms that make so many times the updates of others, whom they are like."""
NOBODY: Longer = MappingProxyType({})


def cells(
    args: PaperSettings, arms: Mapping[str, float], updates: int, rates: Mapping[str, float], longer: Longer = NOBODY
) -> list[Cell]:
    """A cell for each arm, by how many seconds an update of it takes, and seed; those that are longer have its rate."""
    found = []
    for seed in args.few(SEEDS):
        for arm in (*arms, *longer):
            like, times = longer.get(arm, (arm, 1.0))
            wanted = round(times * args.shortened(updates))
            found.append(Cell(arm, seed, (("updates", wanted), ("rate", rates[like])), wanted * arms[like] / 60))
    return found


def best_rates(
    args: PaperSettings,
    name: str,
    arms: Mapping[str, float],
    updates: int,
    rates: Sequence[float],
    run: Run,
    setting: tuple[tuple[str, str], ...] = (),
) -> dict[str, float]:
    """The rate with which each arm was the best on the validation part, after so many updates.

    `run` gives a row "valid" where the seed is TUNING_SEED.
    """
    wanted, tried = max(1, args.shortened(updates)), args.few(rates)
    asked = [
        Cell(arm, TUNING_SEED, (*setting, ("updates", wanted), ("rate", rate)), wanted * seconds / 60)
        for arm, seconds in arms.items()
        for rate in tried
    ]
    found = grouped(args.rows(f"{name}_rates", asked, run), ("arm", "rate"))
    return {arm: min(tried, key=lambda rate, arm=arm: found[arm, rate][0]) for arm in arms}


def valid_row(progress: Progress) -> Row:
    """What a rate is chosen by: the best verdict of a training."""
    return {"name": "valid", "value": min(row["judged"] for row in progress.curve)}


def updates_of(cell: Cell) -> int:
    """How many updates a cell makes."""
    return int(str(dict(cell.setting)["updates"]))


def training_of(cell: Cell, verdicts: int) -> SequenceTraining:
    """How a cell is trained, with so many verdicts."""
    updates, rate = updates_of(cell), float(str(dict(cell.setting)["rate"]))
    return SequenceTraining(updates, rate, every=max(1, updates // verdicts))


def costs(net: ModuleGraph, progress: Progress) -> dict[str, float]:
    """What a training took."""
    return {"updates": progress.updates, "seconds": progress.seconds, "parameters": size_of(net)}


def size_of(net: ModuleGraph) -> int:
    """How many parameters a network has."""
    return sum(value.numel() for value in net.parameters())


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
