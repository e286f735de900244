"""Starting the processes of a graph on this machine; unlike torchrun's, the others go on when one dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from torch import distributed as dist

from physim.errors import PhysimError


def launch(command: Sequence[str], ranks: int) -> list[int]:
    """Run a Python script, with its arguments, in so many processes; gives their exit codes by rank.

    A process that dies leaves the others alone: whether they end or go on without it is theirs to say (see `Placed`).
    """
    _store, told = rendezvous(ranks)
    running = [
        subprocess.Popen([sys.executable, *command], env={"OMP_NUM_THREADS": "1", **os.environ, **one}) for one in told
    ]
    try:
        return [process.wait() for process in running]
    finally:
        for process in running:
            process.terminate()


def rendezvous(ranks: int) -> tuple[Any, list[dict[str, str]]]:
    """Where so many processes of this machine meet, to be kept while they run, and what each finds in its environment.

    The store outlives every process.
    """
    if ranks < 1:
        raise PhysimError(f"ranks is {ranks}, wanted a positive number of processes")
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # type: ignore[attr-defined]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    shared |= {"WORLD_SIZE": str(ranks), "LOCAL_WORLD_SIZE": str(ranks)}
    return store, [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(ranks)]
