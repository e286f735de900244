"""The state of a system at one instant, as a graph."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from physim.errors import PhysimError
from physim.scenes.edges import all_pairs, among
from physim.scenes.frames import placed, rotated

SHAPE_KINDS = ("point", "circle", "segment", "polygon")
BODY_TYPES = ("dynamic", "kinematic", "static")
RELATION_KINDS = ("pair", "spring", "pin", "pivot", "slide")
RELATION_COLUMNS = ("rest_length", "stiffness", "damping", "max_length")
SOLVER_FIELDS = ("iterations", "collision_slop", "collision_bias", "collision_persistence")
SOLVER_DEFAULTS = (10.0, 0.10000000149011612, 0.0017970074436457143, 3.0)  # pymunk's own
DYNAMIC, KINEMATIC, STATIC = range(len(BODY_TYPES))
POINT, CIRCLE, SEGMENT, POLYGON = range(len(SHAPE_KINDS))
PAIR, SPRING, PIN, PIVOT, SLIDE = range(len(RELATION_KINDS))

STATE_FIELDS = ("pos", "vel", "angle", "angular_velocity")
SHAPE_FIELDS = ("shape", "radius", "extent", "elasticity", "friction", "group")
OBJECT_FIELDS = (*STATE_FIELDS, "mass", "moment", "body_type", *SHAPE_FIELDS)
CORNER_FIELDS = ("corner", "corner_index")
RELATION_FIELDS = ("edge_index", "edge_kind", "edge_attr", "edge_anchor")
SCENE_FIELDS = ("gravity", "damping", "dt", "solver")
INDEX_FIELDS = ("edge_index", "corner_index")
"""What counts objects, and is counted on in a batch."""
_TAKEN = ("batch", "ptr", "num_nodes", "objects", "corners", "relations")
"""What batches and files call their own counts: no names for columns."""
_NOT_OF_OBJECTS = {"batch", "ptr", *CORNER_FIELDS, *RELATION_FIELDS, *SCENE_FIELDS}
_NOT_COLUMNS = {"pos", "vel", "body_type", "shape", "extent", "group", *_NOT_OF_OBJECTS}
_OBJECT_DEFAULTS: dict[str, tuple[tuple[int, ...], float]] = {
    "angle": ((), 0.0),
    "angular_velocity": ((), 0.0),
    "moment": ((), torch.inf),
    "body_type": ((), DYNAMIC),
    "shape": ((), POINT),
    "radius": ((), 0.0),
    "extent": ((2,), 0.0),
    "elasticity": ((), 0.0),
    "friction": ((), 0.0),
    "group": ((), 0),
}
_SCENE_DEFAULTS = {"gravity": [[0.0, 0.0]], "damping": [1.0], "dt": [torch.nan], "solver": [SOLVER_DEFAULTS]}


class Scene(Data):  # type: ignore[misc]
    """Objects are nodes, relations are edges; float64 unless said, batched by `Scene.batch_of`.

    Per object: pos, vel, extent [N, 2] (extent: half of b - a of a segment, in the world frame at angle 0; else 0);
    angle, angular_velocity, mass (0 unless dynamic), moment (of inertia; infinite where a body cannot turn), radius (of
    a circle, or by which segments and polygons are thicker and rounder all round), elasticity, friction [N]; body_type
    and shape [N] int64 (places in BODY_TYPES and SHAPE_KINDS); group [N] int64 (shapes of one group other than 0 pass
    through each other); further float columns [N] at will, such as charge.
    Per corner of the polygons, which are convex: corner [C, 2] (m, in the frame of its body, counter-clockwise),
    corner_index [C] int64 (its object; those of one object stand in a row). Boxes are polygons of four corners.
    Per relation: edge_index [2, E] int64 (source, target), edge_kind [E] int64 (RELATION_KINDS), edge_attr [E, 4]
    (RELATION_COLUMNS; a pin's rest_length is its distance, a slide's the least and max_length the most that it allows),
    edge_anchor [E, 4] (where a spring, pin, pivot or slide holds its source and its target, x and y in their bodies'
    frames, in m). All but pairs stand there twice in a row, there and back. Shapes of which no pair is there, and that
    a joint connects, pass through each other: pymunk's collide_bodies.
    Per scene: gravity [1, 2], damping [1] (pymunk's: 1 is none), dt [1] (nan where unknown), solver [1, 4]
    (SOLVER_FIELDS).
    """

    @classmethod
    def of(cls, pos: Tensor, vel: Tensor, mass: Tensor, **fields: Tensor) -> Self:
        """Make a scene of dynamic points related in all pairs; `fields` set or add anything else.

        Shapes: pos, vel [N, 2], mass [N].
        Raises: PhysimError where a per-object field does not count as many objects as pos, one per corner or relation
        has another shape than its like, a column's name is taken, or a static body has a velocity (pymunk does not
        move it, but rubs it along what touches it; a body that moves by itself is kinematic).
        """
        count = pos.shape[0]
        values = {"pos": pos, "vel": vel, "mass": mass, **fields}
        for name, (width, value) in _OBJECT_DEFAULTS.items():
            if name not in values:
                values[name] = torch.full((count, *width), value, dtype=_dtype(value))
        for name, row in _SCENE_DEFAULTS.items():
            if name not in values:
                values[name] = torch.tensor(row, dtype=torch.float64)
        if "edge_index" not in values:
            values["edge_index"] = all_pairs([count])
        values = _ragged_defaults(values["edge_index"].shape[1]) | values
        _check_ragged(values)
        _check_names(fields)
        for name, column in values.items():
            if name not in _NOT_OF_OBJECTS and column.shape[0] != count:
                raise PhysimError(
                    f"{name} has {column.shape[0]} rows, wanted one for each of the {count} objects of pos"
                )
        _check_static(values)
        return cls(**{name: _typed(column) for name, column in values.items()})

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> int:
        """By how much a batch counts on: torch-geometric would for every name with `index` or `batch` in it."""
        return self.num_bodies if key in INDEX_FIELDS else 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> int:
        """Along which axis a batch joins a field."""
        return 1 if key == "edge_index" else 0

    @staticmethod
    def batch_of(scenes: Sequence[Scene]) -> Scene:
        """Put scenes side by side as one graph, with `batch` [N] and `ptr` [B + 1]."""
        if not scenes:
            raise PhysimError("a batch needs at least one scene, got none")
        columns = scenes[0].columns
        for number, scene in enumerate(scenes):
            if scene.columns != columns:
                raise PhysimError(f"scene {number} has the columns {scene.columns}, wanted {columns} as in scene 0")
        batch: Scene = Batch.from_data_list(list(scenes))
        return batch

    @property
    def num_bodies(self) -> int:
        """How many objects there are, in all scenes of a batch together."""
        return len(self.pos)

    @property
    def counts(self) -> Tensor:
        """The number of objects of each scene [B]."""
        return self.ptr.diff() if "ptr" in self else torch.tensor([self.num_bodies])

    @property
    def owners(self) -> Tensor:
        """The number of the scene that each object belongs to [N]."""
        counts = self.counts
        return torch.repeat_interleave(torch.arange(len(counts)), counts)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all per-object float columns [N], sorted."""
        return tuple(sorted(str(name) for name in self.keys() if name not in _NOT_COLUMNS))

    @property
    def object_fields(self) -> tuple[str, ...]:
        """The names of all per-object fields [N, ...], sorted."""
        return tuple(sorted(str(name) for name in self.keys() if name not in _NOT_OF_OBJECTS))

    @property
    def inverse_mass(self) -> Tensor:
        """1 / mass of dynamic objects, 0 of all others [N]."""
        dynamic = self.body_type == DYNAMIC
        return torch.where(dynamic, 1 / torch.where(dynamic, self.mass, 1.0), 0.0)

    @property
    def relation_kinds(self) -> tuple[str, ...]:
        """The kinds of relations that there are (of RELATION_KINDS), in their order."""
        return tuple(RELATION_KINDS[kind] for kind in torch.bincount(self.edge_kind).nonzero().ravel().tolist())

    @property
    def inverse_moment(self) -> Tensor:
        """1 / moment of dynamic objects that can turn, 0 of all others [N]."""
        dynamic = self.body_type == DYNAMIC
        return torch.where(dynamic, 1 / torch.where(dynamic, self.moment, 1.0), 0.0)

    @property
    def gyration(self) -> Tensor:
        """The radius of gyration of dynamic objects that can turn, in metres, 0 of all others [N]."""
        turns = self.inverse_moment > 0
        return torch.where(turns, self.moment * self.inverse_mass, 0.0).sqrt()

    @property
    def apart(self) -> Tensor:
        """The two ends of springs and joints that are no pair: their shapes pass through each other [2, A]."""
        pairs = self.edge_kind == PAIR
        links = self.edge_index[:, ~pairs]
        if not links.shape[1]:
            return links
        return links[:, ~among(links, self.edge_index[:, pairs], self.num_bodies)]

    def related(self, chosen: Tensor) -> Scene:
        """The same scene with only some of its relations.

        Shapes: chosen [E] bool.
        """
        if chosen.all():
            return self
        columns = {name: self[name][chosen] for name in RELATION_FIELDS if name != "edge_index"}
        return self.moved(edge_index=self.edge_index[:, chosen], **columns)

    def half_extents(self, angle: Tensor) -> Tensor:
        """Half of b - a of each segment at angles [..., N]; 0 for all other objects.

        Shapes: [..., N, 2].
        """
        return rotated(self.extent, angle)

    def corners_at(self, pos: Tensor, angle: Tensor) -> Tensor:
        """Where the corners of the polygons are when the objects are there, in metres; without the polygons' radius.

        Shapes: pos [..., N, 2], angle [..., N] -> [..., C, 2].
        """
        return placed(self.corner, self.corner_index, pos, angle)

    def held_at(self, chosen: Tensor, pos: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
        """Where some of the relations hold their source and their target when the objects are there, in metres.

        Shapes: chosen [E] bool, K of them true; pos [..., N, 2], angle [..., N] -> [..., K, 2] each.
        """
        (source, target), anchor = self.edge_index[:, chosen], self.edge_anchor[chosen]
        return placed(anchor[:, :2], source, pos, angle), placed(anchor[:, 2:], target, pos, angle)

    def moved(self, **state: Tensor) -> Self:
        """The same scene in a new state (pos, vel, ...); everything else is shared."""
        scene = copy.copy(self)
        for name, value in state.items():
            scene[name] = value
        return scene


def scenes_of(scene: Scene) -> list[Scene]:
    """Take a batch apart; a single scene is a list of one."""
    parts: list[Scene] = scene.to_data_list() if isinstance(scene, Batch) else [scene]
    return parts


def _ragged_defaults(relations: int) -> dict[str, Tensor]:
    """No corners, and relations that are pairs."""
    return {
        "corner": torch.zeros(0, 2, dtype=torch.float64),
        "corner_index": torch.zeros(0, dtype=torch.int64),
        "edge_kind": torch.full((relations,), PAIR),
        "edge_attr": torch.zeros(1, len(RELATION_COLUMNS), dtype=torch.float64).expand(relations, -1),
        "edge_anchor": torch.zeros(1, 4, dtype=torch.float64).expand(relations, -1),
    }


def _check_ragged(values: dict[str, Tensor]) -> None:
    relations = values["edge_index"].shape[1]
    wanted = {
        "corner": (len(values["corner_index"]), 2),
        "edge_kind": (relations,),
        "edge_attr": (relations, len(RELATION_COLUMNS)),
        "edge_anchor": (relations, 4),
    }
    for name, shape in wanted.items():
        if tuple(values[name].shape) != shape:
            raise PhysimError(f"{name} has shape {tuple(values[name].shape)}, wanted {shape}")


def _check_names(fields: dict[str, Tensor]) -> None:
    for name in _TAKEN:
        if name in fields:
            raise PhysimError(f"a scene has no column '{name}', which batches and files count by: rename it")


def _check_static(values: dict[str, Tensor]) -> None:
    static = values["body_type"] == STATIC
    for name, width in (("vel", 2), ("angular_velocity", 1)):
        moving = static & (values[name].reshape(-1, width) != 0).any(dim=1)
        if bool(moving.any()):
            number = int(moving.nonzero()[0])
            raise PhysimError(
                f"{name} of object {number}, which is static, is {values[name][number].tolist()}, wanted 0: "
                "a body that moves by itself is kinematic"
            )


def _dtype(value: float) -> torch.dtype:
    return torch.int64 if isinstance(value, int) else torch.float64


def _typed(value: Tensor) -> Tensor:
    return value if value.dtype == torch.int64 else value.to(torch.float64)
