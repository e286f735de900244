"""Who simulates: this process, several processes, or (physim.cluster) several machines."""

from __future__ import annotations

import multiprocessing
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Self, final

from physim.errors import PhysimError
from physim.interrupts import ignore_interrupts
from physim.scenes.files import Packed

Chunk = Callable[[range], Packed]
"""Simulates some scenes, given by their numbers: the same result wherever and however often it is called."""
TRIES = 4
"""How often a chunk is simulated before it is given up, where the processes that do it die."""


class Workers(ABC):
    """Whoever simulates chunks of scenes, while a `with` block lasts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    @abstractmethod
    def ahead(self) -> int:
        """How many chunks are worth handing out beyond the one that is waited for."""

    @abstractmethod
    def submit(self, chunk: Chunk, numbers: range) -> Callable[[], Packed]:
        """Hand out the scenes of these numbers; what comes back waits for them.

        That raises PhysimError where the chunk does, or where those who should simulate it died TRIES times.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of all processes; what was not waited for is lost."""


def in_order(workers: Workers, chunk: Chunk, ranges: Iterable[range]) -> Iterator[Packed]:
    """The chunks in the order of their ranges; a few are simulated ahead of the one that is wanted."""
    waiting: deque[Callable[[], Packed]] = deque()
    for numbers in ranges:
        waiting.append(workers.submit(chunk, numbers))
        if len(waiting) > workers.ahead:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


def given_up(numbers: range) -> PhysimError:
    """The error where whoever simulates these scenes dies every time."""
    return PhysimError(
        f"scenes {numbers.start} to {numbers.stop - 1}: the worker died {TRIES} times while it simulated them; "
        "is there too little memory?"
    )


@final
class Here(Workers):
    """This process, which simulates a chunk when it is waited for."""

    @property
    def ahead(self) -> int:
        return 0

    def submit(self, chunk: Chunk, numbers: range) -> Callable[[], Packed]:
        return partial(chunk, numbers)

    def close(self) -> None:
        """Nothing is held."""


@final
class Processes(Workers):
    """Processes of this machine; where one of them is killed, what they were at is simulated again."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool = self._fresh()

    @property
    def ahead(self) -> int:
        return self._count

    def submit(self, chunk: Chunk, numbers: range) -> Callable[[], Packed]:
        first = self._submitted(chunk, numbers)

        def wait() -> Packed:
            # A killed process takes all that its pool was at along, and nobody knows whose fault it was. Chunks are
            # made again one by one, as they are waited for, so that the one that kills its process is alone in the end.
            again = (self._submitted(chunk, numbers) for _ in range(TRIES - 1))
            for future in chain([first], again):
                with suppress(BrokenProcessPool):
                    return future.result()
            raise given_up(numbers)

        return wait

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _submitted(self, chunk: Chunk, numbers: range) -> Future[Packed]:
        try:
            return self._pool.submit(chunk, numbers)
        except BrokenProcessPool:
            self._pool.shutdown()
            self._pool = self._fresh()
            return self._pool.submit(chunk, numbers)

    def _fresh(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, mp_context=spawn, initializer=ignore_interrupts)
