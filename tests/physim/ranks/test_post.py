from __future__ import annotations

from functools import partial
from threading import Condition
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from physim.errors import PhysimError
from physim.graph import ModuleGraph, decoupled
from physim.graph.groups import groups_of
from physim.graph.synthesizers import LinearSynthesizer
from physim.ranks import post
from physim.ranks.channels import Message
from physim.ranks.links import Link, links_of
from physim.ranks.post import Post


class Box:
    """An outbox or inbox without a process behind it."""

    def __init__(self, *told: Any) -> None:
        self.rank, self.bound = (told[1], told[3]) if isinstance(told[0], str) else (told[0], 0)
        self.messages: list[Message] = []
        self.dropped, self.ended, self.broken, self.closed = 0, False, False, False

    @property
    def there(self) -> bool:
        return bool(self.messages)

    def put(self, version: int, value: torch.Tensor) -> int | None:
        self.messages.append(Message(version, value))
        if len(self.messages) <= self.bound:
            return None
        self.dropped += 1
        return self.messages.pop(0).version

    def take(self, newest: int | None = None) -> Message | None:
        return self.messages.pop(0) if self.messages and self.messages[0].version <= (newest or 100) else None


@pytest.fixture(autouse=True)
def _boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "Outbox", Box)
    monkeypatch.setattr(post, "Inbox", Box)


def links() -> list[Link]:
    """A cut value of rank 0 that ranks 1 and 2 read."""
    graph = ModuleGraph()
    value = decoupled(graph.add("below", nn.Linear(2, 2), graph.input("image")), LinearSynthesizer(2))
    for name in ("left", "right"):
        graph.add(name, nn.Linear(2, 2), value)
    return links_of(groups_of(graph, ranks={"below": 0, "left": 1, "right": 2}))


def posted(rank: int, bound: int = 2) -> Post:
    watch: Any = SimpleNamespace(heard=Condition(), lost=(), until=lambda done: None)
    return Post(links(), rank, bound, watch, survive=False)


def test_a_value_goes_to_all_its_readers_and_what_any_of_them_misses_is_named() -> None:
    one = posted(0)
    interface = next(iter(one.values_out)).interface
    slow, quick = one.values_out.values()
    dropped: list[set[int]] = []
    for version in range(5):
        dropped.append(one.send(interface, Message(version, torch.tensor(version))))
        quick.take()
    assert dropped == [set(), set(), {0}, {1}, {2}]
    assert one.dropped == {f"{interface.name} to rank 1": 3, f"{interface.name} to rank 2": 0}
    assert slow.take() == Message(3, torch.tensor(3))


def test_gradients_of_versions_to_come_are_left_until_then() -> None:
    one = posted(0)
    for box in one.gradients_in.values():
        box.messages = [Message(version, torch.tensor(version)) for version in (1, 3, 6)]
    found = partial(one.late_gradients)
    assert [(link.reader, message.version) for link, message in found(4)] == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert [message.version for _, message in found(5)] == []
    assert [message.version for _, message in found(None)] == [6, 6]


def test_who_is_gone_is_not_waited_for_though_its_connection_never_breaks() -> None:
    one = posted(1)
    one.survive = True
    one.watch.lost, one.watch.left = (0,), {0: 0}
    one.watch.until = lambda done: None if done() else pytest.fail("waits for ever")

    def check() -> None:
        raise PhysimError("rank 0 died")

    one.watch.check = check
    with pytest.raises(PhysimError, match="rank 0 died"):
        one.value(next(iter(one.values_in)))
    assert not one.waits()


def test_values_that_nothing_will_read_are_thrown_away() -> None:
    one = posted(1)
    (box,) = one.values_in.values()
    box.messages = [Message(0, torch.tensor(0))]
    one.discard()
    assert not box.there
