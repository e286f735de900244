"""Contests: arms that are compared in tasks, each with settings that were chosen for all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from scipy.stats import qmc

from learners.agents.outcomes import Bounds, Drawn, Outcomes
from learners.experiment import TUNING_SEED, Cell, Run, markdown
from learners.papers import PaperSettings
from physim.arrays import Floats
from physim.reports import Row

DRAWS, QUICK_DRAWS = 8, 2
"""Settings are drawn so often, for every arm alike."""
FINALISTS = 3
"""How many of an arm's draws are tried by another seed."""


@final
@dataclass(frozen=True)
class Ranges:
    """What settings are drawn from: log-uniformly `between` two numbers, or `among` some.

    Draws share a range evenly, however few they are: each has a part of it for its own (a Latin hypercube). By that
    alone settings may go along with one another by chance, and what one of them did be told of the other; where they
    are `spread`, hypercubes are tried for one that fills the space evenly, too.
    """

    between: Mapping[str, tuple[float, float]]
    among: Mapping[str, Sequence[float]] = field(default_factory=dict)
    spread: bool = False

    def draws(self, count: int) -> list[Drawn]:
        """So many settings."""
        settings = len(self.between) + len(self.among)
        cube = qmc.LatinHypercube(settings, rng=TUNING_SEED, optimization="random-cd" if self.spread else None)
        return [self._at(place) for place in cube.random(count)]

    def _at(self, place: Floats) -> Drawn:
        """The settings at a place [S] in 0 to 1 of each of them."""
        low, high = np.log(list(self.between.values())).T
        values = np.exp(low + place[: len(self.between)] * (high - low))
        found = {name: float(f"{value:.3g}") for name, value in zip(self.between, values, strict=True)}
        rest = zip(self.among.items(), place[len(self.between) :], strict=True)
        return found | {name: several[int(share * len(several))] for (name, several), share in rest}


@final
@dataclass(frozen=True)
class Contest:
    """Arms, by how many seconds a decision of each takes, about, that are compared after so many decisions.

    `run` is the work of one training, `bounds` finds the scores that count 0 and 1 in each task, and `times` says how
    many times as many decisions some arms have, and `draw_times` how many while all draws are tried. Settings are
    chosen by mean scores, or by those `at_last`; with a `final`, the best of each arm are tried by another seed before.
    Arms that are `like` others take theirs.
    """

    settings: PaperSettings
    arms: Mapping[str, float]
    decisions: int
    ranges: Ranges
    run: Run
    bounds: Callable[[Sequence[str]], Bounds]
    times: Mapping[str, int] = field(default_factory=dict)
    draw_times: Mapping[str, int] = field(default_factory=dict)
    like: Mapping[str, str] = field(default_factory=dict)
    at_last: bool = False
    final: bool = False

    def chosen(self, name: str, tasks: Sequence[str]) -> dict[str, Drawn]:
        """The drawn settings with which each arm's score was the best.

        The sweep is kept, and shown, under that name.
        """
        draws = self.ranges.draws(QUICK_DRAWS if self.settings.quick else DRAWS)
        arms = [arm for arm in self.arms if arm not in self.like]
        drawing = replace(self, times={**self.times, **self.draw_times})
        scores = drawing._tried(name, (TUNING_SEED,), tasks, dict.fromkeys(arms, draws))
        lines = [[_words(drawn), *(scores[arm][number] for arm in arms)] for number, drawn in enumerate(draws)]
        lines.append(["mean", *(float(np.mean(scores[arm])) for arm in arms)])
        text = markdown(("", *arms), lines)
        best = {arm: int(np.argmax(scores[arm])) for arm in arms}
        if self.final:
            best, table = self._finals(f"{name}_finals", tasks, draws, scores)
            text += f"\nThe {FINALISTS} best of each by another seed, too; the best of all is chosen:\n\n{table}"
        text += "".join(f"\n{arm} has the settings of {other}.\n" for arm, other in self.like.items())
        self.settings.publish(f"{name}_sweep", text)
        return {arm: draws[best[self.like.get(arm, arm)]] for arm in self.arms}

    def _finals(
        self, name: str, tasks: Sequence[str], draws: Sequence[Drawn], scores: Mapping[str, Sequence[float]]
    ) -> tuple[dict[str, int], str]:
        """The number of each arm's best draw by two seeds, among those that were the best by one; and a table."""
        first = {arm: np.argsort(each)[::-1][:FINALISTS].tolist() for arm, each in scores.items()}
        again = self._tried(
            name, (TUNING_SEED + 1,), tasks, {arm: [draws[number] for number in each] for arm, each in first.items()}
        )
        both = {
            arm: {number: (scores[arm][number] + other) / 2 for number, other in zip(each, again[arm], strict=True)}
            for arm, each in first.items()
        }
        lines = [[arm, _words(draws[number]), score] for arm, each in both.items() for number, score in each.items()]
        best = {arm: max(each, key=each.__getitem__) for arm, each in both.items()}
        return best, markdown(("", "settings", "mean score"), lines)

    def _tried(
        self, name: str, seeds: Sequence[int], tasks: Sequence[str], drawn: Mapping[str, Sequence[Drawn]]
    ) -> dict[str, list[float]]:
        """The scores of each arm with its settings."""
        cells = [
            self._cell(arm, seed, task, setting)
            for seed in seeds
            for arm, settings in drawn.items()
            for setting in settings
            for task in tasks
        ]
        tried = self._ran(name, cells)
        return {
            arm: [tried.score(arm, setting, self.at_last) for setting in settings] for arm, settings in drawn.items()
        }

    def only(self, arms: Sequence[str]) -> Contest:
        """A contest of some of the arms."""
        return replace(self, arms={arm: self.arms[arm] for arm in arms})

    def outcomes(self, name: str, seeds: Sequence[int], tasks: Sequence[str], chosen: Mapping[str, Drawn]) -> Outcomes:
        """What comes of all arms with their chosen settings; rows are kept under that name."""
        return self._ran(name, self.cells(seeds, tasks, chosen))

    def cells(self, seeds: Sequence[int], tasks: Sequence[str], chosen: Mapping[str, Drawn]) -> list[Cell]:
        """The trainings of all arms with their chosen settings."""
        return [self._cell(arm, seed, task, chosen[arm]) for seed in seeds for task in tasks for arm in self.arms]

    def _cell(self, arm: str, seed: int, task: str, drawn: Drawn) -> Cell:
        decisions = self.decisions * self.times.get(arm, 1)
        setting: Row = {"task": task, "decisions": decisions, **drawn}
        return Cell(arm, seed, tuple(setting.items()), decisions * self.arms[arm] / 60)

    def _ran(self, name: str, cells: Sequence[Cell]) -> Outcomes:
        rows = self.settings.rows(name, cells, self.run)
        tasks = list(dict.fromkeys(cell["task"] for cell in cells))
        longest = self.decisions * max(self.times.get(arm, 1) for arm in self.arms)
        return Outcomes(rows, self.bounds(tasks), longest)


def _words(drawn: Drawn) -> str:
    return ", ".join(f"{key} {value}" for key, value in drawn.items())
