from __future__ import annotations

import pytest

from learners.physics import timing


def test_rounds_alternate_and_medians_forget_outliers(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])
    calls: list[str] = []

    def work(name: str, seconds: float) -> None:
        calls.append(name)
        clock[0] += 100 * seconds if len(calls) == 6 else seconds

    ours, theirs = timing.compare(lambda: work("ours", 1), lambda: work("theirs", 3), range(5), seconds=0.1)
    assert (ours, theirs) == pytest.approx((1, 3))
    assert calls[4:] == ["theirs", "ours", "ours", "theirs"] * 2 + ["theirs", "ours"]


def test_short_work_is_repeated() -> None:
    calls: list[int] = []
    timing.compare(lambda: calls.append(1), lambda: None, range(1), seconds=1e-3)
    assert len(calls) > 10
