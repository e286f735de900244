"""Where a training stands, in one safetensors file: weights, optimiser, progress."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from physim.errors import PhysimError


@dataclass
class Progress:
    """How far a training is: updates made, seconds spent, and its curve of held-out figures."""

    updates: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


def save_checkpoint(path: Path, graph: nn.Module, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
    """Write everything that a training needs to go on; whole or not at all."""
    tensors = {f"graph.{name}": value.contiguous() for name, value in graph.state_dict().items()}
    for number, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": value.contiguous() for name, value in values.items()}
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        save_file(tensors, draft, metadata={"progress": json.dumps(asdict(progress))})
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def load_checkpoint(path: Path, graph: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
    """Put a training back to where the checkpoint left it."""
    try:
        with safe_open(path, framework="pt") as file:
            progress = Progress(**json.loads((file.metadata() or {})["progress"]))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dictionary)
        graph.load_state_dict(_under("graph.", tensors))
    except FileNotFoundError:
        raise PhysimError(f"--resume: there is no checkpoint {path} to go on from") from None
    except (OSError, SafetensorError, KeyError, TypeError, RuntimeError) as error:
        raise PhysimError(f"--resume: {path} is not a checkpoint of this training ({error})") from None
    state: dict[int, dict[str, Any]] = {}
    for key, value in _under("optimiser.", tensors).items():
        number, name = key.split(".")
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return progress


def _under(prefix: str, tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
