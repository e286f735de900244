"""An engine from noisy positions in a file: python examples/tracks.py --minutes 5."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from physim.checks import check_positive
from physim.cli import main as physim
from physim.errors import PhysimError
from physim.outputs import check_writable, replacing
from physim.reports import Row, check_report, report
from physim.scripts import run_script

if TYPE_CHECKING:
    from physim.scenes.trajectory import Trajectory
    from physim.worlds import World


@dataclass(frozen=True)
class Args:
    """Measure a law that pymunk does not have, with noise, learn it from the file alone, and judge on unseen scenes.

    Noise is Gaussian, by coordinate; the unseen scenes have none, and only they know the true velocities.
    """

    world: Literal["swirl", "charges"] = "swirl"
    """The world whose law is measured."""
    scenes: int = 100
    """How many scenes are measured."""
    steps: int = 200
    """How many steps of each."""
    noise: float = 0.01
    """Standard deviation of the noise, as a share of the spread of a scene: the root of the mean square by which a
    coordinate of its bodies, over all instants, is off its mean."""
    minutes: float | None = 5
    """How long to train, in minutes of the processor."""
    updates: int | None = None
    """Train for so many updates at most."""
    seed: int = 0
    """What scenes, noise and training are drawn from."""
    unseen: int = 100
    """How many unseen scenes to judge on, with as many steps."""
    folder: Path = Path()
    """Where tracks.csv and tracks.safetensors are left."""
    json: str | None = None
    """Write the figures as JSON to this file, or with - to standard output."""


def main(args: Args) -> list[Row]:
    """Measure, learn, judge, print the figures, and return them."""
    check_positive(scenes=args.scenes, steps=args.steps, unseen=args.unseen)
    if args.noise < 0:
        raise PhysimError(f"noise must be 0 or more, got {args.noise}")
    check_report(args.json)
    tracks, weights = args.folder / "tracks.csv", args.folder / "tracks.safetensors"
    check_writable(tracks, "--folder")
    world = world_of(args.world)
    measure(world, args, tracks)
    train(args, tracks, weights)
    rows = judged(world, args, weights)
    report(rows, args.json)
    return rows


def world_of(name: str) -> World:
    """The world by its name."""
    from worlds import Charges, Swirl

    return Swirl() if name == "swirl" else Charges()


def measure(world: World, args: Args, path: Path) -> None:
    """Simulate scenes and write the positions of their bodies, with noise, as a table."""
    from physim.engines.rollout import rollout
    from physim.scenes.scene import Scene

    scenes = Scene.batch_of(world.scenes(args.seed, args.scenes))
    write(rollout(world.engine(), scenes, args.steps), args, world.columns, path)


def write(truth: Trajectory, args: Args, columns: tuple[str, ...], path: Path) -> None:
    """One line for each body and instant."""
    import numpy as np

    rng = np.random.default_rng(args.seed)
    known = ("mass", *columns)
    starts = truth.scene.ptr.tolist()
    with replacing(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["scene", "time", "object", "x", "y", *known])
        for scene in range(args.scenes):
            bodies = slice(starts[scene], starts[scene + 1])
            pos = truth.pos[:, bodies].numpy()
            spread = float(np.square(pos - pos.mean(axis=(0, 1))).mean()) ** 0.5
            seen = pos + args.noise * spread * rng.standard_normal(pos.shape)
            attributes = list(zip(*(truth.scene[name][bodies].tolist() for name in known), strict=True))
            for time, places in zip(truth.times.tolist(), seen.tolist(), strict=True):
                table.writerows(
                    [scene, f"{time:.9g}", body, *place, *attributes[body]] for body, place in enumerate(places)
                )


def train(args: Args, tracks: Path, weights: Path) -> None:
    """As a user would, by the command."""
    lengths = {"--minutes": args.minutes, "--updates": args.updates}
    flags = [str(word) for name, value in lengths.items() if value is not None for word in (name, value)]
    command = ["train", str(tracks), "--threads", "1", "--seed", str(args.seed), "--out", str(weights), *flags]
    if physim(command):
        raise PhysimError(f"physim {' '.join(command)} failed")


def judged(world: World, args: Args, weights: Path) -> list[Row]:
    """The figures on unseen scenes, with what the training knew."""
    from learners.physics.evaluate import evaluate
    from physim.engines.learned import LearnedEngine
    from physim.learner import EvaluateSettings

    made = LearnedEngine.load(weights).terms.provenance
    told = {"noise": args.noise, "noise_found": made["noise"], "minutes": made["minutes"], "updates": made["updates"]}
    rows = evaluate([world], EvaluateSettings(weights=(str(weights),), scenes=args.unseen, steps=args.steps))
    return [row | told | {"training_seed": args.seed} for row in rows]


if __name__ == "__main__":
    run_script(main, Args)
