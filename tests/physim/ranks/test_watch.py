from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event, Timer

import pytest
from torch import distributed as dist

from physim.errors import PhysimError
from physim.ranks import watch
from physim.ranks.lines import send
from physim.ranks.watch import WELL, Watch


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


@pytest.mark.parametrize(("word", "lost"), [(None, (2,)), (1, (2,)), (WELL, ())], ids=["none", "another's", "well"])
def test_a_process_is_lost_that_ends_without_a_word_or_because_of_another(
    monkeypatch: pytest.MonkeyPatch, word: int | None, lost: tuple[int, ...]
) -> None:
    near, far = socket.socketpair()
    monkeypatch.setattr(watch, "lines", lambda: {2: near})
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    one = Watch({2: "head", 1: "middle"})
    if word is not None:
        send(far, word)
    far.close()
    one.until(lambda: 2 in one.left)
    assert one.lost == lost
    if lost:
        with pytest.raises(PhysimError, match=r"\(middle\)" if word else r"\(head\)"):
            one.check()
    one.join(5)
