"""True gradients that come late, and the values that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, final

from torch import Tensor

from physim.graph.groups import Values
from physim.ranks.channels import Message


class _Left(NamedTuple):
    """The values of a version that left, and what their readers said, by rank."""

    values: Values
    heard: dict[int, Tensor]


@final
class Gradients:
    """The values that left by an interface, kept until all its `readers` said how the loss depends on them.

    While `bound` versions are kept, no further ones are; as readers speak in the order of versions, what one passes
    over goes.
    """

    def __init__(self, readers: set[int], bound: int) -> None:
        self.readers, self.bound = readers, bound
        self._left: dict[int, _Left] = {}

    def keep(self, version: int, values: Values) -> None:
        """Remember what left, the interface's values and what its synthesizer is given."""
        if len(self._left) < self.bound:
            self._left[version] = _Left(values, {})

    def forget(self, version: int) -> None:
        """Expect nothing of a version, because it never reached a reader."""
        self._left.pop(version, None)

    def heard(self, reader: int, message: Message) -> None:
        """Take a reader's gradient."""
        for version in [one for one, left in self._left.items() if reader not in left.heard]:
            if version < message.version:
                self.forget(version)
        if message.version in self._left:
            self._left[message.version].heard[reader] = message.value

    def complete(self) -> Iterator[tuple[int, Values, Tensor]]:
        """The versions of which all was heard, each once, with their values and the sum of their gradients."""
        for version, left in sorted(self._left.items()):
            if left.heard.keys() == self.readers:
                self.forget(version)
                first, *others = (left.heard[reader] for reader in sorted(self.readers))
                yield version, left.values, sum(others, first)
