"""How far a run has drifted in what nature keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from physim.measures import Energies, energies, energy_drift, momentum_drift
from physim.scenes.forces import PairForce
from physim.scenes.scene import Scene


@final
@dataclass(frozen=True)
class Drift:
    """Changes since the start as shares (`physim.measures.energy_drift`, `momentum_drift`).

    `energy` is None where the forces have no potential.
    """

    energy: float | None
    momentum: float


@final
class Ledger:
    """The scene that a run began with, and its energies."""

    def __init__(self, scene: Scene, forces: PairForce | None) -> None:
        self._scene, self._forces, self._energies = scene, forces, _energies(scene, forces)

    def drift(self, scene: Scene) -> Drift:
        """The drift of the same bodies, later."""
        before, after = self._energies, _energies(scene, self._forces)
        energy = None if before is None or after is None else float(energy_drift(after, before))
        return Drift(energy, float(momentum_drift(scene, self._scene)))


def _energies(scene: Scene, forces: PairForce | None) -> Energies | None:
    with np.errstate(over="ignore", invalid="ignore"):
        return energies(scene, forces)
