"""What scenes come from."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pymunk

from physim.checks import check_finite, check_memory, check_positive, check_seed
from physim.errors import PhysimError
from physim.worlds.source import source_of

if TYPE_CHECKING:  # a world's flags are read from its class, and no help text waits for torch
    from physim.engines.base import Engine
    from physim.measures import Energies, Motion
    from physim.scenes.forces import PairForce
    from physim.scenes.scene import Scene
    from physim.walks import Walk


BODY_BYTES = 1024
"""What a body takes in a Space, at the least."""


@dataclass(frozen=True, kw_only=True)
class World(ABC):
    """A seeded builder of pymunk.Spaces, with the step, the forces and the engine of their truth.

    Worlds are frozen dataclasses: the fields beside dt and substeps are a world's parameters, and flags of commands.
    """

    dt: float
    """seconds from one instant to the next"""
    substeps: int
    """simulator steps in one dt"""

    columns: ClassVar[tuple[str, ...]] = ()
    """further attributes of the bodies that belong to the scene, such as charge"""
    energy_band: ClassVar[float | None] = None
    """share of the energy by which the truth itself may be off, in scenes that keep theirs; None: not stated"""
    start_radius: ClassVar[float | None] = None
    """how far from its centre a start scene reaches, in metres; None: measured on the scenes"""
    unit: ClassVar[str] = "m"
    """what lengths are told in, such as m or px; "": not stated"""

    def __post_init__(self) -> None:
        check_positive(dt=self.dt, substeps=self.substeps)
        check_finite(**self.parameters)
        for name, value in self.parameters.items():
            if isinstance(value, int):
                check_memory(f"{name}: as many as {value} bodies", BODY_BYTES * value)

    @abstractmethod
    def space(self, rng: np.random.Generator) -> pymunk.Space:
        """Build a Space; all randomness comes from `rng`."""

    def equip(self, space: pymunk.Space) -> None:  # noqa: B027 (most worlds have nothing to add)
        """Give a Space, built anew from a scene, what no scene expresses of the world's law, such as callbacks."""

    @property
    def name(self) -> str:
        """What the world is called in files and on the command line."""
        return type(self).__name__.lower()

    @property
    def forces(self) -> PairForce | None:
        """The forces between pairs of bodies that pymunk does not know."""
        return None

    @property
    def parameters(self) -> dict[str, Any]:
        """What the world was built with, as JSON knows it."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("dt", "substeps")}

    @property
    def position_rule(self) -> float:
        """The share s of the new velocity in the one that moves the bodies in one dt: 1 is the new one, 0 the old one.

        pos += dt * ((1 - s) * old + s * new). pymunk moves bodies before it applies gravity, springs and contacts; our
        pairwise forces kick before the move. Exact for one substep, and for more where the acceleration is steady.
        """
        return (self.substeps + (-1 if self.forces is None else 1)) / (2 * self.substeps)

    @property
    def metadata(self) -> dict[str, Any]:
        """The world's identity in files: name, parameters, dt, substeps, position rule, energy band, source's hash."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "dt": self.dt,
            "substeps": self.substeps,
            "position_rule": self.position_rule,
            "energy_band": self.energy_band,
            "source": hashlib.sha256(self.source.encode()).hexdigest(),
        }

    @property
    def source(self) -> str:
        """The text of the classes of the world and its forces, and of what they use; "" where one has no file."""
        kinds = [kind for kind in type(self).__mro__ if issubclass(kind, World) and kind is not World]
        return source_of(*kinds, *([] if self.forces is None else [type(self.forces)]))

    def energies(self, motion: Motion) -> Energies | None:
        """The kinetic and the potential energy of scenes, as `measures.energies`; None where there is no potential."""
        from physim.measures import energies

        return energies(motion, self.forces)

    def scene(self, seed: int, index: int = 0) -> Scene:
        """Scene `index` of a seed."""
        from physim.scenes.space_reading import check_no_forces, scene_of

        check_seed(seed)
        sequence = np.random.SeedSequence(seed, spawn_key=(index,))
        space = self.space(np.random.default_rng(sequence))
        check_no_forces(space)
        scene = scene_of(space, self.dt, self.columns)
        if not bool((scene.inverse_mass > 0).any()):
            raise PhysimError(f"the world {self.name} gave a space of {scene.num_bodies} bodies, and none can move")
        return scene

    def scenes(self, seed: int, count: int, start: int = 0) -> list[Scene]:
        """Scenes `start` to `start + count - 1` of a seed."""
        check_positive(count=count)
        first = self.scene(seed, start)
        check_memory(f"{count} scenes like the first", count * sum(value.nbytes for value in first.to_dict().values()))
        return [first, *(self.scene(seed, index) for index in range(start + 1, start + count))]

    def walk(self) -> Walk | None:
        """The world as somebody walks through it; None for worlds that are watched."""
        return None

    def engine(self) -> Engine[Any]:
        """The truth."""
        from physim.engines.truth import PymunkEngine

        return PymunkEngine(self.dt, self.substeps, self.forces, self.equip)
