"""The report on interaction networks: tables from rows, and the pictures beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from learners.experiment import grouped, markdown, mean
from learners.physics.baselines import CONSTANT_VELOCITY, ConstantVelocity
from learners.physics.kept import UNITS
from learners.physics.pictures import bars, error_curves, limits_of, strobe
from learners.physics.rollouts import free_run
from physim.engines.base import Engine
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.measures import median, position_error
from physim.outputs import replacing
from physim.reports import Row, Value, for_json
from physim.scenes.scene import STATE_FIELDS, Scene, scenes_of
from physim.scenes.trajectory import Trajectory
from physim.worlds import World

Parts = Mapping[str, Sequence[Row]]
Figures = Mapping[tuple[Value, ...], Sequence[float]]
PICTURED_SEED = 90_001
STEPS, SCENES = 1000, 20
MODELS = ("best", "paper", "mlp", "dynamics_only", CONSTANT_VELOCITY)
KEPT = ("blown_up", *UNITS, "energy_drift")
"""What long rollouts are judged by."""


def save_report(folder: Path, rows: Parts) -> None:
    """Write the rows as JSON, and the tables from them as Markdown."""
    parts = {part: for_json(mine) for part, mine in rows.items()}
    texts = {"rows.json": json.dumps(parts, indent=1, allow_nan=False), "README.md": markdown_report(rows)}
    for name, text in texts.items():
        with replacing(folder / name) as draft:
            draft.write_text(text, encoding="utf-8")


def markdown_report(rows: Parts) -> str:
    """All tables in Markdown; a part without rows is left out."""
    tables = {
        "One step": ("sizes", _one_step),
        "Free rollouts": ("sizes", _rollouts),
        "Large scenes, long rollouts": ("large", _large),
        "The sweep of learning rates": ("sweep", _candidates),
        "Candidates": ("candidates", _candidates),
        "Laws on which nothing was designed": ("unseen", _unseen),
        "Energy and momentum": ("energy", _energy),
        "Inverse": ("inverse", _inverse),
    }
    written = [f"## {title}\n\n{make(rows[part])}" for title, (part, make) in tables.items() if rows.get(part)]
    return "\n".join(["# Interaction networks (arXiv:1612.00222)\n", *written])


def _one_step(rows: Sequence[Row]) -> str:
    """Mean squared errors of the velocity over constant velocity's, ours beside the paper's."""
    mine = [row for row in rows if row["name"] == "one_step_mse"]
    ratios = grouped(mine, ("world", "size", "model"), "ratio")
    papers = grouped(mine, ("world", "size", "model"), "paper")
    places = dict.fromkeys((row["world"], row["size"]) for row in mine)
    lines = [
        [world, size, *(_cell(ratios, papers, (world, size, model)) for model in MODELS)] for world, size in places
    ]
    note = "Mean squared error of the velocity after one step over constant velocity's; the paper's in brackets.\n\n"
    return note + markdown(("world", "size", *MODELS), lines)


def _cell(ratios: Figures, papers: Figures, key: tuple[Value, ...]) -> str | None:
    if key not in ratios:
        return None
    paper = f" ({papers[key][0]:.2g})" if key in papers else ""
    return f"{ratios[key][0]:.2g}{paper}"


def _rollouts(rows: Sequence[Row]) -> str:
    head = ("world", "size", "model", "steps under 5 %", "scenes to the end", "error at the end (m)", "blown up")
    return markdown(head, _rollout_lines(rows))


def _rollout_lines(rows: Sequence[Row]) -> Iterator[Sequence[object]]:
    ends = {_place(row): row for row in rows if row["name"] == "rollout_position_error"}  # the last step stays
    blown = {_place(row): row for row in rows if row["name"] == "blown_up"}
    for row in rows:
        if row["name"] == "steps_under_5_percent":
            place = _place(row)
            share = f"{100 * float(row.get('share_to_the_end') or 0):.0f} %"
            yield *place, row.get("value"), share, ends[place].get("value"), blown[place].get("value")


def _place(row: Row) -> tuple[Value, ...]:
    return row["world"], row["size"], row.get("model")


def _large(rows: Sequence[Row]) -> str:
    values = {(*_place(row), row["name"]): row.get("value") for row in rows if row["name"] in KEPT}
    places = dict.fromkeys(key[:3] for key in values)
    note = "Penetration, a share of a radius: 99 % of all instants at which a body touches something are no deeper.\n\n"
    lines = [[*at, *(values.get((*at, name)) for name in KEPT)] for at in places]
    return note + markdown(("world", "size", "model", *KEPT), lines)


def _candidates(rows: Sequence[Row]) -> str:
    """One-step ratios on the training size and on the last of the other sizes, and how many updates led there."""
    mine = [row for row in rows if row["name"] == "one_step_mse" and row.get("model") == row["arm"]]
    mine = [{**row, "arm": f"{row['arm']}, rate {row['rate']}" if row.get("rate") else row["arm"]} for row in mine]
    ratios = grouped(mine, ("arm", "world", "size"), "ratio")
    updates = grouped(mine, ("arm", "world"), "updates")
    places = list(dict.fromkeys((row["world"], row["size"]) for row in mine))
    worlds = list(dict.fromkeys(row["world"] for row in mine))
    lines = [
        [
            arm,
            *(mean(ratios[arm, *place]) if (arm, *place) in ratios else None for place in places),
            *(round(mean(updates[arm, world]).middle) if (arm, world) in updates else None for world in worlds),
        ]
        for arm in dict.fromkeys(row["arm"] for row in mine)
    ]
    head = ("arm", *(f"{world}, {size}" for world, size in places), *(f"updates on {world}" for world in worlds))
    note = "One-step error over constant velocity's on tuning seeds: the mean over training seeds [95 % interval].\n\n"
    return note + markdown(head, lines)


def _unseen(rows: Sequence[Row]) -> str:
    mine = [row for row in rows if row["name"] == "one_step_mse" and row.get("model") == "best"]
    return markdown(
        ("world", "one-step ratio", "minutes"), [[row["world"], row.get("ratio"), row.get("minutes")] for row in mine]
    )


def _energy(rows: Sequence[Row]) -> str:
    head = ("world", "quantity", "model", "mean squared error", "unit", "over the MLP's", "share of variance", "paper")
    keys = ("world", "quantity", "model", "value", "unit", "ratio", "share_of_variance", "paper")
    return markdown(head, [[row.get(key) for key in keys] for row in rows])


def _inverse(rows: Sequence[Row]) -> str:
    head = ("unknown", "of", "figure", "value", "unit", "that of the guess", "nine in ten under")
    keys = ("arm", "of", "name", "value", "unit", "against_value", "nine_in_ten_under")
    return markdown(head, [[row.get(key) for key in keys] for row in rows])


def save_pictures(folder: Path, worlds: Mapping[str, World], rows: Parts) -> None:
    """Write rollouts, error curves and ratios as PNG files."""
    from matplotlib import pyplot  # an extra: the package works without it

    for name, world in worlds.items():
        figure, axes = pyplot.subplots(1, 3, figsize=(15, 5), layout="constrained")
        _draw_rollouts(world, LearnedEngine.load(name), axes)
        _save(figure, folder / f"{name}.png")
    if rows.get("sizes"):
        figure, single = pyplot.subplots(figsize=(12, 5), layout="constrained")
        bars(_ratios(rows["sizes"]), single, "one-step error over constant velocity's")
        _save(figure, folder / "one_step.png")


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    with replacing(path) as draft:
        figure.savefig(draft, dpi=110)
    pyplot.close(figure)


def _draw_rollouts(world: World, best: Engine[Any], axes: Any) -> None:
    """The truth and our network side by side in one scene, and over several scenes how far networks are off."""
    scenes = Scene.batch_of(world.scenes(PICTURED_SEED, SCENES))
    truth = rollout(world.engine(), scenes, STEPS)
    engines = {"best": best, "constant velocity": ConstantVelocity(world.dt)}
    runs = {name: free_run(engine, scenes, STEPS, lambda steps: None) for name, engine in engines.items()}
    limits = limits_of(_first(truth))
    for (name, run), place in zip({"the truth": truth, "best": runs["best"]}.items(), axes[:2], strict=True):
        strobe(_first(run), place, limits).set_title(f"{world.name}, {name}, {world.dt * STEPS:g} s")
    errors = {name: [median(error) for error in position_error(run, truth)] for name, run in runs.items()}
    error_curves(errors, world.dt, axes[2])


def _first(run: Trajectory) -> Trajectory:
    """The first of the scenes of a rollout."""
    scene = scenes_of(run.scene)[0]
    pos, vel, angle, turning = (getattr(run, name)[:, : scene.num_bodies] for name in STATE_FIELDS)
    return Trajectory(scene, pos, vel, angle, turning, run.times)


def _ratios(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """One-step ratios by world and size, ours and the paper's."""
    figures: dict[str, dict[str, float]] = {}
    for row in rows:
        ratio = float(row.get("ratio") or 0)
        if row["name"] == "one_step_mse" and row.get("model") in MODELS[:4] and ratio > 0 and isfinite(ratio):
            group = figures.setdefault(f"{row['size']}", {})
            group[str(row["model"])] = ratio
            if row.get("model") == "best" and row.get("paper"):
                group["the paper's own"] = float(row["paper"] or 0)
    return figures
