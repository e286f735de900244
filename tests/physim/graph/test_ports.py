from __future__ import annotations

import pytest
from torch import nn

from physim.graph import ModuleGraph, Port, joined, receivers, spread
from physim.graph.ports import OBJECTS, SCENE, Place


def test_open_places_become_what_they_meet() -> None:
    open_place, other = Place(), Place()
    assert open_place.meet(other)
    assert other.meet(Place(OBJECTS))
    assert (open_place.kind, other.kind) == (OBJECTS, OBJECTS)


@pytest.mark.parametrize(("one", "other"), [(OBJECTS, SCENE), ("pairs", OBJECTS), ("pairs", "springs")])
def test_settled_places_that_differ_do_not_meet(one: str, other: str) -> None:
    first, second = Place(one), Place(other)
    assert not first.meet(second)
    assert (first.kind, second.kind) == (one, other)


def test_a_place_reaches_through_modules_and_wires_backwards() -> None:
    net = ModuleGraph()
    x, y, pairs = net.input("x"), net.input("y"), net.relations("pairs")
    both = joined(net.add("line", nn.Linear(2, 2), x), y)
    assert str(x.place) == "the scene"
    receivers(both, pairs)
    assert [str(port.place) for port in (x, y, both)] == ["the objects"] * 3


def test_ports_say_what_they_are() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    spread(x)
    assert repr(x) == "<port 'x' on the scene>"
    assert repr(pairs) == "<relations 'pairs'>"
    assert isinstance(pairs.attributes, Port)
    assert repr(pairs.attributes) == "<port 'pairs' on the relations 'pairs'>"
    assert x.graph is net
