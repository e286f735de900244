"""Convex shapes as corners, and how far apart two of them are or how deep one lies in the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from physim.scenes.scene import POLYGON, Scene


def outlines(scene: Scene) -> Tensor:
    """The corners of every object at angle 0, without its radius: a circle or point has one, a segment two.

    Shapes: [N, K, 2] (m, around the object's position), K the most that one has; an object's last corner is repeated.
    """
    counts = torch.bincount(scene.corner_index, minlength=scene.num_bodies)
    most = max(2, int(counts.max()) if len(counts) else 0)
    outline = scene.extent[:, None].repeat(1, most, 1)
    outline[:, 0] *= -1
    polygons = (scene.shape == POLYGON).nonzero().ravel()
    first, last = (counts.cumsum(0) - counts)[polygons, None], (counts.cumsum(0) - 1)[polygons, None]
    order = scene.corner_index.argsort(stable=True)
    outline[polygons] = scene.corner[order][torch.minimum(first + torch.arange(most), last)]
    return outline


def half_widths(outline: Tensor) -> Tensor:
    """Half of the least width of convex shapes, in metres; infinite for those without sides.

    Shapes: outline [N, K, 2], counter-clockwise -> [N].
    """
    across = (_normals(outline)[:, :, None] * outline[:, None]).sum(dim=-1)  # [N, sides, corners]
    widths = across.amax(dim=-1) - across.amin(dim=-1)
    return torch.where(_real(_sides(outline)), widths, math.inf).amin(dim=-1) / 2


def separation(own: Tensor, other: Tensor) -> Tensor:
    """How far apart two convex shapes are, in metres; below 0, how far one must be moved so that they only touch.

    Shapes: own, other [..., K, 2], counter-clockwise -> [...].
    """
    along = torch.maximum(_beyond(own, other), _beyond(other, own))
    nearest = torch.minimum(_between(own, other), _between(other, own))
    return torch.where((along < 0) & along.isfinite(), along, nearest)


def _beyond(own: Tensor, other: Tensor) -> Tensor:
    """How far the other shape begins beyond that side of our own that it is farthest from [...]; -inf without sides."""
    sides, normals = _sides(own), _normals(own)
    farthest = torch.full(own.shape[:-2], -math.inf, dtype=own.dtype)
    for number in range(own.shape[-2]):
        heights = ((other - own[..., number : number + 1, :]) * normals[..., number : number + 1, :]).sum(dim=-1)
        real = _real(sides[..., number, :])
        farthest = torch.where(real, torch.maximum(farthest, heights.amin(dim=-1)), farthest)
    return farthest


def _between(own: Tensor, other: Tensor) -> Tensor:
    """The least distance of the other's corners from our own sides [...]."""
    sides = _sides(own)
    least = torch.full(own.shape[:-2], math.inf, dtype=own.dtype)
    for number in range(own.shape[-2]):
        start, side = own[..., number : number + 1, :], sides[..., number : number + 1, :]
        square = side.square().sum(dim=-1)
        share = ((other - start) * side).sum(dim=-1) / torch.where(square > 0, square, 1.0)
        gaps = (other - start - share.clamp(0, 1)[..., None] * side).norm(dim=-1)
        least = torch.minimum(least, gaps.amin(dim=-1))
    return least


def _sides(outline: Tensor) -> Tensor:
    """From each corner to the next [..., K, 2]; 0 where a corner is repeated."""
    return outline.roll(-1, dims=-2) - outline


def _real(sides: Tensor) -> Tensor:
    """Which sides lead from one corner to another [...] bool."""
    return (sides != 0).any(dim=-1)


def _normals(outline: Tensor) -> Tensor:
    """Unit vectors out of each side [..., K, 2]; 0 where a corner is repeated."""
    x, y = _sides(outline).unbind(dim=-1)
    normals = torch.stack([y, -x], dim=-1)
    length = normals.norm(dim=-1, keepdim=True)
    return normals / torch.where(length > 0, length, 1.0)
