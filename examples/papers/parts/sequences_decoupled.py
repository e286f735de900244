"""Recurrent networks whose windows learn of what comes behind them: parts of decoupled_interfaces.py."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from statistics import median

from learners.decoupled.copying import Copying
from learners.decoupled.language import Reading, bits, characters
from learners.decoupled.recurrent import ARMS, Recurrent
from learners.experiment import TUNING_SEED, Cell, grouped, markdown, mean
from learners.papers import PaperSettings
from parts.digits_parted import SEEDS
from physim.reports import Row
from worlds.real_data import splits

SCALES = {"cdni": 0.3}
"""What synthetic gradients weigh where that is not the paper's 0.1: what knows what is to come can be trusted more."""
COPY_WINDOWS, COPY_UPDATES = (2, 3, 5), 20_000
COPY_PLAIN = tuple((rate, 0.0) for rate in (3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2))
COPY_BRIDGED = tuple((rate, scale) for rate in (1e-3, 3e-3) for scale in (0.1, 0.3, 1.0))
"""The learning rates that plain windows are tried with, and the rates and scales of synthetic gradients: six each."""
TEXT, LANGUAGE_WINDOWS, LANGUAGE_UPDATES = "shakespeare", (2, 5, 20), 5000
READ = "All make as many updates of as many rows: who has longer windows has read as many times more characters."


def copy(args: PaperSettings) -> str:
    """The longest sequences that are copied, and copied again, after as many updates by each length of window."""
    updates = args.shortened(COPY_UPDATES)
    tried = [
        _copied(arm, TUNING_SEED, 3, 0, updates // 2, setting)
        for arm in ARMS
        for setting in (COPY_PLAIN if arm == "bptt" else COPY_BRIDGED)
    ]
    chosen = longest_settings(args.rows("copy_rates", tried, run_copy))
    cells = [
        _copied(arm, seed, window, repeating, updates, chosen[arm])
        for seed in args.few(SEEDS)
        for repeating in (0, 1)
        for window in COPY_WINDOWS
        for arm in ARMS
    ]
    return copy_table(args.rows("copy", cells, run_copy))


def language(args: PaperSettings) -> str:
    """Bits a character of unseen text, by the length of windows."""
    updates = args.shortened(LANGUAGE_UPDATES)
    cells = [
        Cell(arm, seed, (("window", window), ("updates", updates)), updates / 1000 * 0.2)
        for seed in args.few(SEEDS)
        for window in LANGUAGE_WINDOWS
        for arm in (ARMS if window < LANGUAGE_WINDOWS[-1] else ARMS[:1])
    ]
    rows = args.rows("language", cells, run_language)
    values = grouped([row for row in rows if row["part"] == "test"], ("window", "arm"))
    lines = [
        [window, *(str(mean(values[window, arm])) if (window, arm) in values else "" for arm in ARMS)]
        for window in LANGUAGE_WINDOWS
    ]
    return f"{markdown(('window', *(f'{arm} (bits)' for arm in ARMS)), lines)}\n{READ}\n"


def _copied(arm: str, seed: int, window: int, repeating: int, updates: int, chosen: tuple[float, float]) -> Cell:
    setting = (("window", window), ("repeating", repeating), ("updates", updates))
    return Cell(arm, seed, (*setting, ("rate", chosen[0]), ("scale", chosen[1])), updates / 1000 * 0.06)


def longest_settings(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """The learning rate and scale of each arm with which it solved the longest task, the soonest."""
    found: dict[str, tuple[float, float]] = {}
    for row in sorted(rows, key=lambda row: (float(str(row["value"])), -float(str(row["solved_after"])))):
        found[str(row["arm"])] = (float(str(row["rate"])), float(str(row["scale"])))
    return found


def run_copy(cell: Cell) -> Sequence[Row]:
    """How many symbols a training came to say."""
    recurrent = Recurrent(cell.arm, rate=cell["rate"], scale=cell["scale"], seed=cell.seed)
    solved = Copying(cell["window"], cell["updates"], bool(cell["repeating"]), recurrent).run()
    done, task = solved[-1] if solved else (0, None)
    return [{"name": "said", "value": 0 if task is None else task.said, "unit": "symbols", "solved_after": done}]


def run_language(cell: Cell) -> Sequence[Row]:
    """The bits a character of unseen text."""
    scale = SCALES.get(cell.arm, Recurrent.scale)
    recurrent = Recurrent(cell.arm, units=256, scale=scale, seed=cell.seed)
    parts = {name: characters(part) for name, part in splits(TEXT)._asdict().items()}
    net = Reading(cell["window"], cell["updates"], recurrent).run(parts["train"])
    return [
        {"name": "bits", "part": part, "value": bits(net, parts[part]), "unit": "bits a character"}
        for part in ("valid", "test")
    ]


def copy_table(rows: Sequence[Row]) -> str:
    """The symbols that were said at last, medians over seeds, by window; and how many times those of plain windows."""
    values = grouped(rows, ("repeating", "window", "arm"))
    lines = []
    for repeating in (0, 1):
        task = "repeat copy" if repeating else "copy"
        found = {key[1:]: median(each) for key, each in values.items() if key[0] == repeating}
        lines += [[task, window, *(found[window, arm] for arm in ARMS)] for window in COPY_WINDOWS]
        means = {arm: _geometric_mean([found[window, arm] for window in COPY_WINDOWS]) for arm in ARMS}
        ratios = (f"{means[arm] / means['bptt']:.2f}" if means["bptt"] else "-" for arm in ARMS)
        lines.append([task, "ratio", *ratios])
    return markdown(("task", "window", *ARMS), lines)


def _geometric_mean(values: Sequence[float]) -> float:
    """As `statistics` has it, which refuses zeros."""
    return prod(values) ** (1 / len(values))


def check() -> None:
    """Refuse to begin without the text."""
    splits(TEXT)
