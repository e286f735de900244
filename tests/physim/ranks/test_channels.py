from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from threading import Condition
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.ranks import channels
from physim.ranks.channels import Inbox, Message, Outbox

HEARD = Condition()


class Line:
    """What joins two processes, here in one: a tensor is sent once it is received."""

    def __init__(self) -> None:
        self.tensors: Queue[Tensor | None] = Queue()
        self.received: Queue[bool] = Queue()
        self.boxes: list[Inbox | Outbox] = []

    def send(self, tensor: Tensor, rank: int, tag: int) -> None:
        self.tensors.put(tensor.clone())
        if not self.received.get():
            raise RuntimeError("the connection broke")

    def recv(self, tensor: Tensor, rank: int, tag: int) -> None:
        found = self.tensors.get()
        if found is None:
            raise RuntimeError("the connection broke")
        tensor.copy_(found)
        self.received.put(True)

    def breaks(self) -> None:
        self.tensors.put(None)
        self.received.put(False)

    def outbox(self, bound: int = 3) -> Outbox:
        box = Outbox("code", 1, 0, bound, HEARD)
        self.boxes.append(box)
        return box

    def inbox(self) -> Inbox:
        box = Inbox(0, 0, HEARD)
        self.boxes.append(box)
        return box


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    line = Line()
    monkeypatch.setattr(channels, "dist", SimpleNamespace(send=line.send, recv=line.recv))
    yield line
    line.breaks()
    for box in line.boxes:
        box.abandon()
        box.thread.join(5)


def wait(box: Inbox, newest: int | None = None) -> Message:
    with HEARD:
        assert HEARD.wait_for(lambda: box.there or box.ended, timeout=5)
    message = box.take(newest)
    assert message is not None
    return message


VALUES = [torch.ones(2, 3), torch.ones(3, dtype=torch.float64), torch.tensor(7), torch.ones(0, 4), torch.ones(2).half()]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value.dtype}-{list(value.shape)}")
def test_what_is_put_is_taken(line: Line, value: Tensor) -> None:
    sent, inbox = line.outbox(), line.inbox()
    sent.put(4, value)
    version, found = wait(inbox)
    assert version == 4
    assert found.dtype is value.dtype
    assert torch.equal(found, value)
    sent.close()
    inbox.thread.join(5)
    assert inbox.ended
    assert not inbox.broken
    assert inbox.take() is None


def test_an_outbox_never_waits_and_says_which_message_it_dropped(line: Line) -> None:
    box = line.outbox(bound=3)
    box.put(0, torch.tensor(0))
    assert line.tensors.get(timeout=5) is not None  # the first is on its way, and nobody takes it
    assert [box.put(version, torch.tensor(version)) for version in range(1, 7)] == [None, None, None, 1, 2, 3]
    assert box.dropped == 3


def test_a_message_of_a_later_version_is_left_until_it_is_asked_for(line: Line) -> None:
    sent, inbox = line.outbox(), line.inbox()
    sent.put(5, torch.tensor(1.0))
    with HEARD:
        assert HEARD.wait_for(lambda: inbox.there, timeout=5)
    assert inbox.take(newest=4) is None
    assert wait(inbox, newest=5).version == 5


@pytest.mark.parametrize(
    ("value", "said"), [(torch.tensor([True]), "torch.bool with 1 axes"), (torch.zeros([1] * 9), "with 9 axes")]
)
def test_what_no_message_can_hold_is_refused_by_name(line: Line, value: Tensor, said: str) -> None:
    box = line.outbox()
    with pytest.raises(PhysimError, match=f"'code' is .*{said}.*up to 8 of torch.float32"):
        box.put(0, value)
    box.close()
    inbox = line.inbox()
    inbox.thread.join(5)
    box.thread.join(5)
    assert box.closed


def test_a_broken_connection_ends_an_inbox(line: Line) -> None:
    inbox = line.inbox()
    line.breaks()
    inbox.thread.join(5)
    assert inbox.ended
    assert inbox.broken


def test_who_gives_up_says_that_more_was_to_come(line: Line) -> None:
    sent, inbox = line.outbox(), line.inbox()
    sent.abandon()
    inbox.thread.join(5)
    assert inbox.ended
    assert inbox.broken
