from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Timer

import pytest
from torch import distributed as dist

from physim.errors import PhysimError
from physim.ranks import watch
from physim.ranks.watch import Watch


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """A watch that hears of others what a test tells."""
    monkeypatch.setattr(watch, "PATIENCE", 0.5)
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield Watch({2: "head"})
    dist.destroy_process_group()


def dies(one: Watch, rank: int) -> None:
    with one.heard:
        one.left[rank] = rank
        one.heard.notify_all()


def broken() -> None:
    raise RuntimeError("connection closed by peer")


def test_what_all_do_together_is_done(alone: Watch) -> None:
    done: list[int] = []
    alone.together(lambda: done.append(1))
    assert done == [1]


def test_a_death_is_named_while_the_others_wait_for_one_another(alone: Watch) -> None:
    never = Event()
    Timer(0.05, dies, (alone, 2)).start()
    with pytest.raises(PhysimError, match=r"rank 2 \(head\) died; rank 0 ends too"):
        alone.together(never.wait)
    never.set()


def test_a_death_is_named_that_is_heard_of_after_its_connection_broke(alone: Watch) -> None:
    Timer(0.05, dies, (alone, 2)).start()
    with pytest.raises(PhysimError, match=r"rank 2 \(head\) died"):
        alone.together(broken)


def test_what_fails_for_another_reason_is_told(alone: Watch) -> None:
    with pytest.raises(RuntimeError, match="closed by peer"):
        alone.together(broken)


def test_nothing_is_done_together_after_a_death(alone: Watch) -> None:
    dies(alone, 2)
    with pytest.raises(PhysimError, match="head"):
        alone.together(lambda: pytest.fail("was done"))
