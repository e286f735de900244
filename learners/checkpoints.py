"""Where a training stands, in one safetensors file: weights, optimiser, progress."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.outputs import replacing

Identity = Mapping[str, str | float | None]
"""What tells one training from another, by name."""


@dataclass
class Progress:
    """How far a training is: updates made, seconds spent, and its curve of held-out figures."""

    updates: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Checkpoint:
    """A file from which the training of `graph` by `optimiser` can go on; other trainings refuse it."""

    path: Path
    identity: Identity
    graph: nn.Module
    optimiser: torch.optim.Optimizer

    def save(self, progress: Progress, more: Mapping[str, Tensor] = MappingProxyType({})) -> None:
        """Write everything that the training needs to go on, and what `more` it wants; whole or not at all."""
        tensors = {f"more.{name}": value.contiguous() for name, value in more.items()}
        tensors |= {f"graph.{name}": value.contiguous() for name, value in self.graph.state_dict().items()}
        for number, values in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{name}": value.contiguous() for name, value in values.items()}
        header = {
            "progress": json.dumps(asdict(progress), allow_nan=False),
            "training": json.dumps(dict(self.identity)),
        }
        with replacing(self.path) as draft:
            draft.write_bytes(save(tensors, header))

    def load(self) -> Progress:
        """Put the training back to where the file left it.

        Raises: PhysimError where there is no such file, or it is damaged, foreign or of another training.
        """
        header, tensors = self._read()
        try:
            progress = Progress(**json.loads(header["progress"]))
            training = dict(json.loads(header["training"]))
        except (KeyError, TypeError, ValueError):
            raise PhysimError(f"resume: {self.path} is not a checkpoint, but some other safetensors file") from None
        both = [
            (name, training.get(name, "untold"), self.identity.get(name, "untold"))
            for name in {**self.identity, **training}
        ]
        if others := [f"{name} {got}, not {wanted}" for name, got, wanted in both if got != wanted]:
            raise PhysimError(f"resume: {self.path} is of a training with {'; '.join(others)}")
        self._fill(tensors)
        return progress

    def more(self) -> dict[str, Tensor]:
        """What more was saved, by name."""
        return _under("more.", self._read()[1])

    def _read(self) -> tuple[dict[str, str], dict[str, Any]]:
        try:
            with safe_open(self.path, framework="pt") as file:
                return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise PhysimError(f"resume: there is no checkpoint {self.path} to go on from") from None
        except (OSError, SafetensorError) as error:
            raise PhysimError(f"resume: {self.path} is no checkpoint, or it is cut off ({error})") from None

    def _fill(self, tensors: dict[str, Any]) -> None:
        state: dict[int, dict[str, Any]] = {}
        for key, value in _under("optimiser.", tensors).items():
            number, name = key.split(".")
            state.setdefault(int(number), {})[name] = value
        try:
            self.graph.load_state_dict(_under("graph.", tensors))
            self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        except RuntimeError:
            raise PhysimError(f"resume: the weights in {self.path} do not fit this training's graph") from None


def _under(prefix: str, tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
