from __future__ import annotations

import torch

from learners.physics.metalayer import MetaLayerNetwork, metalayer_inputs
from physim.graph import ModuleGraph
from physim.interaction import interaction_network
from physim.normalisers import measuring
from physim.scene_inputs import graph_inputs
from physim.scenes.scene import Scene
from worlds import NBody


def network() -> ModuleGraph:
    """Our network in float64, with normalisers that have seen scenes."""
    graph = interaction_network().double()
    with measuring(graph):
        graph(graph_inputs(graph, Scene.batch_of(NBody().scenes(1, 30)), ["mass"]))
    return graph


def test_the_peer_gives_what_ours_gives() -> None:
    graph = network()
    scenes = Scene.batch_of([NBody(bodies=bodies).scene(seed) for seed, bodies in enumerate((3, 6, 12))])
    ours = graph(graph_inputs(graph, scenes, ["mass"]))
    theirs = MetaLayerNetwork(graph)(*metalayer_inputs(scenes, ["mass"], torch.float64))
    torch.testing.assert_close(theirs, ours, rtol=1e-10, atol=1e-10)


def test_the_peer_learns_the_same() -> None:
    graph = network()
    peer, scenes = MetaLayerNetwork(graph), Scene.batch_of(NBody().scenes(2, 4))
    graph(graph_inputs(graph, scenes, ["mass"])).square().mean().backward()
    peer(*metalayer_inputs(scenes, ["mass"], torch.float64)).square().mean().backward()
    ours = sorted(float(parameter.grad.norm()) for parameter in graph.parameters())
    theirs = sorted(float(parameter.grad.norm()) for parameter in peer.parameters())
    torch.testing.assert_close(torch.tensor(theirs), torch.tensor(ours), rtol=1e-9, atol=1e-12)
