"""Relations between bodies: all pairs, pairs within a radius, nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from physim.arrays import Floats, Integers
from physim.checks import check_memory
from physim.errors import PhysimError

PAIR_BYTES = 88
"""What a relation takes in a scene, with all its fields."""


def all_pairs(counts: Sequence[int] | Tensor) -> Tensor:
    """Relate every body to every other body of its scene, for scenes of `counts` bodies.

    Shapes: counts [B] -> edge_index [2, E] with E = sum of n (n - 1); row 0 is the source, row 1 the target.
    """
    parts, start = [], 0
    for count in map(int, counts):
        check_memory(f"{count} objects in all pairs", PAIR_BYTES * count**2)
        parts.append(_pairs(count) + start if start else _pairs(count))
        start += count
    joined = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.int64)
    return torch.from_numpy(joined.astype(np.int64, copy=False))


@lru_cache(maxsize=32)
def _pairs(count: int) -> Integers:
    target, source = np.nonzero(~np.eye(count, dtype=bool))
    return np.stack([source, target])


def radius_edges(pos: Tensor, radius: float, batch: Tensor | None = None, box: float | None = None) -> Tensor:
    """Relate bodies of one scene that are at most `radius` apart, both ways; `box` is the side of a periodic square.

    Shapes: pos [N, 2], batch [N] -> edge_index [2, E], sorted by (target, source).
    Raises: PhysimError where a position is not finite, or the radius does not fit the box.
    """
    if not radius > 0:
        raise PhysimError(f"radius must be above 0, got {radius}")
    if box is not None and radius >= box / 2:
        raise PhysimError(f"radius must be under half of the periodic box ({box / 2}), got {radius}")
    points = _points(pos, box)
    parts = [
        members[_tree(points[members], box).query_pairs(radius, output_type="ndarray")]
        for members in _scenes(pos, batch)
    ]
    pairs = np.concatenate([*parts, np.zeros((0, 2), dtype=np.int64)]).T
    return _sorted(np.concatenate([pairs, pairs[::-1]], axis=1))


def nearest_edges(pos: Tensor, k: int, batch: Tensor | None = None, box: float | None = None) -> Tensor:
    """Relate each body to its `k` nearest others of its scene (fewer where the scene is small).

    Shapes: pos [N, 2], batch [N] -> edge_index [2, E] of (neighbour, body), sorted by (body, neighbour).
    Raises: PhysimError where a position is not finite or k is under 1.
    """
    if k < 1:
        raise PhysimError(f"k must be at least 1, got {k}")
    points = _points(pos, box)
    parts = [np.zeros((2, 0), dtype=np.int64)]
    for members in _scenes(pos, batch):
        wanted = min(k, len(members) - 1)
        if wanted > 0:
            parts.append(members[_nearest(points[members], wanted, box)])
    return _sorted(np.concatenate(parts, axis=1))


def undirected(edge_index: Tensor) -> Tensor:
    """Name each pair of a symmetric edge index once, the smaller number first.

    Shapes: edge_index [2, E] -> index [2, E / 2].
    """
    return edge_index[:, edge_index[0] < edge_index[1]]


def among(pairs: Tensor, others: Tensor, count: int) -> Tensor:
    """Which pairs of `count` objects are among others, whichever way round they are named.

    Shapes: pairs [2, E], others [2, O] -> [E] bool.
    """
    if not pairs.shape[1] or not others.shape[1]:
        return torch.zeros(pairs.shape[1], dtype=torch.bool)
    own, known = (torch.minimum(*index) * count + torch.maximum(*index) for index in (pairs, others))
    return torch.isin(own, known)


def _nearest(points: Floats, wanted: int, box: float | None) -> Integers:
    """Local (neighbour, body) pairs; one candidate more than wanted, because a body may not be its own neighbour."""
    _, found = _tree(points, box).query(points, k=wanted + 1)
    found = np.asarray(found)
    own = found == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True
    neighbours = found[~own].reshape(len(points), wanted)
    bodies = np.repeat(np.arange(len(points)), wanted)
    return np.stack([neighbours.ravel(), bodies]).astype(np.int64)


def _tree(points: Floats, box: float | None) -> KDTree:
    return KDTree(points) if box is None else KDTree(points, boxsize=np.full(2, box))


def _points(pos: Tensor, box: float | None) -> Floats:
    points = pos.detach().cpu().numpy().astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise PhysimError(f"pos of body {bad[0]} is {points[bad[0]].tolist()}, wanted finite numbers")
    if box is None:
        return points
    wrapped = np.mod(points, box)
    wrapped[wrapped >= box] = 0.0
    return wrapped


def _scenes(pos: Tensor, batch: Tensor | None) -> list[Integers]:
    """The bodies of each scene."""
    if batch is None:
        return [np.arange(len(pos))]
    labels = batch.cpu().numpy()
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [part for part in np.split(order, starts) if len(part)]


def _sorted(edges: Integers) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(edges[:, np.lexsort((edges[0], edges[1]))]).astype(np.int64))
