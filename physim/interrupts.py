"""Ctrl-C, held back until a moment that suits, or left to another process."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self, final


@final
class HeldInterrupts:
    """While entered, Ctrl-C only sets `asked`, so that work in progress can stop where its state is whole.

    Where Ctrl-C would not raise KeyboardInterrupt (other threads, a host with a handler of its own), it stays as it is.
    """

    def __init__(self) -> None:
        self.asked = False
        self._held = False

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        self._held = in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._held:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def ignore_interrupts() -> None:
    """For workers: Ctrl-C reaches every process of a terminal; the first one alone answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
