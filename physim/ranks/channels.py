"""One way from one process to another: messages with versions, sent and received in the background."""

from __future__ import annotations

from collections import deque
from threading import Condition, Thread
from typing import NamedTuple, final

import torch
from torch import Tensor
from torch import distributed as dist

from physim.errors import PhysimError

AXES = 8
"""How many axes a message can have."""
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64)
END = -1
"""The version of the message that no other follows, because the work is done."""
TORN = -2
"""Likewise, because its sender gave up: who waits for more learns from the watch why."""


class Message(NamedTuple):
    """A value, and the number of the batch that it belongs to."""

    version: int
    value: Tensor


@final
class Outbox:
    """Sends messages without ever waiting: at the `bound` the oldest that waits is dropped, and counted.

    `name` tells what it sends.
    """

    def __init__(self, name: str, rank: int, tag: int, bound: int, heard: Condition) -> None:
        self.name, self.rank, self.tag, self.bound, self.heard = name, rank, tag, bound, heard
        self.dropped = 0
        self._waiting: deque[Message] = deque()
        self._last = END
        self._closing = self._closed = False
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def put(self, version: int, value: Tensor) -> int | None:
        """Send a value, some time; gives the version of the one that is dropped for it.

        Raises: PhysimError where the value has a type, or more axes, than messages can have.
        """
        if value.dtype not in DTYPES or value.dim() > AXES:
            types = ", ".join(str(dtype) for dtype in DTYPES)
            raise PhysimError(
                f"'{self.name}' is {value.dtype} with {value.dim()} axes; between processes go up to {AXES} of {types}"
            )
        with self.heard:
            dropped = self._waiting.popleft().version if len(self._waiting) == self.bound else None
            self.dropped += dropped is not None
            self._waiting.append(Message(version, value.detach()))
            self.heard.notify_all()
        return dropped

    def close(self) -> None:
        """Let what still waits be the last."""
        with self.heard:
            self._closing = True
            self.heard.notify_all()

    def abandon(self) -> None:
        """Send nothing of what still waits."""
        with self.heard:
            self._waiting.clear()
            self._last = TORN
        self.close()

    @property
    def closed(self) -> bool:
        """Whether everything was sent, or cannot be any more."""
        return self._closed

    def _run(self) -> None:
        try:
            while (message := self._next()) is not None:
                value = message.value.cpu().contiguous()
                sizes = [*value.shape, *[0] * (AXES - value.dim())]
                header = [message.version, DTYPES.index(value.dtype), value.dim(), *sizes]
                dist.send(torch.tensor(header), self.rank, tag=self.tag)
                dist.send(value, self.rank, tag=self.tag)
            dist.send(torch.tensor([self._last] * (AXES + 3)), self.rank, tag=self.tag)
        except RuntimeError:
            pass  # the other process is gone, which the watch tells of
        finally:
            with self.heard:
                self._closed = True
                self.heard.notify_all()

    def _next(self) -> Message | None:
        with self.heard:
            while not self._waiting and not self._closing:
                self.heard.wait()
            return self._waiting.popleft() if self._waiting else None


@final
class Inbox:
    """Receives messages ahead, one at a time, so that what its reader cannot take yet waits at the sender."""

    def __init__(self, rank: int, tag: int, heard: Condition) -> None:
        self.rank, self.tag, self.heard = rank, tag, heard
        self.ended = self.broken = False
        self._message: Message | None = None
        self._abandoned = False
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def there(self) -> bool:
        """Whether a message is there."""
        return self._message is not None

    def take(self, newest: int | None = None) -> Message | None:
        """The message that is there; None where there is none, or one of a later version than the `newest`."""
        with self.heard:
            message = self._message
            if message is None or (newest is not None and message.version > newest):
                return None
            self._message = None
            self.heard.notify_all()
        return message

    def abandon(self) -> None:
        """Throw away whatever still comes."""
        with self.heard:
            self._abandoned = True
            self.heard.notify_all()

    def _run(self) -> None:
        header = torch.zeros(AXES + 3, dtype=torch.int64)
        try:
            while True:
                dist.recv(header, self.rank, tag=self.tag)
                version, dtype, axes, *sizes = header.tolist()
                if version in (END, TORN):
                    self.broken = version == TORN
                    break
                value = torch.empty(sizes[:axes], dtype=DTYPES[dtype])
                dist.recv(value, self.rank, tag=self.tag)
                self._arrived(Message(version, value))
        except RuntimeError:
            self.broken = True  # the other process is gone, which the watch tells of
        finally:
            with self.heard:
                self.ended = True
                self.heard.notify_all()

    def _arrived(self, message: Message) -> None:
        with self.heard:
            while self._message is not None and not self._abandoned:
                self.heard.wait()
            self._message = None if self._abandoned else message
            self.heard.notify_all()
