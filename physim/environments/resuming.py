"""Environments that can be left in the middle of an episode and gone on with in another process."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Resuming(ABC):
    """An environment that tells where it is as text, and goes on from there to the same bytes."""

    @abstractmethod
    def saved(self) -> str:
        """Where all episodes are, as JSON."""

    @abstractmethod
    def restore(self, saved: str) -> None:
        """Go on where an environment of the same settings told that it was; nothing is returned: `step` comes next."""
