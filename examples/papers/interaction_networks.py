"""Interaction Networks (arXiv:1612.00222): the tables and figures of the paper, rebuilt and beaten.

python examples/papers/interaction_networks.py [--quick] [--parts sizes large sweep candidates unseen energy inverse]
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from learners.experiment import Cell, Grid
from learners.papers import PaperSettings
from learners.physics import report
from learners.physics.checksums import LENGTH
from learners.physics.configs import CANDIDATES
from learners.physics.contestants import engine_of, fingerprint, shipping_for
from learners.physics.evaluate import evaluate
from learners.physics.train import train
from physim.checks import TEST_SEEDS_FROM
from physim.learner import EvaluateSettings, TrainSettings
from physim.outputs import check_drawing
from physim.reports import Row, Value
from physim.scripts import check_choices, run_script
from physim.worlds import World
from worlds import Balls, Charges, NBody, Putty, Rubber, Strings, Swirl

RESULTS = Path(__file__).parent / "results" / "interaction_networks"
WORLDS: dict[str, dict[str, World]] = {
    "nbody": {f"{n} bodies": NBody(bodies=n) for n in (6, 3, 12)},
    "balls": {
        "6 balls": Balls(),
        "6 elastic balls": Balls(restitution=1.0),
        **{f"{n} balls": Balls(balls=n) for n in (3, 9)},
    },
    "strings": {
        f"{n} masses, {pins} pins": Strings(masses=n, pins=pins)
        for n, pins in ((15, 1), (5, 1), (30, 1), (15, 0), (15, 2))
    },
}
"""The paper's worlds by size; the first size of each is that of training."""
LARGE: dict[str, dict[str, World]] = {
    "nbody": {"24 bodies": NBody(bodies=24)},
    "balls": {**{f"{n} balls": Balls(balls=n) for n in (30, 100)}, "6 elastic balls": Balls(restitution=1.0)},
    "strings": {"30 masses, 1 pins": Strings(masses=30)},
}
UNSEEN: dict[str, World] = {"putty": Putty(), "rubber": Rubber(), "charges": Charges(), "swirl": Swirl()}
"""Laws on which nothing was designed."""
ENERGETIC: dict[str, World] = {"nbody": NBody(), "strings": Strings()}
"""The worlds whose energies are learned."""
SWEPT, RATES = ("best", "gns", "egnn", "egnn_squares", "paper"), (3e-4, 1e-3, 3e-3)
"""The configurations whose learning rates are swept, all alike, and the rates."""
CANDIDATE_SEEDS = (0, 1, 2)
"""The seeds that every candidate is trained with."""
TUNING_SCENES = 80_000
"""The scenes that candidates are compared on: what is chosen there is judged on test seeds, like all else."""
SPEED = 100_000
"""How many steps of one scene weights are judged on in a minute, about; a quarter of them where scenes are large."""
VARIED = ("bodies", "balls", "masses", "pins")
RECOVERING: dict[str, tuple[str, World]] = {"mass": ("nbody", NBody()), "stiffness": ("stiffness", Strings(spread=2))}
"""The weights through which each unknown is recovered, and the world of the scenes."""
PARTS = ("sizes", "large", "sweep", "candidates", "unseen", "energy", "inverse")


@dataclass(frozen=True)
class Scale:
    """How long trainings take and how much is tested.

    Candidates, of which there are many, are trained for `candidate_minutes` and judged on `candidate_steps`; `large` is
    the number of steps of the large scenes.
    """

    minutes: float
    candidate_minutes: float
    candidate_steps: int
    energy_minutes: float
    training_scenes: int
    scenes: int
    steps: int
    large: int
    inverse_scenes: int

    @property
    def large_scenes(self) -> int:
        """How many large scenes are run."""
        return max(2, self.scenes // 10)


FULL = Scale(4, 1, 300, 5, 600, 100, 1000, 5000, 20)
QUICK = Scale(0.1, 0.1, 50, 0.1, 20, 4, 100, 200, 2)


@dataclass(frozen=True, kw_only=True)
class Args(PaperSettings):
    """Rebuild the tables and figures of the interaction-network paper for n-body, balls and strings."""

    parts: tuple[str, ...] = PARTS
    """What to do: the paper's worlds in its sizes and in larger ones; rates and networks that are compared; laws on
    which nothing was designed; energies; and unknowns that are recovered through learned engines."""
    out: Path = RESULTS


@dataclass(frozen=True)
class Trial:
    """How a configuration is tried: its budget, and the scenes of the seed `judged_on` that it is judged on."""

    minutes: float
    training_scenes: int
    scenes: int
    steps: int
    judged_on: int

    def cell(self, arm: str, seed: int, world: str, rate: float | None = None) -> Cell:
        """The cell that trains a configuration on a world, with the minutes of data and of judging on two sizes too."""
        setting = (("world", world), ("rate", rate), *_source_of(first_of(world)), *vars(self).items())
        minutes = self.minutes + self.training_scenes / 2000 + 2 * self.scenes * self.steps / SPEED
        return Cell(arm, seed, setting, minutes)


def first_of(name: str) -> World:
    """The world of a name, in the size of training."""
    return next(iter(WORLDS[name].values())) if name in WORLDS else UNSEEN[name]


def shipped(cell: Cell) -> Sequence[Row]:
    """All weights that ship, or `best` alone (others take hours on many bodies), judged on one size of a world."""
    setting = dict(cell.setting)
    name, size = str(setting["world"]), str(setting["size"])
    world = (WORLDS[name] | LARGE.get(name, {}))[size]
    return evaluate([world], _judged(setting, *([name] if cell.arm == "best" else [])))


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
            rate=None if setting["rate"] is None else float(setting["rate"]),
            seed=cell.seed,
            scenes=int(setting["training_scenes"] or 0),
            threads=1,
        )
        train(sizes[0][1], settings)
        updates = engine_of(str(weights)).terms.provenance["updates"]
        judged = _judged(setting, str(weights))
        chosen = sizes[:1] if cell.arm == "mlp" else dict.fromkeys((sizes[0], sizes[-1]))  # the MLP fits one size
        return [
            {**row, "size": size, "updates": updates} for size, world in chosen for row in evaluate([world], judged)
        ]


def energies(cell: Cell) -> Sequence[Row]:
    """The abstraction network and the MLP, trained on a world's energy."""
    from learners.physics.energy import energy_rows

    setting = dict(cell.setting)
    world = ENERGETIC[str(setting["world"])]
    return energy_rows(world, float(setting["minutes"] or 0), int(setting["training_scenes"] or 0), cell.seed)


def inverse(cell: Cell) -> Sequence[Row]:
    """What gradients through the learned engine recover."""
    from learners.physics.recovery import Scenes, inverse_rows

    setting = dict(cell.setting)
    weights, world = RECOVERING[cell.arm]
    scenes = Scenes(int(setting["scenes"] or 0), int(setting["judged_on"] or 0))
    return inverse_rows(engine_of(weights), world, cell.arm, scenes)


def grids(args: Args) -> dict[str, Grid]:
    """The grid of each part."""
    scale = QUICK if args.quick else FULL
    trial = Trial(scale.candidate_minutes, scale.training_scenes, scale.scenes, scale.candidate_steps, TUNING_SCENES)
    test = Trial(scale.minutes, scale.training_scenes, scale.scenes, scale.steps, TEST_SEEDS_FROM)
    swept = [trial.cell(arm, 0, name, rate) for name in WORLDS for arm in SWEPT for rate in RATES]
    candidates = [trial.cell(arm, seed, name) for seed in CANDIDATE_SEEDS for name in WORLDS for arm in CANDIDATES]
    unseen = [test.cell("best", 0, name) for name in UNSEEN]
    cells = {
        "sizes": (shipped, _shipped_cells("shipped", WORLDS, scale.scenes, scale.steps, SPEED)),
        "large": (shipped, _shipped_cells("best", LARGE, scale.large_scenes, scale.large, SPEED / 4)),
        "sweep": (trained, swept),
        "candidates": (trained, candidates),
        "unseen": (trained, unseen),
        "energy": (energies, [_energy_cell(name, scale) for name in ENERGETIC]),
        "inverse": (inverse, [_inverse_cell(unknown, scale) for unknown in RECOVERING]),
    }
    return {part: Grid(args.folder / f"{part}.csv", mine, run) for part, (run, mine) in cells.items()}


def _shipped_cells(
    arm: str, worlds: Mapping[str, Mapping[str, World]], scenes: int, steps: int, speed: float
) -> list[Cell]:
    """A cell for each size of each world; with other weights it is another cell."""
    cells = []
    for name, sizes in worlds.items():
        weights = [name] if arm == "best" else shipping_for(first_of(name))
        judged_by = (("judged_on", TEST_SEEDS_FROM), ("weights", fingerprint(weights)), *_source_of(first_of(name)))
        tests = (("scenes", scenes), ("steps", steps), *judged_by)
        minutes = len(weights) * scenes * steps / speed
        cells += [Cell(arm, 0, (("world", name), ("size", size), *tests), minutes) for size in sizes]
    return cells


def _energy_cell(world: str, scale: Scale) -> Cell:
    budget = (("minutes", scale.energy_minutes), ("training_scenes", scale.training_scenes))
    made = (*_source_of(ENERGETIC[world]), ("judged_on", TEST_SEEDS_FROM))
    minutes = 2.4 * scale.energy_minutes  # two networks and data
    return Cell("abstraction", 0, (("world", world), *budget, *made), minutes)


def _inverse_cell(unknown: str, scale: Scale) -> Cell:
    weights, world = RECOVERING[unknown]
    tests = (("scenes", scale.inverse_scenes), ("judged_on", TEST_SEEDS_FROM))
    made = (("weights", fingerprint([weights])), *_source_of(world))
    return Cell(unknown, 0, (*tests, *made), scale.inverse_scenes / 20)


def _source_of(world: World) -> tuple[tuple[str, Value], ...]:
    """The setting that says by which code a world was made: by other code, it is another cell."""
    return (("source", world.metadata["source"][:LENGTH]),)


def main(args: Args) -> Path:
    """Run what is missing and write tables (Markdown, CSV, JSON) and figures (PNG); give the folder."""
    check_choices("parts", args.parts, PARTS)
    check_drawing("the report")
    every = grids(args)
    for part in args.parts:
        every[part].complete(args.workers)
    rows = {part: grid.rows() for part, grid in every.items()}
    report.save_report(args.folder, rows)
    report.save_pictures(args.folder, {name: next(iter(sizes.values())) for name, sizes in WORLDS.items()}, rows)
    print(f"tables and figures lie in {args.folder}")
    return args.folder


def _judged(setting: Row, *weights: str) -> EvaluateSettings:
    scenes, steps, seed = (int(setting[name] or 0) for name in ("scenes", "steps", "judged_on"))
    return EvaluateSettings(weights=weights, scenes=scenes, steps=steps, seed=seed, varied=VARIED)


if __name__ == "__main__":
    run_script(main, Args, __doc__)
