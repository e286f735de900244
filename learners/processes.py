"""What a training runs on: one process, or as many as `torchrun` launched."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric

from physim.learner import Precision, TrainSettings
from physim.threads import threads


@contextmanager
def processes(settings: TrainSettings) -> Iterator[Fabric]:
    """The processes of a training, on processors, with as many threads each as the settings ask for."""
    with threads(settings.threads or torch.get_num_threads()), _launched(settings) as fabric:
        yield fabric


@contextmanager
def _launched(settings: TrainSettings) -> Iterator[Fabric]:
    launched = torch.distributed.is_torchelastic_launched()
    count, here = (int(os.environ[name]) if launched else 1 for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    # Fabric's own 64-true would round the losses to float32; the graph is float64 already
    precision: Precision = "32-true" if settings.precision == "64-true" else settings.precision
    fabric = Fabric(accelerator="cpu", devices=here, num_nodes=count // here, precision=precision)
    fabric.launch()
    try:
        yield fabric
    finally:
        if count > 1:
            # gloo's threads need Python's lock to let go of the last tensors: they get it now, and whatever else holds
            # the group goes first, because its end would wait for them with the lock held
            gc.collect()
            time.sleep(0.1)
            torch.distributed.destroy_process_group()
