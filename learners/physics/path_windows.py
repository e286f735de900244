"""Windows of measured paths: what engines learn from where velocities are not known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import numpy as np
import torch
from scipy.signal import detrend
from torch import Tensor

from learners.physics.data import OneSteps
from learners.task import Examples
from physim.arrays import Floats, Integers
from physim.errors import PhysimError
from physim.motion import position_after
from physim.scenes.scene import STATE_FIELDS, Scene
from physim.scenes.tracks import Segment, Tracks
from physim.scenes.trajectory import Trajectory
from physim.smoothing import Smoothing, fitted_smoothing

POSITION_RULE = 0.5
"""Bodies move by the mean of the old and the new velocity: exact to the second order for forces that act smoothly."""
NODES = 33
"""At how many instants of a window forces are computed at most; in between they change evenly."""
CLEAR = 20.0
"""Windows are long enough where paths bend by so many times the noise."""
HOPS = 4
"""How many windows begin within the length of one."""


@final
class Windows:
    """All windows of `steps` steps in some tracks, of which `known` scenes are learned from, as one batch of scenes.

    `data` has the smoothed states, `raw` [steps + 1, N, 2] the measured positions; forces are known at `nodes` [K].
    """

    def __init__(self, tracks: Tracks, columns: tuple[str, ...]) -> None:
        self.tracks, self.dt = tracks, tracks.dt
        self.smoothing = fitted_smoothing([segment.pos for segment in tracks.segments])
        self.steps = steps_of(tracks.segments, self.smoothing)
        self.nodes = np.unique(np.linspace(0, self.steps - 1, min(NODES, self.steps)).round().astype(np.int64))
        long_enough = [segment for segment in tracks.segments if len(segment) > self.steps]
        self.rows_used = sum(segment.pos.size // 2 for segment in long_enough)
        parts: list[Trajectory] = []
        raw: list[Floats] = []
        self.scene_of: list[str] = []
        for segment in long_enough:
            smooth = segment.trajectory(self.smoothing, self.dt)
            for start in _starts(len(segment), self.steps):
                parts.append(_part(smooth, start, self.steps))
                raw.append(segment.pos[start : start + self.steps + 1])
                self.scene_of.append(segment.scene)
        self.raw = torch.from_numpy(np.concatenate(raw, axis=1))
        self.data = OneSteps(_beside(parts, tracks), columns)

    @property
    def noise(self) -> float:
        """The standard deviation of the noise of one coordinate, in metres."""
        return self.smoothing.noise

    @property
    def scenes(self) -> list[str]:
        """The names of the scenes, in their order."""
        return list(dict.fromkeys(self.scene_of))

    def of(self, scenes: range) -> range:
        """The windows of some of the scenes, by the numbers of these."""
        chosen = set(self.scenes[scenes.start : scenes.stop])
        numbers = [number for number, scene in enumerate(self.scene_of) if scene in chosen]
        return range(numbers[0], numbers[-1] + 1)

    def examples(self, windows: Tensor) -> Examples:
        """The states at the nodes of windows [B], and targets: "paths" measured [steps + 1, M, 2] of their M bodies,
        and "rows" [K, M], where their states stand in the inputs."""
        counts, nodes = self.data.counts[windows], torch.from_numpy(self.nodes)
        instants = nodes.repeat(len(windows))
        inputs, _ = self.data.examples(windows.repeat_interleave(len(nodes)), instants)
        owner = torch.arange(len(windows)).repeat_interleave(counts)
        first = counts.cumsum(0) - counts
        body = torch.arange(len(owner)) - first[owner]
        places = torch.arange(len(nodes))[:, None]
        rows = (len(nodes) * first)[owner] + places * counts[owner] + body
        return inputs, {"paths": self.raw[:, self.data.starts[windows][owner] + body], "rows": rows}

    def bent(self, windows: Tensor) -> float:
        """The mean square of how far measured paths in windows [B] are from straight lines, in m^2 by coordinate."""
        _, targets = self.examples(windows)
        return float(np.square(detrend(targets["paths"].numpy(), axis=0)).mean())


def steps_of(segments: Sequence[Segment], smoothing: Smoothing) -> int:
    """How long windows are: until paths are CLEAR of the noise, but fitting into segments of half of all rows.

    Shorter windows would show noise, and longer ones nothing more.
    """
    longest = _median_length(segments) - 1
    steps = min(2 * smoothing.window, longest)
    while steps < longest and _bend(segments, smoothing, steps) < CLEAR * smoothing.noise:
        steps = min(2 * steps, longest)
    return steps


def path_by_changes(nodes: Integers, steps: int, dt: float) -> Floats:
    """Where changes of velocity at the nodes bring a body that rests at first [steps + 1, K], in metres by m/s.

    Between two nodes the change in one step goes evenly from the one to the other.
    """
    changes = np.stack([np.interp(np.arange(steps), nodes, unit) for unit in np.eye(len(nodes))], axis=1)
    vel = torch.from_numpy(np.concatenate([np.zeros((1, len(nodes))), changes.cumsum(axis=0)]))
    places = [torch.zeros(len(nodes), dtype=torch.float64)]
    for old, new in pairwise(vel):
        places.append(position_after(places[-1], old, new, dt, POSITION_RULE))
    return torch.stack(places).numpy()


def _median_length(segments: Sequence[Segment]) -> int:
    """The length of segment in which the middle one of all rows stands, the longest first."""
    ordered = sorted(segments, key=len, reverse=True)
    rows = np.cumsum([segment.pos.size for segment in ordered])
    return len(ordered[int(np.searchsorted(rows, rows[-1] / 2))])


def _bend(segments: Sequence[Segment], smoothing: Smoothing, steps: int) -> float:
    """The root of the mean square of how far smoothed paths of `steps` steps are from straight lines."""
    squares = [
        np.square(detrend(paths[start : start + steps + 1], axis=0)).mean()
        for paths in (smoothing.paths(segment.pos) for segment in segments if len(segment) > steps)
        for start in _starts(len(paths), steps)
    ]
    return float(np.mean(squares)) ** 0.5


def _starts(length: int, steps: int) -> list[int]:
    """Where windows begin in a segment of some length: both ends are reached."""
    last = length - 1 - steps
    count = -(-last * HOPS // steps) + 1
    return [round(start) for start in np.linspace(0, last, count)]


def _part(whole: Trajectory, start: int, steps: int) -> Trajectory:
    """A window of a trajectory, with its own start scene."""
    states = {name: getattr(whole, name)[start : start + steps + 1] for name in STATE_FIELDS}
    return Trajectory(whole.at(start), **states, times=whole.times[: steps + 1])


def _beside(parts: Sequence[Trajectory], tracks: Tracks) -> Trajectory:
    """Windows side by side, as one trajectory of a batch of scenes."""
    states = {name: torch.cat([getattr(part, name) for part in parts], dim=1) for name in STATE_FIELDS}
    if not bool(torch.isfinite(states["pos"]).all()):
        raise PhysimError(f"{tracks.file} holds positions too large to compute with")
    scene = Scene.batch_of([part.scene for part in parts])
    return Trajectory(scene, **states, times=parts[0].times, metadata=tracks.metadata)
