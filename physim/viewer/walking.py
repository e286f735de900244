"""A walk in progress: who leads, how far it is, and what it has brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

from physim.errors import PhysimError
from physim.viewer.holding import Holding
from physim.viewer.settings import WalkSettings
from physim.walks import Walk

SHOWN = 1.0
"""For how many seconds a reward is shown."""


class Gain(NamedTuple):
    """A reward, and at which step it came."""

    reward: float
    step: int


@final
class Walking:
    """A walk led by the keys that are held, by who knows the way (`led`), or by actions that were `recorded`.

    `score` is what this episode has brought, `total` what all did; `steps` counts the decisions of all episodes.
    """

    def __init__(self, walk: Walk, seed: int, settings: WalkSettings, recorded: Sequence[int] | None = None) -> None:
        self.walk, self.seed, self.settings, self.recorded = walk, seed, settings, recorded
        self.holding, self.led = Holding(walk.actions), settings.headless
        self.paused = self.helping = self.left = False
        self.total, self.steps, self.episodes = 0.0, 0, 0
        self.begin()

    def begin(self) -> None:
        """Begin an episode."""
        self.walk.restart(self.seed)
        self.score, self.step, self.gains = 0.0, 0, list[Gain]()
        self.episodes += 1
        self.notice = ""

    def anew(self) -> None:
        """Begin another episode, of the next seed; what was recorded begins again.

        Where that seed makes none, a sentence says why to who is there, and the next try is for the seed after it.
        """
        self.seed += self.recorded is None
        try:
            self.begin()
        except PhysimError as error:
            if self.settings.headless:
                raise
            self.notice = str(error)

    @property
    def ended(self) -> bool:
        """Whether this episode is over, or all that was recorded of it is seen."""
        return self.walk.done or (self.recorded is not None and self.step >= len(self.recorded))

    @property
    def over(self) -> bool:
        """Whether the user has left, or all steps are taken; where no user is, whether nothing more is to be seen."""
        last, alone = self.settings.last_step, self.settings.headless
        nothing_more = alone and self.ended and (self.settings.steps is None or self.recorded is not None)
        return self.left or nothing_more or (last is not None and self.steps >= last)

    @property
    def recent(self) -> list[Gain]:
        """The rewards of the last second."""
        return [gain for gain in self.gains if (self.step - gain.step) * self.walk.dt < SHOWN]

    def advance(self) -> None:
        """Take a decision, unless the walk pauses or has ended; where no user leads, the next episode then begins."""
        if self.ended and (self.settings.headless or (self.settings.led and self.led)):
            self.anew()
        if self.left or self.paused or self.ended:
            return
        reward = self.walk.step(self._action())
        self.step, self.steps = self.step + 1, self.steps + 1
        self.score, self.total = self.score + reward, self.total + reward
        if reward:
            self.gains.append(Gain(reward, self.step))
        if self.ended:
            self.notice = f"over, with a score of {self.score:g}{self._how_on}"

    def pause(self) -> None:
        """Stand still with all else, or go on."""
        self.paused = not self.paused

    def toggle_help(self) -> None:
        """Show the keys, or hide them."""
        self.helping = not self.helping

    def toggle_lead(self) -> None:
        """Let who knows the way lead, or the keys again."""
        if self.recorded is not None or self.walk.lead() is None:
            self.notice = "nobody leads here but the recording" if self.recorded is not None else "nobody knows the way"
        else:
            self.led = not self.led

    def leave(self) -> None:
        """End it all."""
        self.left = True

    def _action(self) -> int | None:
        held = self.holding.decide()
        if self.recorded is not None:
            return self.recorded[self.step]
        return self.walk.lead() if self.led else held

    @property
    def _how_on(self) -> str:
        """What whoever is there may do after the end."""
        if self.settings.headless:
            return ""
        return ": R begins another one" if self.recorded is None else ": R begins it again"
