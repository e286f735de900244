from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from learners.physics.train import train
from physim.engines.learned import LearnedEngine
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.generate import generate
from physim.learner import TrainSettings
from physim.scenes.forces import Gravity
from physim.worlds.find import find_world
from worlds.boxes import BoxWorld
from worlds.charges import Charges
from worlds.nbody import NBody

Settings = Callable[..., TrainSettings]

BILLIARDS = """
import pymunk

def billiards(rng, balls: int = 3):
    space = pymunk.Space()
    for a, b in [((0, 0), (4, 0)), ((4, 0), (4, 4)), ((4, 4), (0, 4)), ((0, 4), (0, 0))]:
        wall = pymunk.Segment(space.static_body, a, b, 0.05)
        wall.elasticity = 1.0
        space.add(wall)
    for number in range(balls):
        ball = pymunk.Body(1.0, pymunk.moment_for_circle(1.0, 0, 0.3))
        ball.position, ball.velocity = (0.8 + number, 1.0 + number), tuple(rng.uniform(-5, 5, 2))
        shape = pymunk.Circle(ball, 0.3)
        shape.elasticity = 1.0
        space.add(ball, shape)
    return space
"""


def test_training_leaves_an_engine_and_its_losses_and_no_checkpoint(settings: Settings, tmp_path: Path) -> None:
    path = train(NBody(bodies=3), settings())
    assert {entry.name for entry in tmp_path.iterdir()} == {"a.safetensors", "a.losses.csv"}
    engine = LearnedEngine.load(path)
    assert torch.isfinite(rollout(engine, NBody(bodies=7).scene(seed=4), 5).pos).all()


def test_the_weights_say_what_they_fit_and_where_they_come_from(settings: Settings) -> None:
    terms = LearnedEngine.load(train(Charges(bodies=3), settings())).terms
    assert (terms.dt, terms.position_rule) == (1e-3, 1.0)
    assert (terms.columns, terms.shape_kinds, terms.relation_kinds) == (("mass", "charge"), ("point",), ("pair",))
    assert terms.provenance["world"] == Charges(bodies=3).metadata
    assert terms.provenance["updates"] == 10


def test_the_mlp_fits_its_own_number_of_bodies_alone(settings: Settings) -> None:
    engine = LearnedEngine.load(train(NBody(bodies=3), settings(config="mlp")))
    engine.start(NBody(bodies=3).scene(seed=0))
    with pytest.raises(PhysimError, match="bodies: these weights fit scenes of 3"):
        engine.start(NBody(bodies=4).scene(seed=0))


def test_generated_data_trains_to_the_same_weights_as_making_it_on_the_way(
    settings: Settings, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    world = NBody(bodies=3)
    generate(world, scenes=10, steps=12, seed=0, workers=1, out=tmp_path / "a.h5")
    made = tensors_of(train(world, settings(out=tmp_path / "made.safetensors")))
    read = tensors_of(train(world, settings(out=tmp_path / "read.safetensors", data=tmp_path / "a.h5")))
    assert all(torch.equal(made[name], read[name]) for name in made)


def test_a_users_balls_and_walls_are_learned_through_their_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BILLIARDS)
    world = find_world(f"{tmp_path}/mine.py:billiards")
    engine = LearnedEngine.load(train(world, settings(scenes=20, steps=60, updates=150)))
    assert engine.terms.provenance["curve"][-1]["ratio"] < 0.5
    assert engine.terms.shape_kinds == ("circle", "segment")
    learned = rollout(engine, find_world(f"{tmp_path}/mine.py:billiards", {"balls": 2}).scene(90_000), 30)
    assert torch.isfinite(learned.pos).all()
    assert torch.equal(learned.pos[-1, -4:], learned.pos[0, -4:])


CHAIN = """
import pymunk

def chain(rng):
    space = pymunk.Space()
    balls = [pymunk.Body(1.0, 1.0) for _ in range(2)]
    balls[1].position = rng.uniform(1, 2), 0
    space.add(*balls, pymunk.DampedSpring(*balls, (0, 0), (0, 0), 1.0, 5.0, 0.0))
    return space
"""


def test_springs_are_learned_and_refused_by_weights_that_know_none(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(CHAIN)
    world = find_world(f"{tmp_path}/mine.py:chain")
    engine = LearnedEngine.load(train(world, settings(scenes=20, steps=60, updates=150)))
    assert engine.terms.provenance["curve"][-1]["ratio"] < 0.1
    assert engine.terms.relation_kinds == ("pair", "spring")
    paper = LearnedEngine.load(train(world, settings(config="paper", updates=2, out=tmp_path / "b.safetensors")))
    assert paper.terms.relation_kinds == ("pair", "spring")
    with pytest.raises(PhysimError, match=r"edge_kind: these weights know \['pair'\], the scene has \['spring'\] too"):
        LearnedEngine.load("nbody").start(world.scene(0).moved(dt=torch.tensor([1e-3], dtype=torch.float64)))


def test_weights_keep_the_damping_of_their_world(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BILLIARDS.replace("Space()", "Space(); space.damping = 0.5"))
    world = find_world(f"{tmp_path}/mine.py:billiards")
    engine = LearnedEngine.load(train(world, settings()))
    assert (engine.terms.damping, engine.terms.position_rule) == (0.5, 0.45)
    engine.start(world.scene(0))


def test_where_bodies_go_far_in_a_step_the_simulators_own_steps_are_learned(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(BILLIARDS.replace("-5, 5", "-50, 50"))
    world = find_world(f"{tmp_path}/mine.py:billiards")
    engine = LearnedEngine.load(train(world, settings()))
    terms = engine.terms
    assert (terms.steps, terms.position_rule) == (world.substeps, 0.0)
    assert terms.dt == engine.dt == world.dt
    assert "learned are steps of 0.00166667 s, of which the engine takes 10" in capsys.readouterr().err
    assert np.isfinite(engine.step(engine.start(world.scene(90_000))).pos).all()
    generate(world, scenes=10, steps=12, seed=0, workers=1, out=tmp_path / "a.h5")
    assert LearnedEngine.load(train(world, settings(data=tmp_path / "a.h5"))).terms.steps == 1
    assert "bodies go far in a step, and data hold whole steps: without --data" in capsys.readouterr().err
    with pytest.raises(PhysimError, match=r"--resume: there is no checkpoint .* to go on from"):
        train(world, settings(resume=True, out=tmp_path / "nosuch.safetensors"))
    with pytest.raises(PhysimError, match=r"config fine: its data are simulated for it alone, got data .*a\.h5"):
        train(world, settings(config="fine", data=tmp_path / "a.h5"))


def test_what_never_varied_in_training_is_refused_where_it_does(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BILLIARDS)
    world = find_world(f"{tmp_path}/mine.py:billiards")
    engine = LearnedEngine.load(train(world, settings()))
    assert engine.terms.constant == {"mass": 1.0, "elasticity": 1.0, "friction": 0.0}
    scene = world.scene(90_000)
    engine.start(scene)
    for name, value in (("mass", 5.0), ("elasticity", 0.0), ("friction", 0.7)):
        with pytest.raises(
            PhysimError, match=rf"{name}: these weights were trained with . alone, the scene has {value:g}"
        ):
            engine.start(scene.moved(**{name: torch.where(scene.inverse_mass > 0, value, scene[name])}))
    assert set(LearnedEngine.load(train(NBody(bodies=3), settings())).terms.constant) == set()


def test_data_of_test_seeds_is_refused(settings: Settings, tmp_path: Path) -> None:
    generate(NBody(), scenes=2, steps=2, seed=90_001, workers=1, out=tmp_path / "a.h5")
    with pytest.raises(PhysimError, match="was made with seed 90001; from 90000 on they are for tests"):
        train(NBody(), settings(data=tmp_path / "a.h5"))


def test_weights_say_which_world_made_the_data_they_learned(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = NBody(bodies=3, gravity=5e4)
    generate(made, scenes=10, steps=12, seed=0, workers=1, out=tmp_path / "a.h5")
    engine = LearnedEngine.load(train(NBody(bodies=3), settings(data=tmp_path / "a.h5")))
    assert engine.terms.provenance["world"] == made.metadata
    assert capsys.readouterr().err.count("the world's parameters are those of") == 1


def test_data_of_code_that_was_edited_since_is_refused(settings: Settings, tmp_path: Path) -> None:
    for name, text in (("old", BILLIARDS), ("new", BILLIARDS.replace("-5, 5", "-4, 4"))):
        (tmp_path / f"{name}.py").write_text(text)
    generate(find_world(f"{tmp_path}/old.py:billiards"), scenes=2, steps=2, seed=0, workers=1, out=tmp_path / "a.h5")
    with pytest.raises(PhysimError, match="other code of billiards than today's: generate it again"):
        train(find_world(f"{tmp_path}/new.py:billiards"), settings(data=tmp_path / "a.h5"))


@pytest.mark.parametrize(("world", "field"), [(Charges(), "name"), (NBody(dt=2e-3), "dt"), (NBody(substeps=2), "pos")])
def test_data_of_another_world_or_step_is_refused_by_name(
    world: NBody, field: str, settings: Settings, tmp_path: Path
) -> None:
    generate(world, scenes=2, steps=2, seed=0, workers=1, out=tmp_path / "a.h5")
    with pytest.raises(PhysimError, match=f"comes from a world whose {field}"):
        train(NBody(), settings(data=tmp_path / "a.h5"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.h5"]


def test_resuming_without_a_checkpoint_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="there is no checkpoint"):
        train(NBody(), settings(resume=True))
    assert not list(tmp_path.iterdir())


TELLING = """
import os, sys
from physim.cli import main

rank = os.environ["RANK"]
os.environ |= {"LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": os.environ["WORLD_SIZE"], "TORCHELASTIC_RUN_ID": "none"}
os.dup2(os.open(f"{sys.argv[0]}.{rank}.txt", os.O_CREAT | os.O_WRONLY), 2)
sys.exit(main(sys.argv[1:]))
"""
"""The `physim` command as torchrun starts it, but for what it says, which goes to a file beside the script."""


def test_two_processes_train_to_the_losses_of_one(
    settings: Settings, forked: Callable[[Sequence[str], int], list[int]], tmp_path: Path
) -> None:
    script, folder = tmp_path / "telling.py", tmp_path / "out"
    script.write_text(TELLING)
    folder.mkdir()
    one, two = folder / "one.safetensors", folder / "two.safetensors"
    train(NBody(bodies=3), settings(updates=50, precision="64-true", out=one))
    flags = f"--bodies 3 --scenes 10 --steps 12 --updates 50 --precision 64-true --out {two}"
    assert forked([str(script), "train", "nbody", *flags.split()], 2) == [0, 0]
    losses = []
    for path in (one, two):
        with path.with_suffix(".losses.csv").open() as file:
            losses.append([float(row["impulse"]) for row in csv.DictReader(file)])
    assert len(losses[0]) == 50
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    assert {path.name.partition(".")[2] for path in folder.iterdir()} == {"safetensors", "losses.csv"}


@pytest.mark.slow
def test_torchrun_starts_two_processes_of_which_one_speaks(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    out = tmp_path / "net.safetensors"
    flags = f"--bodies 3 --scenes 4 --steps 12 --updates 2 --out {out}"
    torchrun = f"-m torch.distributed.run --nproc-per-node=2 --master-port={port} -m physim train nbody {flags}"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, *torchrun.split()]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [str(out)]


def test_an_error_ends_both_processes_with_its_sentence(
    forked: Callable[[Sequence[str], int], list[int]], tmp_path: Path
) -> None:
    script, out = tmp_path / "telling.py", tmp_path / "out"
    script.write_text(TELLING)
    out.mkdir()
    flags = f"--bodies 3 --scenes 2 --steps 2 --updates 1 --resume --out {out}/a.safetensors"
    assert forked([str(script), "train", "nbody", *flags.split()], 2) == [2, 2]
    for rank in range(2):
        said = Path(f"{script}.{rank}.txt").read_text()
        assert "physim: --resume: there is no checkpoint" in said
        assert "physim/cli" not in said
    assert not list(out.iterdir())


ROUGH = BILLIARDS.replace("elasticity = 1.0", "friction = 0.5")


@pytest.mark.parametrize(
    ("text", "config", "said"),
    [
        (BILLIARDS, "best", None),
        (ROUGH, "best", None),
        (ROUGH, "dynamics_only", "config dynamics_only reads no friction and no spin: what comes of it is not learned"),
        (ROUGH, "mlp", "config mlp reads no friction and no spin: what"),
    ],
    ids=["smooth", "rough", "rough, dynamics only", "rough, mlp"],
)
def test_what_a_network_cannot_see_of_its_scenes_is_said_once(
    text: str, config: str, said: str | None, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scene.py").write_text(text)
    train(find_world(f"{tmp_path}/scene.py:billiards"), settings(config=config, updates=1))
    lines = [line for line in capsys.readouterr().err.splitlines() if "reads no" in line]
    assert lines == [] if said is None else len(lines) == 1 and said in lines[0]


@dataclass(frozen=True, kw_only=True)
class Drawn(BoxWorld):
    drawn: bool = False

    @property
    def forces(self) -> Gravity | None:
        return Gravity(1.0, 1.0) if self.drawn else None


def test_a_world_is_learned_with_the_parameters_of_its_data(settings: Settings, tmp_path: Path) -> None:
    generate(Drawn(drawn=True), scenes=3, steps=6, seed=0, workers=1, out=tmp_path / "a.h5")
    engine = LearnedEngine.load(train(Drawn(), settings(data=tmp_path / "a.h5", updates=1)))
    assert "pairs" in engine.graph.relation_names
