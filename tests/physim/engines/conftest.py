"""Weights that are laws: graphs whose free motion is known, for what hybrids add to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from physim.engines.learned import LearnedEngine, Terms
from physim.interaction import interaction_network
from physim.relation_models import Drift

SHAPES = ("point", "circle", "segment")


def _falling(dt: float = 1 / 60, relations: tuple[str, ...] = ("pairs",), **terms: object) -> LearnedEngine:
    """Free motion is the scene's gravity and nothing else; what passes along relations is nothing."""
    graph = interaction_network(relations=relations, external=True).double()
    with torch.no_grad():
        for parameter in graph.parameters():
            parameter.zero_()
        drift = next(module for module in graph.modules() if isinstance(module, Drift))
        drift.line.weight.copy_(dt * torch.eye(2))
    fields = {"shape_kinds": SHAPES, "relation_kinds": ("pair", *(name[:-1] for name in relations[1:])), **terms}
    return LearnedEngine(graph, Terms(dt, 0.0, ("mass",), provenance={}, **fields))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def falling() -> Callable[..., LearnedEngine]:
    """Makes a learned engine of free fall."""
    return _falling
