from __future__ import annotations

import pytest
import torch

from physim.graph import ModuleGraph
from physim.ranks.channels import Message
from physim.ranks.gradients import Gradients

PORT = ModuleGraph().input("value")


def gradients(readers: set[int], bound: int = 100) -> Gradients:
    return Gradients(readers, bound)


def left(one: Gradients, *versions: int) -> Gradients:
    for version in versions:
        one.keep(version, {PORT: torch.tensor([float(version)])})
    return one


def hear(one: Gradients, reader: int, version: int, value: float = 0.0) -> list[tuple[int, float, float]]:
    """The versions that are complete then, with their values and gradients."""
    one.heard(reader, Message(version, torch.tensor([value])))
    return [(done, float(values[PORT]), float(true)) for done, values, true in one.complete()]


def test_a_version_is_complete_once_all_its_readers_spoke_and_then_gone() -> None:
    one = left(gradients({1, 2, 3}), 0, 1)
    assert hear(one, 2, 0, 1.0) == hear(one, 2, 1, 5.0) == hear(one, 1, 0, 2.0) == []
    assert hear(one, 3, 0, 4.0) == [(0, 0.0, 7.0)]
    assert not [*one.complete()]


def test_a_version_that_its_only_reader_never_had_is_not_asked_for() -> None:
    one = left(gradients({1}), 0, 1)
    assert not [*one.complete()]
    assert hear(one, 1, 1, 3.0) == [(1, 1.0, 3.0)]


def test_a_slow_reader_still_teaches_by_what_it_got() -> None:
    one = gradients({1}, bound=8)
    taught: list[int] = []
    sent: list[int] = []
    for version in range(1000):
        left(one, version)
        sent.append(version)
        if len(sent) > 4:
            one.forget(sent.pop(1))  # the oldest that waits is dropped, while the first is being read
        if version % 50 == 49:
            taught += [done for done, _, _ in hear(one, 1, sent.pop(0))]
    assert len(taught) == 20


def test_what_a_reader_passed_over_is_forgotten() -> None:
    one = left(gradients({1, 2}), 0, 1, 2)
    assert hear(one, 1, 0) == hear(one, 1, 2) == hear(one, 2, 1) == []
    assert [done for done, _, _ in hear(one, 2, 2)] == [2]


@pytest.mark.parametrize("bound", [1, 3])
def test_no_more_is_remembered_than_the_bound(bound: int) -> None:
    one = left(gradients({1}, bound), *range(10))
    assert [done for version in range(10) for done, _, _ in hear(one, 1, version)] == [*range(bound)]


def test_a_gradient_of_what_never_left_is_nothing() -> None:
    assert hear(gradients({1}), 1, 7) == []
