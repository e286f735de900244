"""What a graph for an engine reads of a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.geometry import Contact
from physim.graph import Edges, ModuleGraph
from physim.scenes.scene import PAIR, PIN, POINT, RELATION_KINDS, SPRING, Scene

Inputs = dict[str, Tensor | Edges]
KINDS = {"pairs": PAIR, "contacts": PAIR, "relations": PAIR, "springs": SPRING, "pins": PIN}
"""The sets of relations that a graph may read, and the kind of the scene's relations that they are made of."""
BODY = ("pos", "vel", "extent", "radius")


def precision(graph: torch.nn.Module) -> torch.dtype:
    """The kind of number that a graph computes with: that of its parameters."""
    return next((parameter.dtype for parameter in graph.parameters()), torch.float32)


def kinds_read(graph: ModuleGraph) -> tuple[str, ...]:
    """The kinds of a scene's relations that a graph knows; pairs are always among them: they need not act.

    Raises: PhysimError where the graph reads relations that no scene has.
    """
    for name in graph.relation_names:
        if name not in KINDS:
            raise PhysimError(f"a scene has no relations '{name}' for this graph: wanted some of {', '.join(KINDS)}")
    return tuple(RELATION_KINDS[kind] for kind in sorted({PAIR, *(KINDS[name] for name in graph.relation_names)}))


def graph_inputs(graph: ModuleGraph, scene: Scene, columns: Sequence[str]) -> Inputs:
    """What a graph for an engine reads, from a scene or a batch of scenes.

    Shapes: pos, vel [N, 2] float64, the rest in the graph's own precision: columns [N, C], inverse_mass [N, 1], extent
    [N, 2], radius [N, 1], external [N, 2] (gravity); relations "relations" both ways, all others once: "pairs",
    "contacts" (pairs of shapes), "springs" and "pins" with their attributes [E, 3].
    Raises: PhysimError where a column is missing, the graph reads what a scene does not have, or something in the scene
    acts on its bodies that the graph does not read.
    """
    _check_all_is_read(graph, scene)
    inputs: Inputs = {}
    dtype = precision(graph)
    for name in graph.inputs:
        field = _field(name, scene, columns)
        inputs[name] = field if name in ("pos", "vel") else field.to(dtype)
    for name in graph.relation_names:
        inputs[name] = _relations(name, scene, dtype)
    return inputs


def near(graph: ModuleGraph, inputs: Mapping[str, Tensor | Edges]) -> Inputs:
    """The same inputs without the contacts that are too far apart to matter in this step."""
    given = dict(inputs)
    contacts = given.get("contacts")
    if isinstance(contacts, Edges):
        geometry = graph.get_submodule("contacts_geometry_1")
        assert isinstance(geometry, Contact)
        body = torch.cat([given[name] for name in BODY], dim=1)  # type: ignore[misc]
        sender, receiver = contacts.index
        given["contacts"] = Edges(contacts.index[:, geometry.near(body[sender], body[receiver])])
    return given


def _relations(name: str, scene: Scene, dtype: torch.dtype) -> Edges:
    index, chosen = scene.edge_index, scene.edge_kind == KINDS[name]
    moves = scene.inverse_mass > 0
    chosen = chosen & (moves[index[0]] | moves[index[1]])
    if name == "relations":
        return Edges(index[:, chosen])
    chosen = chosen & (index[0] < index[1])
    if name == "contacts":
        solid = scene.shape != POINT
        chosen = chosen & solid[index[0]] & solid[index[1]]
    linked = KINDS[name] != PAIR
    return Edges(index[:, chosen], scene.edge_attr[chosen].to(dtype) if linked else None)


def _check_all_is_read(graph: ModuleGraph, scene: Scene) -> None:
    known = kinds_read(graph)
    kinds = {RELATION_KINDS[number] for number in scene.edge_kind.unique().tolist()} - set(known)
    if kinds:
        raise PhysimError(f"edge_kind: this graph reads relations {list(known)}, got {sorted(kinds)} too")
    if "external" not in graph.inputs and bool((scene.gravity != 0).any() or (scene.damping != 1).any()):
        raise PhysimError(
            f"gravity: a graph without the input 'external' wants gravity 0 and damping 1, "
            f"got {scene.gravity.unique(dim=0).tolist()} and {scene.damping.unique().tolist()}"
        )
    if len(scene.damping.unique()) > 1:
        raise PhysimError(f"damping: a graph wants the same in all scenes, got {scene.damping.unique().tolist()}")
    if "extent" in graph.inputs and bool(((scene.extent != 0).any(-1) & (scene.angular_velocity != 0)).any()):
        raise PhysimError("angular_velocity: a graph takes segments for ones that do not turn, got some that do")


def _field(name: str, scene: Scene, columns: Sequence[str]) -> Tensor:
    if name in ("pos", "vel"):
        field: Tensor = scene[name]
        return field
    if name == "columns":
        missing = [column for column in columns if column not in scene]
        if missing:
            raise PhysimError(f"the scene lacks the columns {missing} that the weights read; it has {scene.columns}")
        return torch.stack([scene[column] for column in columns], dim=-1)
    if name == "inverse_mass":
        return scene.inverse_mass[:, None]
    if name == "radius":
        return scene.radius[:, None]
    if name == "extent":
        cos, sin = scene.angle.cos(), scene.angle.sin()
        along, up = scene.extent.unbind(-1)
        return torch.stack([cos * along - sin * up, sin * along + cos * up], dim=-1)
    if name == "external":
        batch = scene.batch if "batch" in scene else torch.zeros(len(scene.pos), dtype=torch.int64)
        return scene.gravity[batch]
    raise PhysimError(f"a scene has no field '{name}' for this graph")
