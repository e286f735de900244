"""From positions over time to weights: an engine of a law that no world states.

Velocities of noisy positions are too rough to learn from: one step changes them by far less than the noise. So forces
are summed up twice along windows of the measured paths, and what they bend a straight line to is compared with the
path itself, in which the noise of many instants cancels out (the weak form of the equations of motion).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from learners.physics.configs import BEST, graph_batch, prepared
from learners.physics.path_windows import NODES, POSITION_RULE, Windows, path_by_changes
from learners.physics.training import identity_of, reported_on, split
from learners.task import Examples, Task, built
from learners.training import run_training
from physim.engines.learned import LearnedEngine, Terms
from physim.errors import PhysimError
from physim.graph import ModuleGraph
from physim.interaction import interaction_network
from physim.learner import TrainSettings
from physim.scene_inputs import kinds_read
from physim.scenes.tracks import Tracks
from physim.smoothing import Smoothing

SHARPENED_FROM = 0.2
"""The share of the training after which the engine's own forces sharpen the smoothed paths."""
SLIGHT = 1e-3
"""The share of the usual bend that counts as noise where there is less."""
WINDOWS = 16
"""How many windows with all their nodes an update learns from."""
JUDGED = 256
"""On how many windows a report stands at most."""


@final
class BentPaths(nn.Module):
    """A graph with its loss on windows: by how much the paths that its forces bend miss those measured.

    Smoothing blurs what bends a path sharply. Where `sharpened`, forces along the smoothed paths are computed first,
    and only what they do not explain of the measured paths is smoothed.
    """

    by_changes: Tensor
    straight: Tensor
    smooth: Tensor
    sharp: Tensor

    def __init__(self, graph: ModuleGraph, windows: Windows, scale: float) -> None:
        super().__init__()
        self.graph, self.scale, self.steps = graph, scale, windows.steps
        path = path_by_changes(windows.nodes, windows.steps, windows.dt)
        line, _ = np.linalg.qr(np.stack([np.ones(self.steps + 1), np.arange(self.steps + 1)], axis=1))
        smooth = Smoothing(2 * windows.smoothing.window + 1, inf).paths(np.eye(self.steps + 1))[windows.nodes]
        matrices = {
            "straight": np.eye(self.steps + 1) - line @ line.T,  # what is left of a path without a straight line
            "by_changes": path - line @ (line.T @ path),
            "smooth": smooth,
            "sharp": path[windows.nodes] - smooth @ path,
        }
        for name, matrix in matrices.items():
            self.register_buffer(name, torch.from_numpy(matrix), persistent=False)

    def forward(self, inputs: dict[str, Tensor], targets: dict[str, Tensor]) -> Tensor:
        """The loss [1]: lengths by which paths are missed, in its scale; not squares, which close encounters own."""
        missed, _ = self.squares(inputs, targets, bool(targets["sharpened"]))
        return (missed / self.scale**2 + 1e-12).sqrt().mean()[None]

    def squares(self, inputs: dict[str, Tensor], targets: dict[str, Tensor], sharpened: bool) -> tuple[Tensor, Tensor]:
        """The mean squares [M], in m^2, by which bodies' paths in a window are missed, and by which they are bent.

        They are counted by what noise has of freedom beside a straight line.
        """
        paths = targets["paths"]
        if sharpened:
            with torch.no_grad():
                places = _along(self.smooth, paths) + _along(self.sharp, self._changes(inputs, targets["rows"]))
            inputs = inputs | {"pos": inputs["pos"].index_put((targets["rows"],), places)}
        wanted = _along(self.straight, paths)
        missed = wanted - _along(self.by_changes, self._changes(inputs, targets["rows"]))
        freedom = 2 * (self.steps - 1)
        return missed.square().sum((0, 2)) / freedom, wanted.square().sum((0, 2)) / freedom

    def _changes(self, inputs: dict[str, Tensor], rows: Tensor) -> Tensor:
        """The changes of velocity in a step at the nodes [K, M, 2]."""
        output: Tensor = self.graph(graph_batch(self.graph, inputs))
        return output.double()[rows]


def _along(matrix: Tensor, paths: Tensor) -> Tensor:
    """A matrix [J, T] applied to paths [T, M, 2] along their time."""
    return torch.einsum("jt,tmd->jmd", matrix, paths.to(matrix.dtype))


@final
class TracksTask(Task):
    """Our interaction network for tracks, and the windows that it learns from."""

    graph: ModuleGraph
    objective: BentPaths
    rate, minutes = BEST.rate, 5.0
    loss_names = ("bend",)

    def __init__(self, tracks: Tracks, settings: TrainSettings) -> None:
        self.seed = settings.seed
        columns = ("mass", *(name for name in tracks.columns if name != "mass"))
        self.windows = windows = Windows(tracks, columns)
        self.batch = WINDOWS * (NODES // len(windows.nodes))  # about as many states, however long windows are
        self.identity = identity_of(windows.data)
        learned, unseen = split(len(windows.scenes))
        self.learned, self.unseen = windows.of(learned), windows.of(unseen)

        def build() -> ModuleGraph:
            return interaction_network(columns=list(columns), relations=["pairs"], external=True, damped=True)

        self.graph = built(build, settings)
        windows.data.serve(self.graph)
        prepared(self.graph, windows.data, settings.seed, self.learned)
        bent = windows.bent(torch.tensor(self.learned)) ** 0.5
        self.objective = BentPaths(self.graph, windows, max(windows.noise, SLIGHT * bent))

    def examples(self, update: int, done: float, part: slice) -> Examples:
        rng = np.random.default_rng((self.seed, 0, update))
        drawn = torch.from_numpy(rng.integers(self.learned.start, self.learned.stop, self.batch))
        inputs, targets = self.windows.examples(drawn[part])
        return inputs, targets | {"sharpened": torch.tensor(done > SHARPENED_FROM)}

    def figures(self) -> dict[str, float]:
        """The mean squares by which paths are missed and which noise has by itself, over constant velocity's."""
        chosen = np.linspace(self.unseen.start, self.unseen.stop - 1, min(JUDGED, len(self.unseen)))
        inputs, targets = self.windows.examples(torch.from_numpy(chosen.round().astype(np.int64)))
        with torch.no_grad():
            missed, bent = self.objective.squares(inputs, targets, sharpened=True)
        whole = float(bent.mean())
        return {"ratio": float(missed.mean()) / whole, "noise_ratio": self.windows.noise**2 / whole}

    def sentence(self, figures: Mapping[str, float]) -> str:
        return (
            f"paths of {self.windows.steps} steps are missed by {figures['ratio']:.2e} of constant velocity's error on "
            f"{reported_on(len(self.windows.scenes))} (by noise alone {figures['noise_ratio']:.2e})"
        )


def train_tracks(tracks: Tracks, settings: TrainSettings) -> Path:
    """Train our interaction network on tracks, with progress, early reports and checkpoints; write the weights.

    Bodies act on each other in pairs, and on each acts what is the same everywhere: a steady pull, and a drag. The
    losses of all updates stand beside the weights, in a CSV file.
    Raises: PhysimError where the precision would round the measured paths.
    """
    if settings.precision == "bf16-mixed":
        raise PhysimError("precision: bf16-mixed rounds positions by more than their noise, wanted 32-true or 64-true")

    def make(fabric: Fabric) -> TracksTask:
        task = TracksTask(tracks, settings)
        if fabric.is_global_zero:
            print(_said(task.windows), file=sys.stderr)
        return task

    def save(task: TracksTask, provenance: Mapping[str, Any]) -> None:
        LearnedEngine(task.graph.float(), _terms(task, provenance)).save(settings.out)

    run_training(make, settings, save)
    return settings.out


def _said(windows: Windows) -> str:
    """What was read, what was left out, and how noisy it is."""
    tracks, reach = windows.tracks, float(windows.raw.std(dim=0).square().mean().sqrt())
    said = f"{tracks.file}: {len(windows.scenes)} scenes, noise of {windows.noise:.3g} m (paths reach {reach:.3g} m), "
    said += f"smoothed over {windows.smoothing.window} instants, learned in windows of {windows.steps} steps"
    if windows.rows_used < tracks.rows:
        said += f"; {tracks.rows - windows.rows_used} of {tracks.rows} rows are left out: not all objects of the scene "
        said += f"are seen for {windows.steps + 1} instants in a row around them"
    return said


def _terms(task: TracksTask, provenance: Mapping[str, Any]) -> Terms:
    windows = task.windows
    made_of = {
        "tracks": windows.tracks.metadata,
        "scenes": len(windows.scenes),
        "steps": windows.steps,
        "left_out": windows.tracks.rows - windows.rows_used,
        "noise": windows.noise,
        "smoothing": windows.smoothing.window,
    }
    return Terms(
        dt=windows.dt,
        position_rule=POSITION_RULE,
        columns=windows.data.columns,
        shape_kinds=("point",),
        relation_kinds=kinds_read(task.graph),
        provenance={**made_of, **provenance},
    )
