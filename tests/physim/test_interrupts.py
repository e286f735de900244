from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from physim.interrupts import HeldInterrupts, children_ignore_interrupts, ignore_interrupts, terminations_interrupt


def test_ctrl_c_waits_while_held_and_raises_again_after() -> None:
    with HeldInterrupts() as interrupts:
        assert not interrupts.asked
        signal.raise_signal(signal.SIGINT)
        assert interrupts.asked
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_a_second_time_is_not_held(capsys: pytest.CaptureFixture[str]) -> None:
    with HeldInterrupts():
        signal.raise_signal(signal.SIGINT)
        assert "once more to stop at once" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_children_are_deaf_from_the_start() -> None:
    with children_ignore_interrupts():
        code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "True\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_hosts_own_handler_is_left_alone() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with HeldInterrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert not interrupts.asked


def test_other_threads_may_hold_nothing_and_do_not_fail() -> None:
    seen: list[bool] = []

    def work() -> None:
        with HeldInterrupts() as interrupts:
            seen.append(interrupts.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_nothing_to_a_worker() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        ignore_interrupts()
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_request_to_end_interrupts_as_ctrl_c_does_and_waits_while_held() -> None:
    with terminations_interrupt():
        with HeldInterrupts() as interrupts:
            signal.raise_signal(signal.SIGTERM)
            assert interrupts.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_hosts_own_handler_of_terminations_is_left_alone() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with terminations_interrupt():
            signal.raise_signal(signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


class Freed:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_an_interrupt_that_is_lost_while_an_object_is_freed_comes_again() -> None:
    def free_and_work() -> None:
        freed = Freed()
        del freed
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            pass

    with pytest.raises(KeyboardInterrupt), terminations_interrupt():
        free_and_work()


class Broken:
    def __del__(self) -> None:
        raise ValueError("in a finaliser")


def test_other_errors_of_finalisers_are_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[sys.UnraisableHookArgs] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    with terminations_interrupt():
        broken = Broken()
        del broken
    assert [lost.exc_type for lost in told] == [ValueError]
    assert sys.unraisablehook == told.append
