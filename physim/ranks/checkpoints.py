"""What all processes have learned, kept in a folder that they share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import distributed as dist
from torch import nn

from physim.errors import PhysimError
from physim.graph.stepper import Stepper
from physim.outputs import replacing

LEFT = 2
"""How many checkpoints are left in a folder: the newest may not be whole yet."""


@final
class Checkpoints:
    """Files of every rank, numbered by how often `every` updates have passed; one of each rank make a checkpoint."""

    def __init__(self, folder: Path, every: int) -> None:
        if every < 1:
            raise PhysimError(f"every is {every}, wanted a positive number of updates")
        self.folder, self.every, self.rank = folder, every, dist.get_rank()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number = 0

    def keep(self, stepper: Stepper, modules: Sequence[nn.Module], version: int) -> None:
        """Write this rank's file, if it is time."""
        number = (version + 1) // self.every
        if number <= self.number:
            return
        self.number = number
        held = [module.state_dict() for module in modules]
        with replacing(self._path(number)) as path:
            torch.save({"version": version, "modules": held, "optimisers": stepper.state_dict()}, path)
        for old in self.folder.glob(f"*.rank{self.rank}.pt"):
            if int(old.name.split(".")[0]) <= number - LEFT:
                old.unlink()

    def resume(self, stepper: Stepper, modules: Sequence[nn.Module], version: int) -> int:
        """Go on from the newest checkpoint that all ranks have, or from the start; gives the version then."""
        number = torch.tensor(max(self._complete(), default=0))
        dist.broadcast(number, 0)
        self.number = int(number)
        if not self.number:
            return version
        found: dict[str, Any] = torch.load(self._path(self.number), weights_only=True)
        for module, state in zip(modules, found["modules"], strict=True):
            module.load_state_dict(state)
        stepper.load_state_dict(found["optimisers"])
        resumed: int = found["version"]
        return resumed

    def _complete(self) -> set[int]:
        numbers = {int(path.name.split(".")[0]) for path in self.folder.glob("*.rank0.pt")}
        ranks = range(dist.get_world_size())
        return {number for number in numbers if all(self._path(number, rank).exists() for rank in ranks)}

    def _path(self, number: int, rank: int | None = None) -> Path:
        return self.folder / f"{number}.rank{self.rank if rank is None else rank}.pt"
