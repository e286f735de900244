"""Trainings whose networks are kept in files: one that was interrupted goes on, one that is done is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from learners.checkpoints import Progress
from learners.sequences.rows import Batch
from learners.sequences.training import SequenceTraining
from physim.graph import Loss, ModuleGraph, load_graph, save_graph


def trained(
    path: Path,
    net: ModuleGraph,
    settings: SequenceTraining,
    batches: Callable[[int], Batch],
    judge: Callable[[ModuleGraph], float] | None = None,
    losses: Sequence[Loss] = (),
) -> Progress:
    """Train a network into a file, without a word, or read it where it is there already; gives how it was trained.

    Beside the file lies a checkpoint meanwhile. Raises: PhysimError as trainings do, and where the file is of another
    network.
    """
    if path.exists():
        kept, told = load_graph(path)
        net.load_state_dict(kept.state_dict())
        net.eval()
        return Progress(**told["progress"])
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = path.with_name(f"{path.name}.checkpoint")
    progress = replace(settings, checkpoint=checkpoint).run(net, batches, judge, losses, progress=False)
    save_graph(path, net, {"progress": asdict(progress)})
    checkpoint.unlink(missing_ok=True)
    return progress
