"""Trainings whose networks are kept in files: one that was interrupted goes on, one that is done is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from learners.checkpoints import Progress
from learners.sequences.rows import Batch
from learners.sequences.training import Diverged, SequenceTraining
from physim.errors import PhysimError
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

    Beside the file lies a checkpoint meanwhile. Raises: Diverged as trainings do, and PhysimError where the file is of
    another network, or one that was trained otherwise or on other data.
    """
    identity = settings.identity(net, batches, losses)
    if path.exists():
        kept, told = load_graph(path)
        _check_same(path, told.get("training", {}), identity)
        net.load_state_dict(kept.state_dict())
        net.eval()
        return Progress(**told["progress"])
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = path.with_name(f"{path.name}.checkpoint")
    try:
        progress = replace(settings, checkpoint=checkpoint).run(net, batches, judge, losses, progress=False)
    except Diverged:
        checkpoint.unlink(missing_ok=True)  # nothing good comes of going on from there
        raise
    save_graph(path, net, {"progress": asdict(progress), "training": identity})
    checkpoint.unlink(missing_ok=True)
    return progress


def _check_same(path: Path, kept: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    for name, value in wanted.items():
        if kept.get(name) != value:
            raise PhysimError(f"{path} was trained with {name} {kept.get(name, 'untold')}, wanted {value}: remove it")
