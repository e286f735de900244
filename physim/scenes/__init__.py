from __future__ import annotations

from physim.scenes.edges import all_pairs, nearest_edges, radius_edges, undirected
from physim.scenes.editing import with_body, without
from physim.scenes.files import load_trajectory, save_trajectory
from physim.scenes.forces import Gravity, PairForce, ProductForce, ScreenedCharge, Transverse
from physim.scenes.scene import Scene, scenes_of
from physim.scenes.space_reading import scene_of
from physim.scenes.spaces import space_of
from physim.scenes.trajectory import Trajectory

__all__ = [
    "Gravity",
    "PairForce",
    "ProductForce",
    "Scene",
    "ScreenedCharge",
    "Trajectory",
    "Transverse",
    "all_pairs",
    "load_trajectory",
    "nearest_edges",
    "radius_edges",
    "save_trajectory",
    "scene_of",
    "scenes_of",
    "space_of",
    "undirected",
    "with_body",
    "without",
]
