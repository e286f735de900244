"""How far a run has drifted in what nature keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from physim.engines.base import State
from physim.measures import Energies, EnergyOf, energy_drift, momentum_drift
from physim.scenes.scene import Scene


@final
@dataclass(frozen=True)
class Drift:
    """Changes since the start as shares (`physim.measures.energy_drift`, `momentum_drift`).

    `energy` is None where the forces have no potential, as is `joules`, the energy itself.
    """

    energy: float | None
    momentum: float
    joules: float | None = None


@final
class Ledger:
    """The scene that a run began with, and its energies; a drift is worked out once a state."""

    def __init__(self, scene: Scene, energies: EnergyOf) -> None:
        self._scene, self._energies = scene, energies
        self._start = self._now(scene)
        self._known: tuple[State, Drift] | None = None

    def drift(self, state: State) -> Drift:
        """The drift of the same bodies, later."""
        if self._known is None or self._known[0] is not state:
            self._known = state, self._drift(state.scene)
        return self._known[1]

    def _drift(self, scene: Scene) -> Drift:
        before, after = self._start, self._now(scene)
        momentum = float(momentum_drift(scene, self._scene))
        if before is None or after is None:
            return Drift(None, momentum)
        return Drift(float(energy_drift(after, before)), momentum, float(after[0] + after[1]))

    def _now(self, scene: Scene) -> Energies | None:
        with np.errstate(over="ignore", invalid="ignore"):
            return self._energies(scene)
