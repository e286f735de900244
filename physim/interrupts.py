"""Ctrl-C, and requests to end, held back until a moment that suits, or left to another process."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self, final


@final
class HeldInterrupts:
    """While entered, the first Ctrl-C only sets `asked`, so that work in progress can stop where its state is whole.

    Another raises KeyboardInterrupt at once, for that work may hang. So does SIGTERM where `terminations_interrupt`.
    What would not raise KeyboardInterrupt (in other threads, or with a handler of a host's own) stays as it is.
    """

    def __init__(self) -> None:
        self.asked = False
        self._held: list[signal.Signals] = []

    def __enter__(self) -> Self:
        known = (signal.SIGINT, signal.SIGTERM) if _in_main_thread() else ()
        self._held = [number for number in known if signal.getsignal(number) is signal.default_int_handler]
        for number in self._held:
            signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._held:
            signal.signal(number, signal.default_int_handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nstopping as soon as all is whole; once more to stop at once", file=sys.stderr, flush=True)


@contextmanager
def terminations_interrupt() -> Iterator[None]:
    """While entered, SIGTERM raises KeyboardInterrupt, so that drafts of files go; a host's own handler stays.

    One that comes while an object is freed (a body of pymunk's, say), where exceptions are lost, comes again.
    """
    ours = _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _lost_interrupts_return():
            yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _lost_interrupts_return() -> Iterator[None]:
    def answer(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # Not at once: it would be raised in here, and be lost again.
            again = threading.Timer(0.05, _thread.interrupt_main)
            again.daemon = True
            again.start()
        else:
            told(lost)

    told, sys.unraisablehook = sys.unraisablehook, answer
    try:
        yield
    finally:
        sys.unraisablehook = told


@contextmanager
def children_ignore_interrupts() -> Iterator[None]:
    """While entered, processes that start ignore Ctrl-C from their first moment on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if _in_main_thread() else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def ignore_interrupts() -> None:
    """For workers: Ctrl-C reaches every process of a terminal; the first one alone answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
