"""Whole networks that are cut from one another: of two clocks, an interaction network's two models, and encoders and
their cores: parts of decoupled_interfaces.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from learners.decoupled.clocks import ARMS as CLOCK_ARMS
from learners.decoupled.clocks import Clocks
from learners.decoupled.counting import Counting
from learners.decoupled.relations import Relating
from learners.experiment import Cell, grouped, markdown, mean, percentages
from learners.papers import PaperSettings
from parts.digits_parted import ARMS, SEEDS, digits
from physim.reports import Row
from worlds.nbody import NBody

CLOCKS_UPDATES = 2000
RELATIONS_UPDATES, COUNTING_UPDATES = 5000, 3000
TEST_SCENES = 90_500
"""The seed of the scenes that interaction networks are judged on."""


def two_clocks(args: PaperSettings) -> str:
    """How often the fast and the slow network count wrongly, unrolled through both, decoupled, and cut."""
    updates = args.shortened(CLOCKS_UPDATES)
    cells = [Cell(arm, seed, (("updates", updates),), updates / 1000) for arm in CLOCK_ARMS for seed in args.few(SEEDS)]
    rows = args.rows("clocks", cells, run_clocks)
    values = percentages(rows, ("arm", "network"))
    lines = [[arm, *(str(mean(values[arm, network])) for network in ("fast", "slow"))] for arm in CLOCK_ARMS]
    return markdown(("", "fast network: error (%)", "slow network: error (%)"), lines)


def interaction(args: PaperSettings) -> str:
    """The errors of interaction networks whose relation model waits for the object model or not."""
    updates = args.shortened(RELATIONS_UPDATES)
    cells = [Cell(arm, seed, (("updates", updates),), updates / 2500) for arm in ARMS for seed in args.few(SEEDS)]
    values = grouped(args.rows("interaction", cells, run_interaction), ("arm",))
    lines = [[arm, str(mean(values[arm,]))] for arm in ARMS]
    return markdown(("what comes back", "one-step error over constant velocity's"), lines)


def encoder(args: PaperSettings) -> str:
    """The errors of encoders of digits whose LSTM counts what is odd."""
    updates = args.shortened(COUNTING_UPDATES)
    cells = [Cell(arm, seed, (("updates", updates),), updates / 2000) for arm in ARMS for seed in args.few(SEEDS)]
    rows = args.rows("encoder", cells, run_encoder)
    values = percentages(rows, ("arm",))
    return markdown(("what comes back", "counts that are wrong (%)"), [[arm, str(mean(values[arm,]))] for arm in ARMS])


def run_clocks(cell: Cell) -> Sequence[Row]:
    """How often both networks count wrongly, on test images."""
    pair = Clocks(updates=cell["updates"], arm=cell.arm, seed=cell.seed).run(digits("train"))
    found = zip(("fast", "slow"), pair.errors(digits("test")), strict=True)
    return [{"name": "error", "network": network, "value": value, "unit": "share"} for network, value in found]


def run_interaction(cell: Cell) -> Sequence[Row]:
    """The error of an interaction network on unseen scenes."""
    net = Relating(NBody(), cell["updates"], cell.arm, seed=cell.seed).run()
    unseen = Relating(NBody(), 0, scenes=50, seed=TEST_SCENES)
    return [{"name": "ratio", "value": unseen.error(net), "unit": "of constant velocity's"}]


def run_encoder(cell: Cell) -> Sequence[Row]:
    """The share of wrong counts on test images."""
    counting = Counting(cell.arm, cell["updates"], seed=cell.seed)
    net = counting.run(digits("train"))
    return [{"name": "error", "value": counting.error(net, digits("test")), "unit": "share"}]
