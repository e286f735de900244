"""Curves as TensorBoard's events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def events_in(folder: Path | None) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """Give a function that adds a point of a curve to TensorBoard's events in a folder, or nowhere."""
    if folder is None:
        yield lambda row: None
        return
    from torch.utils.tensorboard import SummaryWriter  # wants its extra

    with SummaryWriter(str(folder)) as writer:

        def write(row: Mapping[str, float]) -> None:
            for name, value in row.items():
                writer.add_scalar(name, value, int(row["decisions"]))
            writer.flush()

        yield write
