"""Keys that are held down, and what a walker does because of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

TOGETHER = {("forward", "turn_left"): "forward_left", ("forward", "turn_right"): "forward_right"}
"""What two keys mean that are held at once."""


@final
class Holding:
    """The words of keys that are held, in the order in which they were pressed, for a walk with these actions."""

    def __init__(self, actions: Mapping[str, int]) -> None:
        self.actions = actions
        self._held: list[str] = []
        self._tapped: list[str] = []

    def press(self, word: str) -> None:
        """A key goes down."""
        self.release(word)
        self._held.append(word)
        self._tapped.append(word)

    def release(self, word: str) -> None:
        """A key goes up."""
        self._held = [each for each in self._held if each != word]

    def forget(self) -> None:
        """Nothing is held any more."""
        self._held, self._tapped = [], []

    def decide(self) -> int | None:
        """The action that is wanted now: of what is held, two keys together, or the one that was pressed last.

        A key that went down and up since the last decision counts for this one.
        """
        wanted = [*(word for word in self._tapped if word not in self._held), *self._held]
        self._tapped = []
        words = [both for pair, both in TOGETHER.items() if set(pair) <= set(wanted)]
        known = [word for word in (*words, *reversed(wanted)) if word in self.actions]
        return self.actions[known[0]] if known else None
