from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.fx.experimental import _config

from physim.engines import learned
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.graph import ModuleGraph, save_graph
from physim.interaction import interaction_network, mlp, paper_interaction_network
from physim.scenes.scene import PIVOT, POLYGON, SLIDE, Scene
from physim.worlds import find_world

Settle = Callable[[ModuleGraph], ModuleGraph]
Crowd = Callable[..., Scene]

TERMS = Terms(0.1, 1.0, ("mass",), ("point",), ("pair",), {"world": {"name": "crowd"}})
SHAPES = replace(TERMS, columns=("mass", "elasticity", "friction"), shape_kinds=("circle", "segment"))


@pytest.fixture
def engine(settled: Settle) -> LearnedEngine:
    return LearnedEngine(settled(interaction_network()), TERMS)


def test_a_saved_engine_comes_back_bit_for_bit(engine: LearnedEngine, crowd: Crowd, tmp_path: Path) -> None:
    engine.save(tmp_path / "a.safetensors")
    other = LearnedEngine.load(tmp_path / "a.safetensors")
    assert other.terms == engine.terms
    assert torch.equal(rollout(other, crowd(6), 5).pos, rollout(engine, crowd(6), 5).pos)


def test_saving_twice_gives_the_same_bytes(engine: LearnedEngine, tmp_path: Path) -> None:
    for name in ("a", "b"):
        engine.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_rollout_is_free_running(engine: LearnedEngine, crowd: Crowd) -> None:
    whole, first = rollout(engine, crowd(4), 9), rollout(engine, crowd(4), 5)
    assert torch.equal(rollout(engine, first.at(-1), 4).pos, whole.pos[5:])


def test_a_step_leaves_the_state_it_came_from(engine: LearnedEngine, crowd: Crowd) -> None:
    state = engine.start(crowd(4))
    before = state.scene.pos.clone()
    engine.step(state)
    assert torch.equal(state.scene.pos, before)
    assert torch.equal(engine.step(state).scene.pos, engine.step(state).scene.pos)


def test_a_batch_of_scenes_runs_as_its_scenes_do_alone(settled: Settle, crowd: Crowd) -> None:
    engine = LearnedEngine(settled(interaction_network().double()), TERMS)
    scenes = [crowd(bodies, seed=bodies) for bodies in (3, 1, 7)]
    alone = torch.cat([rollout(engine, scene, 6).pos for scene in scenes], dim=1)
    assert (rollout(engine, Scene.batch_of(scenes), 6).pos - alone).abs().max() < 1e-9


@pytest.mark.parametrize("output", ["velocity", "velocity_change"])
def test_bodies_that_cannot_be_pushed_keep_their_motion(output: str, settled: Settle, crowd: Crowd) -> None:
    scene = crowd(6, 3, True)
    scene.body_type[-1], scene.vel[-1] = 1, torch.tensor([2.0, 0.0])
    graphs = {
        "velocity": paper_interaction_network,
        "velocity_change": lambda: interaction_network(columns=SHAPES.columns, relations=["contacts"], contact_dt=0.1),
    }
    trajectory = rollout(LearnedEngine(settled(graphs[output]()), SHAPES), scene, 3)
    moved = trajectory.pos[-1] - trajectory.pos[0]
    assert moved[-2].tolist() == [0.0, 0.0]
    assert moved[-1].tolist() == [pytest.approx(0.6), 0.0]


def test_several_steps_of_the_graph_make_one_of_the_engine(engine: LearnedEngine, crowd: Crowd) -> None:
    coarse = LearnedEngine(engine.graph, replace(TERMS, dt=0.4, steps=4))
    fine = rollout(engine, crowd(6), 12)
    assert coarse.dt == 0.4
    assert torch.equal(rollout(coarse, crowd(6), 3).pos, fine.pos[::4])


def test_angles_turn_at_their_first_speed(engine: LearnedEngine, crowd: Crowd) -> None:
    scene = crowd(2).moved(angular_velocity=torch.tensor([0.0, 3.0], dtype=torch.float64))
    assert rollout(engine, scene, 4).angle[-1].tolist() == [0.0, pytest.approx(4 * 0.1 * 3)]


@pytest.mark.parametrize("share", [1.0, 0.625, 0.0])
def test_positions_move_by_the_truths_rule(share: float, engine: LearnedEngine, crowd: Crowd) -> None:
    state = engine.start(crowd())
    after = LearnedEngine(engine.graph, replace(TERMS, position_rule=share)).step(state)
    assert np.allclose((after.pos - state.pos) / 0.1, (1 - share) * state.vel + share * after.vel)


def test_a_rule_by_its_old_name_is_refused() -> None:
    with pytest.raises(PhysimError, match="position_rule: these weights say 'new_velocity', wanted a number"):
        Terms.of(TERMS.__dict__ | {"position_rule": "new_velocity"})
    with pytest.raises(PhysimError, match=r"position_rule: these weights say 7.5, wanted a number from 0 to 1"):
        Terms.of(TERMS.__dict__ | {"position_rule": 7.5})


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"dt": 0.2}, "dt: these weights were trained for steps of 0.2 s, the scene's are 0.1 s"),
        ({"columns": ("mass", "charge")}, r"columns: these weights read \['charge'\]"),
        ({"shape_kinds": ("circle",)}, r"shape: these weights know \['circle'\], the scene has \['point'\] too"),
        ({"relation_kinds": ("spring",)}, r"edge_kind: these weights know \['spring'\], the scene has \['pair'\] too"),
        ({"bodies": 4}, r"bodies: these weights fit scenes of 4, got \[5\]"),
        ({"damping": 0.9}, r"damping: these weights were trained with 0.9, the scene's is 1"),
    ],
)
def test_a_scene_that_does_not_fit_is_refused_by_name(
    terms: dict[str, Any], sentence: str, engine: LearnedEngine, crowd: Crowd
) -> None:
    scene = crowd(5).moved(dt=torch.tensor([0.1], dtype=torch.float64))
    with pytest.raises(PhysimError, match=sentence):
        LearnedEngine(engine.graph, replace(TERMS, **terms)).start(scene)


@pytest.mark.parametrize(
    ("field", "number", "sentence"),
    [
        ("shape", POLYGON, r"shape: these weights know \['point'\], the scene has \['polygon'\] too"),
        ("edge_kind", PIVOT, r"edge_kind: these weights know \['pair'\], the scene has \['pivot'\] too"),
        ("edge_kind", SLIDE, r"edge_kind: these weights know \['pair'\], the scene has \['slide'\] too"),
    ],
)
def test_shapes_and_joints_that_weights_do_not_know_are_refused_by_name(
    field: str, number: int, sentence: str, engine: LearnedEngine, crowd: Crowd
) -> None:
    scene = crowd(5)
    value = scene[field].clone()
    value[-2:] = number
    with pytest.raises(PhysimError, match=sentence):
        engine.start(scene.moved(**{field: value}))


@pytest.mark.parametrize("change", [{"gravity": [[0.0, -10.0]]}, {"damping": [0.9]}])
def test_what_acts_unseen_by_the_graph_is_refused(change: dict[str, Any], engine: LearnedEngine, crowd: Crowd) -> None:
    scene = crowd().moved(**{name: torch.tensor(value, dtype=torch.float64) for name, value in change.items()})
    with pytest.raises(PhysimError, match=r"gravity|damping"):
        engine.start(scene)
    external = LearnedEngine(interaction_network(external=True), replace(TERMS, damping=scene.damping.item()))
    external.start(scene)


def test_weights_of_before_damping_was_a_term_have_none() -> None:
    older = {name: value for name, value in TERMS.__dict__.items() if name != "damping"}
    assert Terms.of(older) == TERMS


def test_segments_that_turn_are_refused(settled: Settle, crowd: Crowd) -> None:
    engine = LearnedEngine(
        settled(interaction_network(columns=SHAPES.columns, relations=["contacts"], contact_dt=0.1)), SHAPES
    )
    scene = crowd(5, 0, True)
    scene.angular_velocity[0] = 1.0
    engine.start(scene)
    scene.angular_velocity[-1] = 1.0
    with pytest.raises(PhysimError, match=r"angular_velocity: .* got some that do"):
        engine.start(scene)


def test_a_scene_of_unknown_dt_is_taken(engine: LearnedEngine, crowd: Crowd) -> None:
    assert math.isnan(crowd().dt.item())
    engine.start(crowd())


def test_one_scene_of_a_batch_that_does_not_fit_is_enough(crowd: Crowd) -> None:
    engine = LearnedEngine(mlp(bodies=3), replace(TERMS, bodies=3))
    with pytest.raises(PhysimError, match="bodies"):
        engine.start(Scene.batch_of([crowd(3), crowd(4)]))


def test_unknown_weights_are_refused_with_the_known_ones() -> None:
    with pytest.raises(PhysimError, match="there are no weights 'unheard_of': neither a file nor one of"):
        LearnedEngine.load("unheard_of")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"no weights file .*gone\.safetensors"):
        LearnedEngine.load(tmp_path / "gone.safetensors")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="is a folder, wanted a weights file or one of"):
        LearnedEngine.load(tmp_path)


def test_a_folder_does_not_hide_shipped_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nbody").mkdir()
    monkeypatch.chdir(tmp_path)
    assert LearnedEngine.load("nbody").terms.position_rule == 1.0


def test_a_truncated_file_is_refused(engine: LearnedEngine, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    engine.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PhysimError, match="cut off"):
        LearnedEngine.load(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "a.safetensors", metadata={"made": json.dumps("elsewhere")})
    with pytest.raises(PhysimError, match="not a physim weights file"):
        LearnedEngine.load(tmp_path / "a.safetensors")


def test_a_graph_without_an_engines_terms_is_refused(tmp_path: Path) -> None:
    save_graph(tmp_path / "a.safetensors", interaction_network(), {"dt": 0.1})
    with pytest.raises(PhysimError, match="holds a graph, but no engine"):
        LearnedEngine.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize("name", ["nbody", "balls", "strings"])
def test_a_step_on_a_device_stays_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's device without numbers stands for one with: what is left on the CPU does not go together with it."""
    monkeypatch.setattr(learned, "device_named", torch.device)
    scenes = Scene.batch_of(find_world(name).scenes(0, 2))
    here = LearnedEngine.load(name).start(scenes)
    engine = LearnedEngine.load(name).on("meta")
    with _config.patch(meta_nonzero_assume_all_nonzero=True):
        there = engine.step(engine.step(engine.start(scenes)))
        for field, value in there.motion.items():
            assert (value.device.type, value.shape) == ("meta", here.motion[field].shape)
        with pytest.raises(RuntimeError):
            engine.step(replace(there, inputs=there.inputs | {"columns": here.inputs["columns"]}))


def test_an_engine_on_the_cpu_is_as_before(engine: LearnedEngine, crowd: Crowd) -> None:
    before = rollout(engine, crowd(6), 5).pos
    assert torch.equal(rollout(engine.on("cpu"), crowd(6), 5).pos, before)


def test_contact_points_stay_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "device_named", torch.device)
    with pytest.raises(PhysimError, match=r"device: this graph reads contact points, which .* the cpu, got meta"):
        LearnedEngine.load("playground").on("meta")
