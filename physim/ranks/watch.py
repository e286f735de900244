"""Who is still there: every process hears when another ends, by its word or because their line breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from threading import Condition, Thread
from typing import final

from torch import distributed as dist

from physim.errors import PhysimError
from physim.ranks.lines import lines, received, send

WELL = -1
"""What a process says that ends because its work is done; else the rank that it ends because of."""
PATIENCE = 5.0
"""Seconds within which the watch hears of what everything else has heard."""


@final
class Watch:
    """Waits, in the background, for the last word of every other process.

    `names` say what runs on each rank. All that processes hear from one another is told under `heard`.
    """

    def __init__(self, names: Mapping[int, str]) -> None:
        self.rank, self.names, self.heard = dist.get_rank(), names, Condition()
        self.left: dict[int, int] = {}
        self._lines = lines()
        self._threads = [Thread(target=self._wait, args=(rank,), daemon=True) for rank in self._lines]
        for thread in self._threads:
            thread.start()

    @property
    def lost(self) -> tuple[int, ...]:
        """The ranks that ended before their work was done."""
        with self.heard:
            return tuple(rank for rank, reason in self.left.items() if reason != WELL)

    def check(self) -> None:
        """Raise PhysimError where a process was lost, with the name of the one that was lost first."""
        if self.lost:
            rank = self.left[self.lost[0]]
            raise PhysimError(f"rank {rank} ({self.names.get(rank, 'no module')}) died; rank {self.rank} ends too")

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is heard that makes `done()` true."""
        with self.heard:
            while not done():
                self.heard.wait()

    def together(self, operation: Callable[[], object]) -> None:
        """Do something in which all processes take part.

        Raises: PhysimError where one was lost, with the name of the one that was lost first.
        """
        self.check()
        outcome: Future[object] = Future()
        Thread(target=self._run, args=(operation, outcome), daemon=True).start()
        self.until(lambda: outcome.done() or bool(self.lost))
        if not outcome.done() or outcome.exception():
            with self.heard:  # that a connection broke is heard here a little later, perhaps
                self.heard.wait_for(lambda: bool(self.lost), PATIENCE)
            self.check()
        outcome.result()

    def _run(self, operation: Callable[[], object], outcome: Future[object]) -> None:
        try:
            outcome.set_result(operation())
        except Exception as error:
            outcome.set_exception(error)
        with self.heard:
            self.heard.notify_all()

    def leave(self, well: bool) -> None:
        """Say to all others that this process ends."""
        reason = WELL if well else self.left[self.lost[0]] if self.lost else self.rank
        for line in self._lines.values():
            with suppress(OSError):  # it is gone already
                send(line, reason)

    def join(self, patience: float | None) -> None:
        """Wait until all others have said so, too, or for some seconds."""
        for thread, line in zip(self._threads, self._lines.values(), strict=True):
            thread.join(patience)
            line.close()

    def _wait(self, rank: int) -> None:
        try:
            reason = received(self._lines[rank])
        except OSError:
            reason = rank
        with self.heard:
            self.left[rank] = reason
            self.heard.notify_all()
