"""Which contacts matter in a step: few of all pairs of a large scene do, and the others should cost nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np
import torch
from torch import Tensor

from physim.contact_points import Moving, boxes_meet, contact_points
from physim.geometry import Touching
from physim.graph import Edges, ModuleGraph
from physim.impulses import Reach
from physim.joint_points import joint_points
from physim.neighbours import Booleans, Integers, Neighbours
from physim.scene_inputs import Inputs, both_ways
from physim.scenes.scene import Scene

CONTACTS = ("contacts", both_ways("contacts"))
"""What contacts are called by the graphs that read them."""
COLLIDING = (*CONTACTS, "points")
"""The relations by which shapes collide."""
BODY = ("pos", "vel", "extent", "radius")
MANY = 1000
"""Contacts up to which looking at all of them is faster than a search."""
WIDER = 1 + 1e-6
"""How much farther than contacts reach the search looks: it rounds otherwise than `near`, which has the last word."""


def near(graph: ModuleGraph, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
    """The same inputs without the contacts that do not matter in this step, with points and joints as they lie now."""
    geometry, given = geometry_of(graph), dict(inputs)
    if "points" in given:
        reach, pairs = _reach(graph), _index_of(given, "points")
        bodies = Moving.of(given)
        boxes = bodies.swept_boxes(reach.dt, reach.reach)
        given |= _points(reach, pairs[:, boxes_meet(pairs, boxes)], bodies, given)
    for name in CONTACTS:
        if name in given and geometry is not None:
            given[name] = _those_near(geometry, _index_of(given, name), given)
    return given


def geometry_of(graph: ModuleGraph) -> Touching | None:
    """What says which contacts of a graph are near; None where nothing does."""
    if not set(CONTACTS) & set(graph.relation_names):
        return None
    return next((module for module in graph.modules() if isinstance(module, Touching)), None)


def _reach(graph: ModuleGraph) -> Reach:
    """What says how near the contact points of a graph must be; every graph that reads points has one."""
    return next(module for module in graph.modules() if isinstance(module, Reach))


def _points(reach: Reach, pairs: Tensor, bodies: Moving, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
    """The contact points of pairs that are near, and the joints, as they lie now."""
    found: Inputs = {"points": contact_points(pairs, bodies, reach.dt, reach.reach)}
    if "joints" in inputs:
        found["joints"] = joint_points(_edges(inputs, "joints"), inputs)
    return found


def search_of(graph: ModuleGraph, scene: Scene, inputs: Inputs) -> ContactSearch | PointSearch | None:
    """What finds a graph's contacts in a scene step by step; None where there are so few that `near` is faster."""
    return PointSearch(graph, scene) if "points" in inputs else ContactSearch.of(graph, scene, inputs)


@final
class PointSearch:
    """Finds the contact points that `near` finds in one scene or batch, without looking at all pairs."""

    def __init__(self, graph: ModuleGraph, scene: Scene) -> None:
        self._reach, self._neighbours = _reach(graph), Neighbours.of(scene)

    def near(self, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
        """As the function `near`."""
        bodies = Moving.of(inputs)
        boxes = bodies.swept_boxes(self._reach.dt, self._reach.reach)
        return {**inputs, **_points(self._reach, self._neighbours.pairs(*boxes), bodies, inputs)}


@final
class ContactSearch:
    """Finds what `near` finds among the contacts of one scene or batch, without looking at all of them.

    Shapes that may touch are those whose boxes overlap (`Neighbours`), where they are after a free step, or now where
    the graph's contacts look no further ahead.
    """

    def __init__(self, name: str, geometry: Touching, owners: Tensor, inputs: Inputs) -> None:
        self.name, self._index, self._geometry = name, _index_of(inputs, name), geometry
        self._bodies = len(owners)
        keys = self._keys(*self._index.numpy())
        self._places = keys.argsort()
        self._known = keys[self._places]
        reach = WIDER * (_field(inputs, "radius").double() + geometry.limit / 2)
        self._halves = _field(inputs, "extent").double().abs() + reach
        self._neighbours = Neighbours(owners, self._may)

    @classmethod
    def of(cls, graph: ModuleGraph, scene: Scene, inputs: Inputs) -> ContactSearch | None:
        """The search for a graph's contacts in a scene; None where there are so few that `near` is faster."""
        geometry = geometry_of(graph)
        if geometry is None or not torch.isfinite(geometry.limit):
            return None
        for name in CONTACTS:
            if name in inputs and _index_of(inputs, name).shape[1] > MANY:
                return cls(name, geometry, scene.owners, inputs)
        return None

    def near(self, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
        """As the function `near`, to the last bit."""
        ahead = _field(inputs, "pos") + self._geometry.ahead * _field(inputs, "vel")
        first, second = self._neighbours.pairs(ahead - self._halves, ahead + self._halves).numpy()
        both_ways = np.concatenate([self._places_of(first, second), self._places_of(second, first)])
        places = np.sort(both_ways[both_ways >= 0])  # sums are taken in the order of the index
        return {**inputs, self.name: _those_near(self._geometry, self._index[:, torch.from_numpy(places)], inputs)}

    def _may(self, first: Integers, second: Integers) -> Booleans:
        """Whether there are contacts of these ends, one way round at least."""
        return (self._places_of(first, second) >= 0) | (self._places_of(second, first) >= 0)

    def _places_of(self, sender: Integers, receiver: Integers) -> Integers:
        """Where in the index contacts from these senders to these receivers stand; -1 where there are none."""
        keys = self._keys(sender, receiver)
        found = np.searchsorted(self._known, keys).clip(max=len(self._known) - 1)
        return np.where(self._known[found] == keys, self._places[found], -1)

    def _keys(self, sender: Integers, receiver: Integers) -> Integers:
        return sender * self._bodies + receiver


def _those_near(geometry: Touching, index: Tensor, inputs: Mapping[str, Tensor | Edges]) -> Edges:
    body = torch.cat([_field(inputs, name) for name in BODY], dim=1)
    sender, receiver = index
    return Edges(index[:, geometry.near(body[sender], body[receiver])])


def _field(inputs: Mapping[str, Tensor | Edges], name: str) -> Tensor:
    field = inputs[name]
    assert isinstance(field, Tensor)
    return field


def _edges(inputs: Mapping[str, Tensor | Edges], name: str) -> Edges:
    edges = inputs[name]
    assert isinstance(edges, Edges)
    return edges


def _index_of(inputs: Mapping[str, Tensor | Edges], name: str) -> Tensor:
    return _edges(inputs, name).index
