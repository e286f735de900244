"""How far a run has drifted in what nature keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch

from physim.measures import kinetic_energy, momentum, potential_energy
from physim.scenes.forces import PairForce
from physim.scenes.scene import Scene


@final
@dataclass(frozen=True)
class Drift:
    """Changes since the start as fractions: of kinetic plus potential energy's sizes, and of the sum of m |v|.

    `energy` is None where the forces have no potential.
    """

    energy: float | None
    momentum: float


@final
class Ledger:
    """What energy and momentum were when a run began."""

    def __init__(self, scene: Scene, forces: PairForce | None) -> None:
        self._forces = forces
        kinetic, potential = self._energies(scene)
        self._energy = kinetic + (potential or 0.0)
        self._energy_scale = kinetic + abs(potential or 0.0) or 1.0
        self._momentum = momentum(scene)
        self._momentum_scale = float(scene.mass @ scene.vel.norm(dim=-1)) or 1.0

    def drift(self, scene: Scene) -> Drift:
        """The drift of the same bodies, later."""
        kinetic, potential = self._energies(scene)
        energy = None if potential is None else (kinetic + potential - self._energy) / self._energy_scale
        return Drift(energy, float(torch.linalg.vector_norm(momentum(scene) - self._momentum)) / self._momentum_scale)

    def _energies(self, scene: Scene) -> tuple[float, float | None]:
        """Kinetic and potential energy in joules."""
        with np.errstate(over="ignore", invalid="ignore"):
            potential = potential_energy(scene, self._forces)
        return float(kinetic_energy(scene)), None if potential is None else float(potential)
