"""Which contacts matter in a step: few of all pairs of a large scene do, and the others should cost nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import KDTree
from torch import Tensor

from physim.geometry import Contact
from physim.graph import Edges, ModuleGraph
from physim.scene_inputs import Inputs, both_ways
from physim.scenes.scene import Scene
from physim.variants import ContactNow

Integers = npt.NDArray[np.int64]

CONTACTS = ("contacts", both_ways("contacts"))
"""What contacts are called by the graphs that read them."""
BODY = ("pos", "vel", "extent", "radius")
MANY = 25
"""Contacts a body up to which looking at all of them is faster than a tree."""


def near(graph: ModuleGraph, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
    """The same inputs without the contacts that are too far apart to matter in this step."""
    geometry, given = geometry_of(graph), dict(inputs)
    for name in CONTACTS:
        contacts = given.get(name)
        if isinstance(contacts, Edges) and geometry is not None:
            given[name] = _those_near(geometry, contacts.index, given)
    return given


def geometry_of(graph: ModuleGraph) -> Contact | ContactNow | None:
    """What says which contacts of a graph are near; None where nothing does."""
    if not set(CONTACTS) & set(graph.relation_names):
        return None
    return next((module for module in graph.modules() if isinstance(module, Contact | ContactNow)), None)


@final
class ContactSearch:
    """Finds what `near` finds among the contacts of one scene or batch, without looking at every pair of discs.

    Discs that may touch are found by a KD-tree over where a free step leads; segments are few, and looked at always.
    """

    def __init__(self, name: str, contacts: Edges, geometry: Contact, scene: Scene) -> None:
        self.name, self._index, self._geometry = name, contacts.index, geometry
        self._bodies = scene.num_bodies
        rods = (scene.extent != 0).any(dim=-1)
        beside_rods = rods[contacts.index].any(dim=0).numpy()
        self._always = np.flatnonzero(beside_rods)
        discs = np.flatnonzero(~beside_rods)
        keys = self._keys(*contacts.index.numpy()[:, discs])
        order = keys.argsort()
        self._known, self._places = keys[order], discs[order]
        self._discs = contacts.index[:, discs].unique().numpy()
        self._radius = 2 * float(scene.radius[self._discs].max()) + float(geometry.reach)
        # scenes of a batch lie on top of one another: a third axis keeps them apart
        self._floor = 2 * self._radius * scene.owners.numpy()[self._discs, None]

    @classmethod
    def of(cls, graph: ModuleGraph, scene: Scene, inputs: Inputs) -> ContactSearch | None:
        """The search for a graph's contacts in a scene; None where there are none, or so few that `near` is faster."""
        geometry = geometry_of(graph)
        if not isinstance(geometry, Contact) or not torch.isfinite(geometry.reach):
            return None
        for name in CONTACTS:
            contacts = inputs.get(name)
            if isinstance(contacts, Edges) and contacts.index.shape[1] > MANY * scene.num_bodies:
                return cls(name, contacts, geometry, scene)
        return None

    def near(self, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
        """As the function `near`, to the last bit."""
        pos, vel = inputs["pos"], inputs["vel"]
        assert isinstance(pos, Tensor)
        assert isinstance(vel, Tensor)
        places = np.concatenate([self._always, self._touching((pos + self._geometry.dt * vel).numpy())])
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


def _those_near(geometry: Contact | ContactNow, index: Tensor, inputs: Mapping[str, Tensor | Edges]) -> Edges:
    body = torch.cat([inputs[name] for name in BODY], dim=1)  # type: ignore[misc]
    sender, receiver = index
    return Edges(index[:, geometry.near(body[sender], body[receiver])])
