"""What a process sends to the others, and what it hears from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from physim.graph.groups import Interface
from physim.ranks.channels import Inbox, Message, Outbox
from physim.ranks.links import Link
from physim.ranks.watch import Watch


@final
class Post:
    """Both ways of all links of one rank: values go with them, gradients against them.

    Where another process dies, waiting for it raises PhysimError; unless those `survive` who can, so does all else.
    """

    def __init__(self, links: Sequence[Link], rank: int, bound: int, watch: Watch, survive: bool) -> None:
        self.rank, self.watch, self.survive = rank, watch, survive
        sent, read = [one for one in links if one.source == rank], [one for one in links if one.reader == rank]
        heard = watch.heard
        self.values_out = {link: Outbox(link.interface.name, link.reader, link.tag, bound, heard) for link in sent}
        self.values_in = {link: Inbox(link.source, link.tag, heard) for link in read}
        self.gradients_out = {
            link: Outbox(link.interface.name, link.source, link.tag + 1, bound, heard) for link in read
        }
        self.gradients_in = {link: Inbox(link.reader, link.tag + 1, heard) for link in sent}

    @property
    def failing(self) -> bool:
        """Whether this process ends because another died."""
        return bool(self.watch.lost) and not self.survive

    @property
    def dropped(self) -> dict[str, int]:
        """How many messages were dropped, by the interface that they did not cross."""
        boxes = (*self.values_out.items(), *self.gradients_out.items())
        return {f"{link.interface.name} to rank {box.rank}": box.dropped for link, box in boxes}

    def check(self) -> None:
        """Raise PhysimError where another process died and this one ends too."""
        if self.failing:
            self.watch.check()

    def send(self, interface: Interface, message: Message) -> set[int]:
        """Send a value to all ranks that read it; gives the versions of those that are dropped for it.

        Raises: PhysimError where no message can hold the value.
        """
        boxes = [box for link, box in self.values_out.items() if link.interface is interface]
        return {dropped for box in boxes if (dropped := box.put(*message)) is not None}

    def tell(self, interface: Interface, message: Message) -> None:
        """Send a gradient to the rank that its value came from; raises PhysimError where no message can hold it."""
        for link, box in self.gradients_out.items():
            if link.interface is interface:
                box.put(*message)

    def value(self, link: Link) -> Message | None:
        """The next value of a link, which is waited for; None where none follows."""
        return self._awaited(self.values_in[link])

    def gradients(self, interface: Interface) -> Iterator[tuple[int, Message]]:
        """The next gradient of each reader of a value, with the reader's rank; they are waited for."""
        for link, box in self.gradients_in.items():
            if link.interface is interface and (message := self._awaited(box)) is not None:
                yield link.reader, message

    def late_gradients(self, newest: int | None) -> Iterator[tuple[Link, Message]]:
        """The gradients that came meanwhile, of what was cut, up to the `newest` version.

        Readers of imagined values may be ahead: what they say of later versions is left until it is their turn.
        """
        for link, box in self.gradients_in.items():
            while link.interface.decoupled is not None and (message := box.take(newest)) is not None:
                yield link, message

    def late_values(self) -> Iterator[tuple[Link, Message]]:
        """A value that came meanwhile of each that was imagined: to learn from all could take all time."""
        for link, box in self.values_in.items():
            if not link.waited and (message := box.take()) is not None:
                yield link, message

    def close(self) -> None:
        """Say that nothing follows."""
        for box in (*self.values_out.values(), *self.gradients_out.values()):
            box.close()

    def abandon(self, patience: float) -> None:
        """Give up all ways, and wait some seconds until the others have, too: no thread may outlive the interpreter."""
        boxes: list[Inbox | Outbox] = [*self.values_out.values(), *self.gradients_out.values()]
        boxes += [*self.values_in.values(), *self.gradients_in.values()]
        for box in boxes:
            box.abandon()
        for box in boxes:
            box.thread.join(patience)

    def waits(self) -> bool:
        """Wait until something comes; whether anything still can."""
        inboxes = (*self.values_in.values(), *self.gradients_in.values())
        outboxes = (*self.values_out.values(), *self.gradients_out.values())

        def over() -> bool:
            sent = all(box.closed or box.rank in self.watch.lost for box in outboxes)
            return sent and all(self._ended(box) and not box.there for box in inboxes)

        self.watch.until(lambda: over() or self.failing or any(box.there for box in inboxes))
        self.check()
        return not over()

    def discard(self) -> None:
        """Throw away the values that came and that nothing will read."""
        for link, box in self.values_in.items():
            if link.waited:
                box.take()

    def _awaited(self, box: Inbox) -> Message | None:
        self.watch.until(lambda: box.there or self._ended(box) or self.failing)
        if (box.broken or box.rank in self.watch.lost) and not box.there:
            self.watch.until(lambda: box.rank in self.watch.left)
            self.watch.check()
        self.check()
        return box.take()

    def _ended(self, box: Inbox) -> bool:
        """Whether nothing comes any more, be it that gloo waits for ever for who is gone."""
        return box.ended or box.rank in self.watch.lost
