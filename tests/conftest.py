"""One thread and one seed for torch, no display, and Ctrl-C as usual, so that tests are the same everywhere.

Processes of several ranks, actors and workers are forked from one that has imported already what they need.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.context import BaseContext
from typing import Any

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["SDL_AUDIODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pytest
import torch

from physim.ranks.launch import rendezvous

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests behind it has it ignored

IMPORTED = ["torch._dynamo", "torch.distributed.pipelining", "physim.ranks"]
IMPORTED += ["learners.decoupled.counting", "learners.decoupled.relations", "learners.agents.placed"]
IMPORTED += ["learners.experiment", "learners.physics.train", "worlds.nbody", "worlds.maze"]
RUN = (
    "import os, runpy, sys; os.environ.update(shared); sys.argv = command; runpy.run_path(command[0], None, '__main__')"
)
PATIENCE = 60.0
"""Seconds after which processes are ended that wait for one another for ever."""


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Let what a test draws not depend on the tests before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def forkserver() -> BaseContext:
    """Starts processes that have imported already what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


@pytest.fixture
def at_once(forkserver: BaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let code that starts processes from nothing start them as quickly as `forkserver` does."""
    for module in (multiprocessing, torch.multiprocessing):
        monkeypatch.setattr(module, "get_context", lambda method: forkserver)


@pytest.fixture(scope="session")
def forked(forkserver: BaseContext) -> Callable[[Sequence[str], int], list[int]]:
    """As `physim.ranks.launch` does, run a Python script, with its arguments, in so many processes, but at once."""

    def forked(command: Sequence[str], ranks: int) -> list[int]:
        _store, told = rendezvous(ranks)
        programs = [{"command": [*command], "shared": {**os.environ, **one}} for one in told]
        running = [forkserver.Process(target=exec, args=(RUN, program)) for program in programs]
        for process in running:
            process.start()
        late = time.monotonic() + PATIENCE
        for process in running:
            process.join(max(0.0, late - time.monotonic()))
            process.kill()  # of no consequence where it has ended
            process.join()
        return [process.exitcode for process in running]

    return forked


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Ray cluster of one node on this machine, to which more can be added."""
    utils = pytest.importorskip("ray.cluster_utils")
    cluster = utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    yield cluster
    cluster.shutdown()
