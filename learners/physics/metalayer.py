"""The interaction network as a user of torch-geometric's `MetaLayer` writes it: the peer that ours is timed against."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch_geometric.nn import MetaLayer
from torch_geometric.utils import scatter

from physim.geometry import SMALLEST
from physim.graph import ModuleGraph
from physim.normalisers import Normaliser
from physim.relation_models import SymmetricMessage
from physim.scenes.scene import Scene


class EdgeModel(nn.Module):
    """A message [E, 2] for every directed edge, from both ends' position and traits [E, 2 + F]."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, normal: Normaliser, message: SymmetricMessage) -> None:
        super().__init__()
        self.register_buffer("mean", normal.centre.clone())
        self.register_buffer("deviation", normal.scale.clone())
        layers = (nn.ReLU() if isinstance(layer, nn.ReLU) else copy.deepcopy(layer) for layer in message.bend)
        self.mlp = nn.Sequential(*layers)
        self.skip = copy.deepcopy(message.line)

    def forward(
        self, src: Tensor, dest: Tensor, edge_attr: Tensor | None, u: Tensor | None, batch: Tensor | None
    ) -> Tensor:
        apart = dest[:, :2] - src[:, :2]
        distance = apart.norm(dim=1, keepdim=True).clamp(min=SMALLEST)
        along = apart / distance
        across = torch.stack([-along[:, 1], along[:, 0]], dim=1)
        geometry = (torch.cat([distance.log(), distance], dim=1) - self.mean) / self.deviation
        features = torch.cat([src[:, 2:] + dest[:, 2:], src[:, 2:] * dest[:, 2:], geometry], dim=1)
        size, first, second = (self.mlp(features) + self.skip(features)).split(1, dim=1)
        return size.clamp(-40, 20).exp() * (first * along + second * across)


class NodeModel(nn.Module):
    """The change of velocity [N, 2] from the messages that arrive; `u` carries the inverse masses [N, 1]."""

    log_scale: Tensor

    def __init__(self, log_scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("log_scale", log_scale.clone())

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor, u: Tensor, batch: Tensor | None) -> Tensor:
        impulse = scatter(edge_attr, edge_index[1], dim=0, dim_size=len(x), reduce="sum")
        return impulse * u * self.log_scale.exp()


@final
class MetaLayerNetwork(nn.Module):
    """`interaction_network` for points, with the weights of a graph, on directed edges and in one kind of number.

    Shapes: pos [N, 2], columns [N, C], inverse_mass [N, 1], edges [2, E] in both directions -> velocity change [N, 2].
    """

    def __init__(self, graph: ModuleGraph) -> None:
        super().__init__()
        message = graph.get_submodule("pairs_model")
        assert isinstance(message, SymmetricMessage)
        self.traits = copy.deepcopy(graph.get_submodule("traits"))
        normal = graph.get_submodule("pairs_geometry.normal")
        assert isinstance(normal, Normaliser)
        edge_model = EdgeModel(normal, message)
        self.layer = MetaLayer(edge_model, NodeModel(graph.get_buffer("motion.log_scale")))

    def forward(self, pos: Tensor, columns: Tensor, inverse_mass: Tensor, edges: Tensor) -> Tensor:
        objects = torch.cat([pos, self.traits(columns, inverse_mass)], dim=1)
        change: Tensor = self.layer(objects, edges, u=inverse_mass)[0]
        return change


def metalayer_inputs(scene: Scene, columns: Sequence[str], dtype: torch.dtype) -> tuple[Tensor, ...]:
    """What a `MetaLayerNetwork` reads from a scene or a batch of scenes: pairs stand in both directions."""
    attributes = torch.stack([scene[column] for column in columns], dim=1)
    floats = (value.to(dtype) for value in (scene.pos, attributes, scene.inverse_mass[:, None]))
    return *floats, scene.edge_index[:, scene.edge_kind == 0]
