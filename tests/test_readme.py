from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physim.cli.parsing import parse
from physim.worlds import check_world, find_world
from worlds import Playground

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"(?m)^physim [a-z]+ [a-z_.]+:.*|(?<=`)physim \w+ nbody [^`]*(?=`)", TEXT)


@pytest.fixture(autouse=True)
def _scene_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_scene.py").write_text(block("@physim.world"))


def block(word: str) -> str:
    """The first block that has a word in it."""
    return next(code for code in PYTHON if word in code)


def run(code: str) -> dict[str, Any]:
    """What a block of the README leaves behind."""
    Path("block.py").write_text(code)
    return runpy.run_path("block.py", run_name="__main__")


def test_engines_roll_out_beside_one_another() -> None:
    left = run(block("rollout("))
    assert left["truth"].pos.shape == left["learned"].pos.shape == (1001, 6, 2)


def test_own_world_of_twenty_lines_keeps_the_contract() -> None:
    code = block("@physim.world")
    function = code[code.index("@physim.world") :].strip()
    assert len(function.splitlines()) <= 20
    check_world(find_world("my_scene.py:billiards"))


def test_graph_runs_on_scenes_of_several_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    run(block("ModuleGraph()"))
    output = capsys.readouterr().out
    assert "relation_model" in output
    assert output.endswith("torch.Size([8, 2])\n")


def test_a_cut_graph_learns_by_one_backward_pass_and_without_locks() -> None:
    left = run(block("LinearSynthesizer") + block("Unlocked").replace("probability=0.5", "probability=1.0"))
    assert all(value.grad is not None for value in left["net"].parameters())
    assert set(left["trainer"].update(left["inputs"], {"class": left["label"]})) == {"digit"}


def test_frames_are_foretold_and_drawn() -> None:
    left = run(block("two_ways").replace("updates=600", "updates=2"))
    assert left["nats"].shape == (64, 3)
    assert left["after"].shape == (64, 2, 16, 16, 1)


def test_a_sequence_model_learns_and_goes_on() -> None:
    code = block("learners.sequences").replace("range(9)", "range(4)").replace("length=2000", "length=100")
    left = run(code)
    assert left["sound"].shape == (1, 400)
    assert left["more"].shape == (2, 200)


def test_mazes_are_seen_alone_and_many_at_a_time() -> None:
    left = run(block("NavMazeStatic01"))
    assert left["seen"]["image"].shape == (64, 120, 160, 3)
    assert left["scene"].num_bodies > 10
    assert {"loop_closure", "distance"} <= set(left["info"])


def test_mazes_are_drawn_as_text() -> None:
    seen, _ = run(block("from worlds.maze import MazeEnv"))["env"].reset(seed=0)
    assert list(seen) == ["image"]


def test_an_agent_learns_by_the_list_of_losses() -> None:
    code = block("def unreal_and_more").replace("1_000_000", "640").replace("reward_scale=0.1", "replay=25")
    own = block("class Boldness") + code.replace("return [", "return [Boldness(net, 0.1),")
    maze = "import gymnasium\nenv = gymnasium.make('physim/NavMazeRandomGoal01-v0', size=(42, 42))\n"
    left = run(own + maze + "seen, reward = env.reset(seed=0)[0], 0.0\n" + block("Mind("))
    assert {"boldness", "depth_from_core", "loop_closure", "pixel_control", "value_replay"} <= set(left["curve"][-1])
    assert left["thought"].depth.shape == (4, 16)
    assert 0 <= left["thought"].action < 8


def test_methods_are_for_numbers_too_and_take_more_losses() -> None:
    code = block("swings, method").replace('100_000, out="runs/swings"', "400").replace("replay=5000", "replay=400")
    left = run(code)
    left["held"].run(progress=False)
    assert {"acer_policy_replayed", "acer_critic_replayed"} <= set(left["held"].progress.curve[-1])
    names = {loss.name for loss in left["both"].learner.losses}
    assert {"acer_policy_fresh", "acer_critic_replayed", "pixel_control", "reward_prediction"} <= names


def test_a_graph_of_ones_own_plays_poles() -> None:
    unroll = run(block("my_agent"))["poles"].actor().unroll(3)
    assert unroll.ticks["vector"].shape == (8, 4, 4)


def test_a_ball_is_steered_by_what_an_engine_foresees() -> None:
    code = (
        block("from learners.planning")
        .replace("decisions=40", "decisions=2")
        .replace("count=256, elite=16", "count=8, elite=4")
    )
    rewards = run(code)["rewards"]
    assert len(rewards) == 2
    assert max(rewards) < 0


def test_a_push_moves_a_body_of_an_environment_to_its_goal() -> None:
    left = run(block("gymnasium"))
    start = left["env"].unwrapped.reset(seed=7)[0]
    distances = [float(abs(seen["goal"] - seen["pos"][0]).max()) for seen in (start, left["observation"])]
    assert distances[1] < distances[0]
    assert left["observations"]["pos"].shape[0] == 16


def test_a_space_moves_where_its_own_step_stood() -> None:
    left = run(block("attach("))
    start = Playground(bodies=8).space(np.random.default_rng(0))
    moved = [now.position != then.position for now, then in zip(left["space"].bodies, start.bodies, strict=True)]
    assert moved == [body.body_type == body.DYNAMIC for body in start.bodies]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    assert callable(parse(shlex.split(command)[1:]))


def test_commands_were_found() -> None:
    assert {command.split()[1] for command in COMMANDS} >= {"generate", "train", "evaluate", "play"}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CITATION.cff", "constraints.txt", "examples/nbody.py"])
def test_files_named_exist(name: str) -> None:
    assert name in TEXT
    assert (ROOT / name).is_file()
