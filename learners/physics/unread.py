"""What acts on the bodies of scenes and a network cannot see."""

from __future__ import annotations

import torch
from torch import Tensor

from physim.graph import ModuleGraph
from physim.scenes.scene import PAIR, POINT, POLYGON, SEGMENT, Scene

SEEN_AS = {"friction": {"friction", "body"}, "spin": {"angular_velocity"}}
"""The fields of a scene of which a network reads one where it sees friction or spin."""


def unread(graph: ModuleGraph, columns: tuple[str, ...], scene: Scene) -> list[str]:
    """Which of friction and spin act in a scene, or a batch, while the graph, with these columns, reads none."""
    read = {*graph.inputs, *(columns if "columns" in graph.inputs else ())}
    return [name for name in rubbing_and_spin(scene) if not SEEN_AS[name] & read]


def rubbing_and_spin(scene: Scene) -> list[str]:
    """Which of friction and spin act in a scene, or a batch of scenes.

    A disc that turns without friction moves as one that does not: its spin does not act.
    """
    rubbing = _rubbing(scene)
    acting = {"friction": bool(rubbing.any()), "spin": bool((rubbing | _catching(scene))[_turning(scene)].any())}
    return [name for name, there in acting.items() if there]


def _rubbing(scene: Scene) -> Tensor:
    """Which objects rub on what they may touch [N]."""
    rough = (scene.friction > 0) & (scene.shape != POINT)
    source, target = scene.edge_index[:, scene.edge_kind == PAIR]
    rubbed = torch.zeros(scene.num_bodies, dtype=torch.bool)
    rubbed[target[rough[source]]] = True
    return rough & rubbed


def _catching(scene: Scene) -> Tensor:
    """Which objects turn where they are hit, or held away from their centres [N]."""
    held = torch.zeros(scene.num_bodies, dtype=torch.bool)
    held[scene.edge_index[1, (scene.edge_anchor[:, 2:] != 0).any(dim=1)]] = True
    return held | (scene.shape == POLYGON) | (scene.shape == SEGMENT)


def _turning(scene: Scene) -> Tensor:
    """Which objects can turn [N]."""
    return (scene.inverse_mass > 0) & torch.isfinite(scene.moment)
