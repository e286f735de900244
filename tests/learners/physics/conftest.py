from __future__ import annotations

from pathlib import Path

import pytest
import torch

from physim.engines.learned import LearnedEngine, Terms
from physim.graph import ModuleGraph
from physim.interaction import interaction_network, mlp
from physim.scenes.scene import Scene
from physim.scenes.trajectory import Trajectory
from physim.engines.rollout import rollout
from worlds import NBody


def learned(graph: ModuleGraph, bodies: int | None = None) -> LearnedEngine:
    terms = Terms(1e-3, "new_velocity", ("mass",), ("point",), ("pair",), {}, bodies)
    return LearnedEngine(graph, terms)
