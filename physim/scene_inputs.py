"""What a graph for an engine reads of a scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from physim import contact_points
from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph
from physim.manifold import Hulls
from physim.scenes.scene import (
    CIRCLE,
    DYNAMIC,
    PAIR,
    PIN,
    POINT,
    POLYGON,
    RELATION_COLUMNS,
    RELATION_KINDS,
    SEGMENT,
    SHAPE_KINDS,
    SPRING,
    Scene,
)

Inputs = dict[str, Tensor | Edges]
_ONCE = {
    "pairs": (PAIR,),
    "contacts": (PAIR,),
    "points": (PAIR,),
    "springs": (SPRING,),
    "pins": (PIN,),
    "joints": tuple(range(SPRING, len(RELATION_KINDS))),
}
MOTION = ("pos", "vel", "angle", "angular_velocity")
"""What changes from step to step; kept in float64."""
KINDS_READ = RELATION_KINDS[: PIN + 1]
"""The kinds of relations that graphs can read."""
COLUMNS_READ = RELATION_COLUMNS[:3]
"""What graphs read of springs and pins."""
_DIRECTED = ((PAIR,), (PAIR, SPRING), (PAIR, PIN), (PAIR, SPRING, PIN))


def both_ways(name: str) -> str:
    """What the set of relations `name` is called for a graph that reads each of them in both directions."""
    return f"{name}_both_ways"


def directed(kinds: Sequence[str]) -> str:
    """What relations of some of KINDS_READ are called together, in both directions and with all attributes."""
    return "_".join(("directed", *kinds))


KINDS = {
    "relations": (PAIR,),
    **_ONCE,
    **{both_ways(name): kinds for name, kinds in _ONCE.items()},
    **{directed([KINDS_READ[kind] for kind in kinds]): kinds for kinds in _DIRECTED},
}
"""The sets of relations that a graph may read, and the kinds of the scene's relations that they are made of."""
ATTRIBUTES = len(KINDS_READ) + 1 + len(COLUMNS_READ)
"""How many attributes directed relations have: flags of their kind, restitution, and those of springs and pins."""
OUTLINE = 4
"""How many numbers say what shape a body has."""
_SHAPES = {"extent", "outline"}
EXACT = {*MOTION, "corner", "corner_count"}
"""What graphs get as it is, whatever they compute with."""
FOUND_FROM = {"points": contact_points.BODY, "joints": ("pos", "angle")}
"""What the relations that are found anew in every step are found from."""


def precision(graph: torch.nn.Module) -> torch.dtype:
    """The kind of number that a graph computes with: that of its parameters."""
    return next((parameter.dtype for parameter in graph.parameters()), torch.float32)


def kinds_read(graph: ModuleGraph) -> tuple[str, ...]:
    """The kinds of a scene's relations that a graph knows; pairs are always among them: they need not act.

    A graph without any relations, such as a baseline, takes scenes with all kinds.

    Raises: PhysimError where the graph reads relations that no scene has.
    """
    for name in graph.relation_names:
        if name not in KINDS:
            raise PhysimError(f"a scene has no relations '{name}' for this graph: wanted some of {', '.join(KINDS)}")
    if not graph.relation_names:
        return RELATION_KINDS
    known = {kind for name in graph.relation_names for kind in KINDS[name]}
    return tuple(RELATION_KINDS[kind] for kind in sorted({PAIR, *known}))


def graph_inputs(graph: ModuleGraph, scene: Scene, columns: Sequence[str]) -> Inputs:
    """What a graph for an engine reads, from a scene or a batch of scenes.

    Shapes: pos, vel [N, 2] float64, the rest in the graph's own precision: columns [N, C], inverse_mass [N, 1], extent
    [N, 2], radius [N, 1], elasticity [N, 1], outline [N, 4] (whether circle, whether segment, half width and height),
    external [N, 2] (gravity). Relations once each: "pairs", "contacts" (pairs of shapes), "springs" and "pins" with
    their attributes [E, 3] (COLUMNS_READ); both ways: "relations" (pairs), what `both_ways` names, and what `directed`
    names with attributes [E, 7] (flags of KINDS_READ, restitution of pairs, COLUMNS_READ).
    Raises: PhysimError where a column is missing, the graph reads what a scene does not have, or something in the scene
    acts on its bodies that the graph does not read.
    """
    _check_all_is_read(graph, scene)
    inputs: Inputs = {}
    dtype = precision(graph)
    for name in fields_read(graph):
        field = _field(name, scene, columns)
        inputs[name] = field if name in EXACT else field.to(dtype)
    for name in graph.relation_names:
        inputs[name] = _relations(name, scene, dtype)
    return inputs


def read_by(graph: ModuleGraph, inputs: Inputs) -> Inputs:
    """Of all that is known the part that a graph reads, relations in its precision."""
    given: Inputs = {name: inputs[name] for name in graph.inputs}
    for name in graph.relation_names:
        edges = inputs[name]
        assert isinstance(edges, Edges)
        attributes = None if edges.attributes is None else edges.attributes.to(precision(graph))
        given[name] = Edges(edges.index, attributes)
    return given


def fields_read(graph: ModuleGraph) -> tuple[str, ...]:
    """The fields of objects that a graph reads, and those that its contact points and joints are found from."""
    found = [name for relations, names in FOUND_FROM.items() if relations in graph.relation_names for name in names]
    return tuple(dict.fromkeys((*graph.inputs, *found)))


def _relations(name: str, scene: Scene, dtype: torch.dtype) -> Edges:
    index, chosen = scene.edge_index, torch.isin(scene.edge_kind, torch.tensor(KINDS[name]))
    moves = scene.inverse_mass > 0
    chosen = chosen & (moves[index[0]] | moves[index[1]])
    if name == "relations":
        return Edges(index[:, chosen])
    if name.startswith("directed"):
        return Edges(index[:, chosen], _attributes(scene, chosen).to(dtype))
    if name in _ONCE:
        chosen = chosen & (index[0] < index[1])
    if name.startswith("contacts") or name == "points":
        solid = scene.shape != POINT
        chosen = chosen & solid[index[0]] & solid[index[1]]
    if name == "joints":
        return Edges(index[:, chosen], _joint_columns(scene, chosen))
    linked = KINDS[name] != (PAIR,)
    return Edges(index[:, chosen], _columns_read(scene)[chosen].to(dtype) if linked else None)


def _joint_columns(scene: Scene, chosen: Tensor) -> Tensor:
    """What `joint_points` reads of chosen relations [E, 12]."""
    flags = torch.nn.functional.one_hot(scene.edge_kind[chosen], len(RELATION_KINDS))[:, SPRING:]
    return torch.cat([flags, scene.edge_attr[chosen], scene.edge_anchor[chosen]], dim=1)


def _attributes(scene: Scene, chosen: Tensor) -> Tensor:
    """All attributes of chosen relations [E, 7]; the restitution of a pair is the product of its elasticities."""
    (sender, receiver), kind = scene.edge_index[:, chosen], scene.edge_kind[chosen]
    restitution = scene.elasticity[sender] * scene.elasticity[receiver] * (kind == PAIR)
    flags = torch.nn.functional.one_hot(kind, len(KINDS_READ))
    return torch.cat([flags, restitution[:, None], _columns_read(scene)[chosen]], dim=1)


def _columns_read(scene: Scene) -> Tensor:
    return scene.edge_attr[:, : len(COLUMNS_READ)]


def _check_all_is_read(graph: ModuleGraph, scene: Scene) -> None:
    known = kinds_read(graph)
    kinds = set(scene.relation_kinds) - set(known)
    if kinds:
        raise PhysimError(f"edge_kind: this graph reads relations {list(known)}, got {sorted(kinds)} too")
    _check_bodies(graph, scene)
    if "external" not in graph.inputs and bool((scene.gravity != 0).any() or (scene.damping != 1).any()):
        raise PhysimError(
            f"gravity: a graph without the input 'external' wants gravity 0 and damping 1, "
            f"got {scene.gravity.unique(dim=0).tolist()} and {scene.damping.unique().tolist()}"
        )
    if len(scene.damping.unique()) > 1:
        raise PhysimError(f"damping: a graph wants the same in all scenes, got {scene.damping.unique().tolist()}")
    long = (scene.extent != 0).any(-1)
    if _SHAPES & set(graph.inputs) and bool((long & (scene.angular_velocity != 0)).any()):
        raise PhysimError("angular_velocity: a graph takes segments for ones that do not turn, got some that do")
    if "extent" in graph.inputs and bool((long & (scene.body_type == DYNAMIC)).any()):
        raise PhysimError("body_type: a graph takes segments for walls, static or kinematic, got dynamic ones")


def _check_bodies(graph: ModuleGraph, scene: Scene) -> None:
    """Graphs without relations and shapes, such as a baseline, take bodies of any kind, however they are held."""
    if "points" in graph.relation_names or (not graph.relation_names and not _SHAPES & set(graph.inputs)):
        return
    if bool((scene.shape == POLYGON).any()):
        raise PhysimError(f"shape: this graph takes bodies for {list(SHAPE_KINDS[:POLYGON])}, got polygons too")
    if graph.relation_names and bool(scene.edge_anchor.any()):
        raise PhysimError(
            "edge_anchor: this graph takes relations to hold bodies at their centres, got some that hold them elsewhere"
        )


def _field(name: str, scene: Scene, columns: Sequence[str]) -> Tensor:
    if name == "columns":
        missing = [column for column in columns if column not in scene]
        if missing:
            raise PhysimError(f"the scene lacks the columns {missing} that the weights read; it has {scene.columns}")
        return torch.stack([scene[column] for column in columns], dim=-1)
    if name not in FIELDS:
        raise PhysimError(f"a scene has no field '{name}' for this graph")
    return FIELDS[name](scene)


def _extent(scene: Scene) -> Tensor:
    """Half of b - a of segments as they lie now [N, 2]."""
    return scene.half_extents(scene.angle)


def _outline(scene: Scene) -> Tensor:
    """Flags of circle and segment, half width and half height [N, 4]."""
    flags = torch.stack([scene.shape == CIRCLE, scene.shape == SEGMENT], dim=-1)
    return torch.cat([flags, _extent(scene).abs() + scene.radius[:, None]], dim=-1)


def _body(scene: Scene) -> Tensor:
    """Inverse mass and inverse moment of inertia of what can move, elasticity, friction [N, 4]."""
    return torch.stack([scene.inverse_mass, scene.inverse_moment, scene.elasticity, scene.friction], dim=-1)


FIELDS: dict[str, Callable[[Scene], Tensor]] = {
    "pos": lambda scene: scene.pos,
    "vel": lambda scene: scene.vel,
    "inverse_mass": lambda scene: scene.inverse_mass[:, None],
    "radius": lambda scene: scene.radius[:, None],
    "elasticity": lambda scene: scene.elasticity[:, None],
    "extent": _extent,
    "outline": _outline,
    "angle": lambda scene: scene.angle[:, None],
    "angular_velocity": lambda scene: scene.angular_velocity[:, None],
    "body": _body,
    "corner": lambda scene: Hulls.of(scene).corner,
    "corner_count": lambda scene: Hulls.of(scene).count,
    "external": lambda scene: scene.gravity[scene.owners],
}
"""What a graph may read of a scene by the name of its input, beside "columns"."""
