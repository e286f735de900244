"""Interaction Networks (arXiv:1612.00222): the tables and figures of the paper, rebuilt and beaten.

python examples/papers/interaction_networks.py [--quick]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import tyro

from learners.experiment import Cell, Grid
from learners.physics import report
from learners.physics.configs import CANDIDATES
from learners.physics.evaluate import evaluate
from learners.physics.train import train
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.learner import EvaluateSettings, TrainSettings
from physim.reports import Row
from physim.worlds import World
from worlds import Balls, Charges, NBody, Putty, Rubber, Strings, Swirl

STIFFNESS = Path(str(resources.files("learners.physics"))) / "weights" / "stiffness.safetensors"
RESULTS = Path(__file__).parent / "results" / "interaction_networks"
WORLDS: dict[str, dict[str, World]] = {
    "nbody": {f"{n} bodies": NBody(bodies=n) for n in (6, 3, 12)},
    "balls": {f"{n} balls": Balls(balls=n) for n in (6, 3, 9)},
    "strings": {
        f"{n} masses, {pins} pins": Strings(masses=n, pins=pins)
        for n, pins in ((15, 1), (5, 1), (30, 1), (15, 0), (15, 2))
    },
}
"""The paper's worlds by size; the first size of each is that of training."""
LARGE: dict[str, dict[str, World]] = {
    "nbody": {"24 bodies": NBody(bodies=24)},
    "balls": {
        "30 balls": Balls(balls=30),
        "100 balls": Balls(balls=100),
        "6 elastic balls": Balls(restitution=1.0),
    },
    "strings": {"30 masses, 1 pins": Strings(masses=30)},
}
UNSEEN: dict[str, World] = {"putty": Putty(), "rubber": Rubber(), "charges": Charges(), "swirl": Swirl()}
"""Laws on which nothing was designed."""
VARIED = ("bodies", "balls", "masses", "pins")
PARTS = ("sizes", "large", "candidates", "unseen", "energy", "inverse")


@dataclass(frozen=True)
class Scale:
    """How long trainings take and how much is tested; `large` is the number of steps of the large scenes."""

    minutes: float
    energy_minutes: float
    training_scenes: int
    scenes: int
    steps: int
    large: int
    inverse_scenes: int


FULL = Scale(4, 5, 600, 100, 1000, 5000, 20)
QUICK = Scale(0.1, 0.1, 20, 4, 100, 200, 2)


@dataclass(frozen=True)
class Args:
    """Rebuild the tables and figures of the interaction-network paper for n-body, balls and strings."""

    quick: bool = False
    """Minutes instead of hours: the same tables from little training, in a folder of their own."""
    parts: tuple[str, ...] = PARTS
    """Which parts to run: sizes, large, candidates, unseen, energy, inverse."""
    workers: int = 2
    """How many cells run at a time, on one core each."""
    out: Path | None = None
    """Where the results go; rows that lie there are kept."""

    @property
    def folder(self) -> Path:
        """Where the results go."""
        return self.out or (RESULTS / "quick" if self.quick else RESULTS)


def shipped(cell: Cell) -> Sequence[Row]:
    """The weights that ship, judged on one size of a world."""
    setting = dict(cell.setting)
    world = (WORLDS | {key: WORLDS[key] | more for key, more in LARGE.items()})[str(setting["world"])][
        str(setting["size"])
    ]
    return _plain(evaluate([world], _judged(setting)))


def trained(cell: Cell) -> Sequence[Row]:
    """One configuration trained from nothing on a world's first size, judged on its first and its last size."""
    setting = dict(cell.setting)
    name = str(setting["world"])
    sizes = list(WORLDS[name].items()) if name in WORLDS else [(name, UNSEEN[name])]
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / f"{cell.arm}.safetensors"
        settings = TrainSettings(
            out=weights,
            config=cell.arm,
            minutes=float(setting["minutes"] or 0),
            seed=cell.seed,
            scenes=int(setting["training_scenes"] or 0),
            threads=1,
        )
        train(sizes[0][1], settings)
        judged = _judged(setting, str(weights))
        chosen = sizes[:1] if cell.arm == "mlp" else dict.fromkeys((sizes[0], sizes[-1]))  # the MLP fits one size
        return [row | {"size": size} for size, world in chosen for row in _plain(evaluate([world], judged))]


def energies(cell: Cell) -> Sequence[Row]:
    """The abstraction network and the MLP, trained on a world's energy."""
    from learners.physics.energy import energy_rows

    setting = dict(cell.setting)
    world = next(iter(WORLDS[str(setting["world"])].values()))
    rows = energy_rows(world, float(setting["minutes"] or 0), int(setting["training_scenes"] or 0), cell.seed)
    return _plain(rows)


def inverse(cell: Cell) -> Sequence[Row]:
    """What gradients through the learned engine recover."""
    from learners.physics.recovery import Scenes, inverse_rows

    of_mass = cell.arm == "mass"
    engine = LearnedEngine.load("nbody" if of_mass else STIFFNESS)
    world = NBody() if of_mass else Strings(spread=2)
    return _plain(inverse_rows(engine, world, cell.arm, Scenes(count=int(dict(cell.setting)["scenes"] or 0))))


def grids(args: Args) -> dict[str, Grid]:
    """The grid of each part."""
    scale = QUICK if args.quick else FULL
    tests = (("scenes", scale.scenes), ("steps", scale.steps))
    budget = (("minutes", scale.minutes), ("training_scenes", scale.training_scenes), *tests)
    sizes = [(name, size) for name, worlds in WORLDS.items() for size in worlds]
    large = [(name, size) for name, worlds in LARGE.items() for size in worlds]
    long = (("scenes", max(2, scale.scenes // 10)), ("steps", scale.large))
    cells = {
        "sizes": (shipped, [Cell("shipped", 0, (("world", n), ("size", s), *tests), 4) for n, s in sizes]),
        "large": (shipped, [Cell("shipped", 0, (("world", n), ("size", s), *long), 8) for n, s in large]),
        "candidates": (
            trained,
            [Cell(arm, 0, (("world", n), *budget), scale.minutes + 2) for n in WORLDS for arm in CANDIDATES],
        ),
        "unseen": (trained, [Cell("best", 0, (("world", n), *budget), scale.minutes + 1) for n in UNSEEN]),
        "energy": (
            energies,
            [
                Cell("abstraction", 0, (("world", n), ("minutes", scale.energy_minutes), *budget[1:2]), 12)
                for n in ("nbody", "strings")
            ],
        ),
        "inverse": (inverse, [Cell(u, 0, (("scenes", scale.inverse_scenes),), 10) for u in ("mass", "stiffness")]),
    }
    return {part: Grid(args.folder / f"{part}.csv", mine, run) for part, (run, mine) in cells.items()}


def main(args: Args) -> Path:
    """Run what is missing and write tables (Markdown, CSV, JSON) and figures (PNG); give the folder."""
    unknown = sorted(set(args.parts) - set(PARTS))
    if unknown:
        raise PhysimError(f"parts must be some of {', '.join(PARTS)}, got {', '.join(unknown)}")
    every = grids(args)
    for part in args.parts:
        every[part].complete(args.workers)
    rows = {part: grid.rows() for part, grid in every.items()}
    with (args.folder / "rows.json").open("w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
    (args.folder / "README.md").write_text(report.markdown_report(rows), encoding="utf-8")
    report.save_pictures(args.folder, {name: next(iter(sizes.values())) for name, sizes in WORLDS.items()}, rows)
    print(f"tables and figures lie in {args.folder}")
    return args.folder


def _judged(setting: Row, *weights: str) -> EvaluateSettings:
    return EvaluateSettings(
        weights=weights, scenes=int(setting["scenes"] or 0), steps=int(setting["steps"] or 0), varied=VARIED
    )


def _plain(rows: Sequence[Row]) -> list[Row]:
    """Rows without the columns that cells have themselves."""
    return [{key: value for key, value in row.items() if key not in ("world", "scenes", "steps")} for row in rows]


if __name__ == "__main__":
    try:
        main(tyro.cli(Args))
    except PhysimError as error:
        print(f"interaction_networks.py: {error}", file=sys.stderr)
        sys.exit(2)
