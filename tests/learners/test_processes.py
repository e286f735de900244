from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from learners.processes import processes
from physim.learner import TrainSettings
from physim.threads import one_thread

Settings = Callable[..., TrainSettings]


@pytest.mark.parametrize(("asked", "wanted"), [(None, 1), (2, 2)])
def test_threads_are_as_many_as_are_asked_for(asked: int | None, wanted: int, settings: Settings) -> None:
    with one_thread(), processes(settings(threads=asked)):
        assert torch.get_num_threads() == wanted


def test_afterwards_there_are_as_many_threads_as_before(settings: Settings) -> None:
    with one_thread():
        with processes(settings(threads=2)):
            pass
        assert torch.get_num_threads() == 1


def test_without_torchrun_there_is_one_process(settings: Settings) -> None:
    with processes(settings()) as fabric:
        assert (fabric.world_size, fabric.global_rank, fabric.is_global_zero) == (1, 0, True)


def test_in_float64_losses_are_not_rounded(settings: Settings) -> None:
    with processes(settings(precision="64-true")) as fabric:
        graph = fabric.setup_module(torch.nn.Linear(2, 1).double())
        assert graph(torch.ones(1, 2, dtype=torch.float64)).dtype == torch.float64
