"""True gradients that come late, and the values that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from torch import Tensor

from physim.graph.groups import Interface, Values
from physim.ranks.channels import Message


@final
class Gradients:
    """The values that left by an interface, kept until all its `readers` said how the loss depends on them.

    Only the newest `kept` versions are remembered; what comes too late is forgotten.
    """

    def __init__(self, interface: Interface, readers: set[int], kept: int) -> None:
        self.ports, self.readers, self.kept = (interface.source, *interface.given), readers, kept
        self._values: dict[int, Values] = {}
        self._heard: dict[int, dict[int, Tensor]] = {}

    def keep(self, version: int, values: Values) -> None:
        """Remember what left."""
        self._values[version] = {port: values[port].detach() for port in self.ports}
        while len(self._values) > self.kept:
            self._values.pop(min(self._values))

    def heard(self, reader: int, message: Message) -> None:
        """Take a reader's gradient."""
        self._heard.setdefault(message.version, {})[reader] = message.value
        while len(self._heard) > self.kept:
            self._heard.pop(min(self._heard))

    def of(self, version: int) -> Tensor | None:
        """The sum of all readers' gradients of a version; None before all are there."""
        known = self._heard.get(version, {})
        if known.keys() < self.readers:
            return None
        total, *others = known.values()
        for other in others:
            total = total + other
        return total

    def complete(self) -> Iterator[tuple[int, Values, Tensor]]:
        """The versions whose values and gradients are there, each once."""
        for version in sorted(self._values.keys() & self._heard.keys()):
            true = self.of(version)
            if true is not None:
                del self._heard[version]
                yield version, self._values.pop(version), true
