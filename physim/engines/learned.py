"""The learned engine: a trained graph in the place of the simulator's law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Self, final

import numpy as np
import torch
from torch import Tensor

from physim.contacts import ContactSearch, PointSearch, near, search_of
from physim.devices import device_named
from physim.engines.base import Engine, Floats
from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph, State, load_graph, save_graph
from physim.interaction import predicted
from physim.motion import TURNING, motion_after
from physim.scene_inputs import graph_inputs, read_by
from physim.scenes.scene import POINT, SHAPE_KINDS, STATE_FIELDS, Scene
from physim.scenes.space_reading import COLUMNS_OF_BODIES


@dataclass(frozen=True)
class Terms:
    """What a learned engine's numbers hold for; scenes that differ are refused.

    `position_rule` is the share of the new velocity in the one that moves positions, as in the truth: 1 is the new one,
    0 the old one; `bodies` is the one size of scenes that a network without symmetry fits; `damping` is the scenes';
    `steps` is how many steps the graph takes in a dt; `constant` are columns that had one value only in training, which
    the graph so knows nothing else of; `provenance` is shown, not enforced.
    """

    dt: float
    position_rule: float
    columns: tuple[str, ...]
    shape_kinds: tuple[str, ...]
    relation_kinds: tuple[str, ...]
    provenance: dict[str, Any]
    bodies: int | None = None
    damping: float = 1.0
    steps: int = 1
    constant: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (isinstance(self.position_rule, int | float) and 0 <= self.position_rule <= 1):
            raise PhysimError(f"position_rule: these weights say {self.position_rule!r}, wanted a number from 0 to 1")

    @property
    def step(self) -> float:
        """The seconds that pass in one step of the graph."""
        return self.dt / self.steps

    @classmethod
    def of(cls, metadata: dict[str, Any]) -> Self:
        """Read them back from JSON, where tuples are lists."""
        terms: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in metadata.items()}
        return cls(**terms)

    def check(self, scene: Scene) -> None:
        """Raise PhysimError where a scene does not fit."""
        for dt in scene.dt.tolist():
            if not math.isnan(dt) and not math.isclose(dt, self.dt, rel_tol=1e-9):
                raise PhysimError(
                    f"dt: these weights were trained for steps of {self.dt:g} s, the scene's are {dt:g} s"
                )
        if self.bodies is not None and set(scene.counts.tolist()) != {self.bodies}:
            raise PhysimError(
                f"bodies: these weights fit scenes of {self.bodies}, got {scene.counts.unique().tolist()}"
            )
        for damping in scene.damping.tolist():
            if not math.isclose(damping, self.damping, rel_tol=1e-9):
                raise PhysimError(
                    f"damping: these weights were trained with {self.damping:g}, the scene's is {damping:g}"
                )
        missing = [column for column in self.columns if column not in scene.columns]
        if missing:
            raise PhysimError(f"columns: these weights read {missing}, the scene has only {list(scene.columns)}")
        for column, value in self.constant.items():
            other = next((one for one in surfaces(scene, column).tolist() if not math.isclose(one, value)), value)
            if other != value:
                raise PhysimError(f"{column}: these weights were trained with {value:g} alone, the scene has {other:g}")
        shapes = {SHAPE_KINDS[number] for number in scene.shape.unique().tolist()}
        for name, known, found in (
            ("shape", self.shape_kinds, shapes),
            ("edge_kind", self.relation_kinds, set(scene.relation_kinds)),
        ):
            unknown = found - set(known)
            if unknown:
                raise PhysimError(f"{name}: these weights know {list(known)}, the scene has {sorted(unknown)} too")


def surfaces(scene: Scene, column: str) -> Tensor:
    """The different values of a column of a scene's bodies that matter: masses of what moves, surfaces of shapes."""
    matters = scene.inverse_mass > 0 if column == "mass" else scene.shape != POINT
    return scene[column][matters].unique()


@final
@dataclass(frozen=True)
class LearnedState:
    """A scene in motion under a learned engine, with the graph's memory and what it reads beside the motion.

    `motion` holds the STATE_FIELDS of the scene in float64 on the engine's device, angle and angular velocity [N, 1];
    `moves` [N, 1] is 1 but for the static and kinematic bodies, which keep their velocity; `contacts` finds those that
    matter where there are many.
    """

    start: Scene
    motion: dict[str, Tensor]
    inputs: dict[str, Tensor | Edges]
    memory: State
    contacts: ContactSearch | PointSearch | None

    @property
    def pos(self) -> Floats:
        """Positions."""
        return array(self.motion["pos"])

    @property
    def vel(self) -> Floats:
        """Velocities."""
        return array(self.motion["vel"])

    @property
    def angle(self) -> Floats:
        """Angles."""
        return array(self.motion["angle"][:, 0])

    @property
    def angular_velocity(self) -> Floats:
        """Angular velocities; as at the start where the graph does not turn bodies."""
        return array(self.motion["angular_velocity"][:, 0])

    @property
    def scene(self) -> Scene:
        """All of it as a scene."""
        return self.start.moved(**{name: torch.from_numpy(getattr(self, name).copy()) for name in STATE_FIELDS})


def motion_of(scene: Scene, device: torch.device) -> dict[str, Tensor]:
    """How the bodies of a scene move, in tensors of its own: pos, vel [N, 2], angle, angular_velocity [N, 1]."""
    motion = {name: scene[name].to(device, copy=True) for name in STATE_FIELDS}
    return motion | {name: motion[name][:, None] for name in TURNING}


def array(value: Tensor) -> Floats:
    """A tensor's numbers."""
    numbers: Floats = value.cpu().numpy()
    return numbers


@final
class LearnedEngine(Engine[LearnedState]):
    """Runs a trained graph freely, in float64 between steps, on one scene or a batch of scenes.

    It has no callbacks, sensors or bodies that come and go; where the graph does not turn bodies,
    they go on turning as they did at the start.
    """

    def __init__(self, graph: ModuleGraph, terms: Terms) -> None:
        predicted(graph)
        self.graph = graph.eval()
        self.terms = terms
        self.dt = terms.dt
        self.device = torch.device("cpu")
        self.columns = tuple(name for name in terms.columns if name not in COLUMNS_OF_BODIES)

    @classmethod
    def load(cls, weights: str | Path) -> Self:
        """Load weights that ship with physim, by name ('nbody'), or a file."""
        path = Path(weights)
        shipped = Path(str(resources.files("physim.weights"))) / f"{weights}.safetensors"
        if not path.suffix and not path.is_file():
            if not shipped.is_file():
                known = sorted(file.stem for file in shipped.parent.glob("*.safetensors"))
                if path.is_dir():
                    raise PhysimError(f"'{path}' is a folder, wanted a weights file or one of {known}")
                raise PhysimError(f"there are no weights '{weights}': neither a file nor one of {known}")
            path = shipped
        graph, metadata = load_graph(path)
        try:
            return cls(graph, Terms.of(metadata))
        except TypeError:
            raise PhysimError(f"'{path}' holds a graph, but no engine: its metadata is {sorted(metadata)}") from None

    def on(self, device: str) -> Self:
        """This engine, which computes on a device from now on; its states give numpy arrays as before.

        Raises: PhysimError where there is no such device, or the graph reads contact points, which only the CPU finds.
        """
        wanted = device_named(device)
        if wanted.type != "cpu" and "points" in self.graph.relation_names:
            raise PhysimError(f"device: this graph reads contact points, which are found on the cpu, got {device}")
        self.graph.to(wanted)
        self.device = wanted
        return self

    def save(self, path: Path | str) -> None:
        """Write weights, normalisers and terms to one safetensors file."""
        save_graph(path, self.graph, self.terms.__dict__)

    def start(self, scene: Scene) -> LearnedState:
        """Take a scene up; raises PhysimError where it is not what the weights were trained for."""
        self.terms.check(scene)
        inputs = graph_inputs(self.graph, scene, self.terms.columns)
        inputs["moves"] = (scene.inverse_mass > 0).double()[:, None]
        search = search_of(self.graph, scene, inputs) if self.device.type == "cpu" else None
        inputs = {name: value.to(self.device) for name, value in inputs.items()}
        return LearnedState(scene, motion_of(scene, self.device), inputs, {}, search)

    @torch.inference_mode()
    def step(self, state: LearnedState) -> LearnedState:
        """Predict the new velocity and move by the truth's own position rule, as often as makes a dt."""
        for _ in range(self.terms.steps):
            state = self.advanced(state)
        return state

    def advanced(self, state: LearnedState) -> LearnedState:
        """The state after a step of its own, through which gradients flow; `step` takes as many as make a dt."""
        inputs = state.inputs | state.motion
        acting = near(self.graph, inputs) if state.contacts is None else state.contacts.near(inputs)
        output, memory = self.graph.step(read_by(self.graph, acting), state.memory)
        rule = self.terms.position_rule
        motion = motion_after(self.graph.outputs[0].name, output, inputs, self.terms.step, rule)
        return replace(state, motion=motion, memory=memory)

    def moved(self, state: LearnedState, scene: Scene) -> LearnedState:
        """The state with its bodies elsewhere, or in another motion; anew where a graph reads how shapes lay."""
        shapes = {"extent", "outline"} & set(self.graph.inputs)
        if shapes and not np.array_equal(scene.angle.numpy(), state.angle):
            return self.start(scene)
        return replace(state, motion=motion_of(scene, self.device))

    def pushed(self, state: LearnedState, impulse: Floats) -> LearnedState:
        """The state after an impulse (N s) [N, 2] on each object; the graph's memory stays."""
        change = (torch.from_numpy(impulse) * state.start.inverse_mass[:, None]).to(self.device)
        return replace(state, motion=state.motion | {"vel": state.motion["vel"] + change})

    def restarted(self, state: LearnedState, fresh: Mapping[int, Scene]) -> LearnedState:
        """The state with fresh scenes in the places of some; raises PhysimError where a graph would forget the rest."""
        if state.memory:
            raise PhysimError("a learned engine whose graph has memory cannot start one scene of a batch anew")
        return super().restarted(state, fresh)
