"""States of systems as graphs, where they come from and where they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physim.lazy import on_first_use

if TYPE_CHECKING:
    from physim.scenes.edges import all_pairs as all_pairs
    from physim.scenes.edges import nearest_edges as nearest_edges
    from physim.scenes.edges import radius_edges as radius_edges
    from physim.scenes.edges import undirected as undirected
    from physim.scenes.editing import with_body as with_body
    from physim.scenes.editing import without as without
    from physim.scenes.files import load_trajectory as load_trajectory
    from physim.scenes.files import save_trajectory as save_trajectory
    from physim.scenes.forces import Gravity as Gravity
    from physim.scenes.forces import PairForce as PairForce
    from physim.scenes.forces import ProductForce as ProductForce
    from physim.scenes.forces import ScreenedCharge as ScreenedCharge
    from physim.scenes.forces import Transverse as Transverse
    from physim.scenes.scene import Scene as Scene
    from physim.scenes.scene import scenes_of as scenes_of
    from physim.scenes.space_reading import scene_of as scene_of
    from physim.scenes.spaces import space_of as space_of
    from physim.scenes.trajectory import Trajectory as Trajectory

_HOMES = {
    "Gravity": "physim.scenes.forces",
    "PairForce": "physim.scenes.forces",
    "ProductForce": "physim.scenes.forces",
    "Scene": "physim.scenes.scene",
    "ScreenedCharge": "physim.scenes.forces",
    "Trajectory": "physim.scenes.trajectory",
    "Transverse": "physim.scenes.forces",
    "all_pairs": "physim.scenes.edges",
    "load_trajectory": "physim.scenes.files",
    "nearest_edges": "physim.scenes.edges",
    "radius_edges": "physim.scenes.edges",
    "save_trajectory": "physim.scenes.files",
    "scene_of": "physim.scenes.space_reading",
    "scenes_of": "physim.scenes.scene",
    "space_of": "physim.scenes.spaces",
    "undirected": "physim.scenes.edges",
    "with_body": "physim.scenes.editing",
    "without": "physim.scenes.editing",
}
__all__ = list(_HOMES)
__getattr__ = on_first_use(__name__, _HOMES)
