"""What all processes have learned, kept in a folder that they share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, final

import torch
from torch import distributed as dist
from torch import nn

from physim.errors import PhysimError
from physim.graph.stepper import Stepper
from physim.outputs import replacing
from physim.ranks.watch import Watch


@final
class Checkpoints:
    """Files that each of the `ranks` keeps, numbered by the updates that have passed: one of each make a checkpoint.

    A rank's files go once there is a later checkpoint; where another rank has died there will be none, and only the
    newest file stays beside those of the last one.
    """

    def __init__(self, folder: Path, every: int, ranks: Collection[int], watch: Watch) -> None:
        if every < 1:
            raise PhysimError(f"every is {every}, wanted a positive number of updates")
        self.folder, self.every, self.ranks, self.watch = folder, every, ranks, watch
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number = 0

    def keep(self, stepper: Stepper, modules: Sequence[nn.Module], version: int) -> None:
        """Write this rank's file, if it is time."""
        number = (version + 1) // self.every * self.every
        if number <= self.number:
            return
        self.number = number
        held = [module.state_dict() for module in modules]
        with replacing(self._path(number, self.watch.rank)) as path:
            torch.save({"version": version, "modules": held, "optimisers": stepper.state_dict()}, path)
        whole, over = self._newest(), not set(self.watch.lost).isdisjoint(self.ranks)
        self._remove(lambda old: old < whole or (over and whole < old < number))

    def resume(self, stepper: Stepper, modules: Sequence[nn.Module], version: int) -> int:
        """Go on from the newest checkpoint that all ranks have, or from the start; gives the version then.

        Raises: PhysimError where a process died meanwhile, or the folder is of another network.
        """
        number = torch.tensor(self._newest())
        self.watch.together(lambda: dist.broadcast(number, 0))
        self.number = int(number)
        # what a rank kept after another's death must never make a checkpoint with what comes now
        self._remove(lambda old: old > self.number)
        self.watch.together(dist.barrier)
        if not self.number or self.watch.rank not in self.ranks:
            return version
        path = self._path(self.number, self.watch.rank)
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        try:
            for module, state in zip(modules, found["modules"], strict=True):
                module.load_state_dict(state)
            stepper.load_state_dict(found["optimisers"])
        except (RuntimeError, ValueError) as error:
            raise PhysimError(f"{path} is of another network: {error}") from error
        resumed: int = found["version"]
        return resumed

    def _newest(self) -> int:
        """The number of the newest checkpoint that all ranks have; 0 where there is none."""
        return max(set[int].intersection(*(self._numbers(rank) for rank in self.ranks)), default=0)

    def _numbers(self, rank: int) -> set[int]:
        return {int(path.name.split(".")[0]) for path in self.folder.glob(f"[0-9]*.rank{rank}.pt")}

    def _remove(self, goes: Callable[[int], bool]) -> None:
        for number in self._numbers(self.watch.rank):
            if goes(number):
                self._path(number, self.watch.rank).unlink()

    def _path(self, number: int, rank: int) -> Path:
        return self.folder / f"{number}.rank{rank}.pt"
