"""What a session measured, in the one form for figures."""

from __future__ import annotations

import math

from physim.reports import Row, row
from physim.viewer.pace import Pace
from physim.viewer.playback import Playback
from physim.viewer.simulation import TRUTH


def rows_of(playback: Playback, pace: Pace) -> list[Row]:
    """Speeds, and how the runs stand after the last step."""
    simulation, speeds = playback.simulation, pace.average()
    labels: Row = {"world": simulation.world.name, "bodies": simulation.count}
    labels |= {"seed": simulation.seed, "shown": " ".join(playback.shown)}
    rows = [
        row("frames_per_second", speeds.frames, "frames/s") | labels,
        row("steps_per_frame", playback.steps_per_frame, "steps") | labels,
        row("steps_per_second", speeds.steps, "steps/s") | labels,
        row("steps", simulation.step, "steps") | labels,
    ]
    if pace.seconds_to_first_frame is not None:
        rows.append(row("seconds_to_first_frame", pace.seconds_to_first_frame, "s") | labels)
    for title in simulation.runs:
        error = None if title == TRUTH else simulation.comparison.position_error(title)
        if error is not None:
            rows.append(row("rollout_position_error", error, simulation.world.unit) | labels | {"engine": title})
    return rows + _drifts(playback, labels)


def _drifts(playback: Playback, labels: Row) -> list[Row]:
    """The size of each run's energy drift beside the truth's, or the step at which it stopped."""
    simulation = playback.simulation
    true = simulation.truth.drift().energy or 0.0
    rows: list[Row] = []
    for title, run in simulation.runs.items():
        energy, against = run.drift().energy, (None, None) if title == TRUTH else (TRUTH, abs(true))
        if run.stopped_at is not None:
            figure = row("stopped_at_step", run.stopped_at, "steps") | {"message": run.message}
        elif energy is not None and math.isfinite(energy):
            figure = row("energy_drift", abs(energy), "share", *against)
        else:
            continue
        rows.append(figure | labels | {"engine": title})
    return rows
