"""Which contacts matter in a step: few of all pairs of a large scene do, and the others should cost nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import final

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import KDTree
from torch import Tensor

from physim.contact_points import contact_points
from physim.geometry import Touching
from physim.graph import Edges, ModuleGraph
from physim.impulses import Strike
from physim.joint_points import joint_points
from physim.scene_inputs import Inputs, both_ways
from physim.scenes.scene import Scene

Integers = npt.NDArray[np.int64]

CONTACTS = ("contacts", both_ways("contacts"))
"""What contacts are called by the graphs that read them."""
BODY = ("pos", "vel", "extent", "radius")
MANY = 25
"""Contacts between discs, for each body, up to which looking at all of them is faster than a tree."""
WIDER = 1 + 1e-6
"""How much farther than contacts reach the tree looks: it rounds otherwise than `near`, which has the last word."""


def near(graph: ModuleGraph, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
    """The same inputs without the contacts that are too far apart to matter in this step, with points and joints as
    they lie now.
    """
    geometry, given = geometry_of(graph), dict(inputs)
    if "points" in given:
        points = _strike(graph)
        given["points"] = contact_points(_index_of(given, "points"), given, points.dt, points.reach)
    if "joints" in given:
        given["joints"] = joint_points(given["joints"], given)
    for name in CONTACTS:
        if name in given and geometry is not None:
            given[name] = _those_near(geometry, _index_of(given, name), given)
    return given


def geometry_of(graph: ModuleGraph) -> Touching | None:
    """What says which contacts of a graph are near; None where nothing does."""
    if not set(CONTACTS) & set(graph.relation_names):
        return None
    return next((module for module in graph.modules() if isinstance(module, Touching)), None)


def _strike(graph: ModuleGraph) -> Strike:
    return next(module for module in graph.modules() if isinstance(module, Strike) and math.isfinite(module.reach))


@final
class ContactSearch:
    """Finds what `near` finds among the contacts of one scene or batch, without looking at every pair of discs.

    Discs that may touch are found by a KD-tree over where they are after a free step, or now where the graph's contacts
    look no further ahead; contacts with a segment are few, and looked at always.
    """

    def __init__(self, name: str, geometry: Touching, owners: Tensor, inputs: Inputs) -> None:
        self.name, self._index, self._geometry = name, _index_of(inputs, name), geometry
        self._bodies = len(owners)
        between_discs = _between_discs(self._index, inputs).numpy()
        self._always = np.flatnonzero(~between_discs)
        discs = np.flatnonzero(between_discs)
        keys = self._keys(*self._index.numpy()[:, discs])
        order = keys.argsort()
        self._known, self._places = keys[order], discs[order]
        self._discs = self._index[:, discs].unique().numpy()
        largest = float(_field(inputs, "radius")[self._discs].max())
        self._radius = WIDER * (2 * largest + float(geometry.limit))
        # scenes of a batch lie on top of one another: a third axis keeps them apart
        self._floor = 2 * self._radius * owners.numpy()[self._discs, None]

    @classmethod
    def of(cls, graph: ModuleGraph, scene: Scene, inputs: Inputs) -> ContactSearch | None:
        """The search for a graph's contacts in a scene; None where so few are between discs that `near` is faster."""
        geometry = geometry_of(graph)
        if geometry is None or not torch.isfinite(geometry.limit):
            return None
        for name in CONTACTS:
            if name in inputs and _between_discs(_index_of(inputs, name), inputs).sum() > MANY * scene.num_bodies:
                return cls(name, geometry, scene.owners, inputs)
        return None

    def near(self, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
        """As the function `near`, to the last bit."""
        ahead = _field(inputs, "pos") + self._geometry.ahead * _field(inputs, "vel")
        places = np.concatenate([self._always, self._touching(ahead.numpy())])
        index = self._index[:, torch.from_numpy(np.sort(places))]
        return {**inputs, self.name: _those_near(self._geometry, index, inputs)}

    def _touching(self, ahead: npt.NDArray[np.float64]) -> Integers:
        """Where in the index the pairs of discs stand that may touch, of discs at `ahead` [N, 2]."""
        points = np.concatenate([ahead[self._discs], self._floor], axis=1)
        finite = np.flatnonzero(np.isfinite(points).all(axis=1))
        pairs = KDTree(points[finite]).query_pairs(self._radius, output_type="ndarray")
        first, second = self._discs[finite[pairs.T]]
        keys = np.concatenate([self._keys(first, second), self._keys(second, first)])
        found = np.searchsorted(self._known, keys).clip(max=len(self._known) - 1)
        return self._places[found[self._known[found] == keys]]

    def _keys(self, sender: Integers, receiver: Integers) -> Integers:
        return sender * self._bodies + receiver


def _those_near(geometry: Touching, index: Tensor, inputs: Mapping[str, Tensor | Edges]) -> Edges:
    body = torch.cat([_field(inputs, name) for name in BODY], dim=1)
    sender, receiver = index
    return Edges(index[:, geometry.near(body[sender], body[receiver])])


def _between_discs(index: Tensor, inputs: Mapping[str, Tensor | Edges]) -> Tensor:
    """Which contacts have no segment in them [E] bool."""
    discs = (_field(inputs, "extent") == 0).all(dim=-1)
    return discs[index].all(dim=0)


def _field(inputs: Mapping[str, Tensor | Edges], name: str) -> Tensor:
    field = inputs[name]
    assert isinstance(field, Tensor)
    return field


def _index_of(inputs: Mapping[str, Tensor | Edges], name: str) -> Tensor:
    contacts = inputs[name]
    assert isinstance(contacts, Edges)
    return contacts.index
