"""Forces between pairs of bodies, for many scenes at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BLOCK = 8_000
"""Pairs worked on at a time, so that the temporary arrays stay in the processor's cache."""


class PairForce(ABC):
    """A force between the bodies of a scene, in newtons where the scene is in metres, seconds and kilograms.

    Shapes: pos, vel [B, N, 2], columns name -> [B, N] for B scenes of N bodies; the force is [B, N, 2], energies [B].
    """

    @abstractmethod
    def __call__(self, pos: Floats, vel: Floats, columns: Mapping[str, Floats]) -> Floats:
        """The sum of the forces on each body, bit for bit the same whatever the number of scenes."""

    @abstractmethod
    def energy(self, pos: Floats, columns: Mapping[str, Floats]) -> Floats | None:
        """The potential energy of each scene, or None where the force has none."""


class ProductForce(PairForce):
    """F on i = sum over j of p_i p_j c(r_ij) (x_j - x_i): p a column of the bodies, c a function of the distance alone.

    Under the distance `floor` c keeps its value at the floor, which bounds the force.
    """

    column = "mass"
    across = False
    floor: float

    @abstractmethod
    def coefficient(self, squared: Floats) -> Floats:
        """The function c of the squared distance; may overwrite its argument."""

    @abstractmethod
    def potential(self, squared: Floats) -> Floats | None:
        """The potential of c, whose derivative by the distance r is r c; None where there is none."""

    def __call__(self, pos: Floats, vel: Floats, columns: Mapping[str, Floats]) -> Floats:
        """The sum of the forces on each body; see PairForce."""
        scenes, bodies = pos.shape[:2]
        force = np.empty((2, bodies, scenes))  # scenes last: numpy's inner loops then run over many of them
        charge = np.ascontiguousarray(columns[self.column].T)
        size = max(1, BLOCK // max(1, bodies * bodies))
        for start in range(0, scenes, size):
            block = slice(start, start + size)
            self._fill(force[:, :, block], pos[block], charge[:, block])
        return force.transpose(2, 1, 0)

    def energy(self, pos: Floats, columns: Mapping[str, Floats]) -> Floats | None:
        """The potential energy of each scene; see PairForce."""
        charge = columns[self.column]
        first, second = np.triu_indices(pos.shape[1], k=1)
        offset = pos[:, first] - pos[:, second]
        squared = (offset * offset).sum(axis=-1)
        floored = np.maximum(squared, self.floor**2)
        outside = self.potential(floored.copy())
        if outside is None:
            return None
        potential = outside - self.coefficient(floored.copy()) * (floored - squared) / 2
        energy: Floats = (charge[:, first] * charge[:, second] * potential).sum(axis=-1)
        return energy

    def _fill(self, force: Floats, pos: Floats, charge: Floats) -> None:
        """Fill force [2, N, B] from pos [B, N, 2]; sums run over the outermost axis, so their order never changes."""
        x, y = np.ascontiguousarray(pos[..., 0].T), np.ascontiguousarray(pos[..., 1].T)
        bodies, scenes = x.shape
        right, up = x[:, None] - x[None, :], y[:, None] - y[None, :]  # [j, i, B]: from i to j
        squared = right * right
        term = up * up
        squared += term
        np.maximum(squared, self.floor**2, out=squared)
        squared.reshape(bodies * bodies, scenes)[:: bodies + 1] = 1.0  # a body and itself: offset 0, never 0 / 0
        weight = self.coefficient(squared)
        weight *= charge[:, None]
        along, sideways = (up, right) if self.across else (right, up)
        along *= weight
        sideways *= weight
        np.add.reduce(along, axis=0, out=force[0])
        np.add.reduce(sideways, axis=0, out=force[1])
        if self.across:
            np.negative(force[0], out=force[0])
        force *= charge


@final
@dataclass(frozen=True)
class Gravity(ProductForce):
    """F = G m_i m_j d / s^3 with s^2 = max(r, floor)^2 + softening^2, pulling."""

    constant: float
    floor: float = 0.0
    softening: float = 0.0

    def coefficient(self, squared: Floats) -> Floats:
        """G / s^3."""
        if self.softening:
            squared += self.softening**2
        cubed = np.sqrt(squared)
        cubed *= squared
        return np.divide(self.constant, cubed, out=cubed)

    def potential(self, squared: Floats) -> Floats:
        """- G / s."""
        potential: Floats = -self.constant / np.sqrt(squared + self.softening**2)
        return potential


@final
@dataclass(frozen=True)
class ScreenedCharge(ProductForce):
    """The force of the potential k q_i q_j exp(-r / length) / r: like charges repel, out to a few lengths."""

    constant: float
    length: float
    floor: float = 0.0
    column = "charge"

    def coefficient(self, squared: Floats) -> Floats:
        """- k exp(-r / length) (1 / r + 1 / length) / r^2."""
        distance = np.sqrt(squared)
        weight = np.exp(distance / -self.length)
        weight *= 1 / distance + 1 / self.length
        weight *= -self.constant
        weight /= squared
        return weight

    def potential(self, squared: Floats) -> Floats:
        """k exp(-r / length) / r."""
        distance = np.sqrt(squared)
        potential: Floats = self.constant * np.exp(distance / -self.length) / distance
        return potential


@final
@dataclass(frozen=True)
class Transverse(ProductForce):
    """A force across the line of centres, G m_i m_j / max(r, floor)^2 in size, equal and opposite on the two bodies."""

    constant: float
    floor: float = 0.0
    across = True

    def coefficient(self, squared: Floats) -> Floats:
        """G / r^3."""
        cubed = np.sqrt(squared)
        cubed *= squared
        return np.divide(self.constant, cubed, out=cubed)

    def potential(self, squared: Floats) -> None:
        """None: the work along a closed path is not zero."""
