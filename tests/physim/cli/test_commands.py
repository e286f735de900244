from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import physim
from physim import generate, plugins
from physim.cli import main
from physim.learner import EvaluateSettings, Learner, TrainSettings
from physim.reports import Row, row
from physim.scenes.tracks import Tracks
from physim.worlds import World

HEAVY = ("torch", "numpy", "scipy", "torch_geometric", "lightning_fabric", "pygame", "h5py")
SCENE = """
import pymunk


def pair(rng, distance: float = 1.0, heavy: bool = False, label: str = "x"):
    '''Two bodies side by side.

    Args:
        distance: how far they stand apart
    '''
    space = pymunk.Space()
    for place in (0.0, distance):
        body = pymunk.Body(2.0 if heavy else 1.0, 1.0)
        body.position = place, rng.uniform()
        space.add(body)
    return space


def wheel(rng):
    space = pymunk.Space()
    body = pymunk.Body(1.0, 1.0)
    space.add(body, pymunk.SimpleMotor(body, space.static_body, 1.0))
    return space
"""


class Recorded(Learner):
    """A learner that only says what it was asked."""

    @property
    def configs(self) -> tuple[str, ...]:
        return ("best", "paper")

    def train(self, world: World, settings: TrainSettings) -> Path:
        if settings.updates == 13:
            raise KeyboardInterrupt
        settings.out.write_text(f"{world.metadata} {settings}")
        return settings.out

    def train_tracks(self, tracks: Tracks, settings: TrainSettings) -> Path:
        raise NotImplementedError

    def evaluate(self, worlds: Sequence[World], settings: EvaluateSettings) -> list[Row]:
        print("a stray line")
        rows = [row("one_step_mse", settings.scenes, "(m/s)^2") | settings.labels(world) for world in worlds]
        return [item | {"engines": " ".join(settings.engines)} for item in rows]


def recorded_bench(progress: bool) -> list[Row]:
    return [row("speed", 2.0, "1/s", "other", 1.0) | {"progress": progress}]


@pytest.fixture(autouse=True)
def _stand_ins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scene, and stand-ins for the learner and a bench."""
    registered = plugins.load
    replaced = {(plugins.LEARNERS, "physics"): Recorded, (plugins.BENCHES, "recorded"): recorded_bench}
    monkeypatch.setattr(plugins, "load", lambda group, name: replaced.get((group, name)) or registered(group, name))
    (folder / "scene.py").write_text(SCENE)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("", "worlds, generate, train, evaluate, play, bench"),
        ("simulate nbody", "worlds, generate, train, evaluate, play, bench"),
        ("generate", "Missing from physim generate: WORLD A registered world"),
        (
            "generate nbodies",
            "unknown world 'nbodies': the known ones are balls, charges, maze, nbody, playground, putty, rubber, s",
        ),
        ("generate missing.py:scene", "missing.py"),
        ("generate scene.py:nothing", "nothing"),
        ("generate scene.py:wheel --scenes 1 --steps 1", "the joint SimpleMotor"),
        (
            "generate nbody --bodees 6",
            "unknown argument '--bodees' of physim generate: the known flags are --dt,",
        ),
        ("generate nbody --bodies six", "Error parsing --bodies: invalid literal for int() with base 10: 'six'"),
        ("generate nbody --bodies 0", "bodies must be above 0, got 0"),
        ("generate nbody --bodies -3", "bodies must be above 0, got -3"),
        ("generate nbody --dt 0", "dt must be above 0, got 0"),
        ("generate nbody --scenes 0", "scenes must be above 0, got 0"),
        ("generate nbody --steps -1", "steps must be above 0, got -1"),
        ("generate nbody --workers 0", "workers must be above 0, got 0"),
        ("generate nbody --seed -1", "seed must be 0 or more, got -1"),
        ("generate nbody --scenes 1000000000", "nbody.h5 with 1000000000 scenes of 1000 steps would take 178,814 GiB"),
        (
            "generate nbody --steps 1000000000 --out data",
            "data with 100 scenes of 1000000000 steps would take 17,881 GiB",
        ),
        ("generate nbody --bodies 1000000000", "bodies: as many as 1000000000 bodies would take 954 GiB of memory"),
        ("generate nbody --out missing/data.h5", "--out cannot be written"),
        ("generate nbody --out scene.py", "--out must be a file whose name ends in .h5, got scene.py"),
        ("train nbody --out nbody.h5", "--out must be a file whose name ends in .safetensors, got nbody.h5"),
        ("evaluate nbody --json nbody.safetensors", "--json must be a file whose name ends in .json"),
        ("generate nbody --out .", "scene.py is not one of the 1 files that this data has in .: use another folder"),
        ("generate nbody --out missing/data", "--out cannot be written"),
        ("generate nbody --cluster --workers 2", "--workers is 2, but with --cluster"),
        ("generate nbody 3", "unknown argument '3'"),
        ("train nbody --config grand", "unknown config 'grand': the known ones are best, paper"),
        ("train nbody --seed 90000", "seed must be under 90000"),
        ("train nbody --data a.h5 --bodies 9", "--bodies says what to simulate, and --data a.h5 is there already"),
        ("train nbody --data a.h5 --scenes 1000", "--scenes says what to simulate, and --data a.h5 is there already"),
        ("train nbody --minutes 0", "minutes must be above 0, got 0"),
        ("train nbody --out missing/w.safetensors", "--out cannot be written"),
        ("train nbody --learner magic", "unknown learner 'magic'"),
        ("evaluate nbody --json missing/rows.json", "--json cannot be written"),
        ("evaluate nbody --bodies 3 0", "bodies must be above 0, got 0"),
        ("evaluate nbody --bodies", "bodies needs at least one value"),
        ("evaluate all --bodies 3", "unknown argument '--bodies' of physim evaluate"),
        ("train all", "unknown world 'all'"),
        ("evaluate nbody --steps 0", "steps must be above 0, got 0"),
        ("play nbody --headless --engine magic", "unknown engine 'magic': the known ones are truth, learned"),
        ("play nbody --headless --steps 0", "steps"),
        ("play nbody --headless --record out.txt", ".gif"),
        ("play nbody --replay scene.py", "--replay is for worlds that are walked through, and nbody is watched"),
        ("play maze --engine truth", "--engines is for worlds that are watched, and maze is walked through"),
        ("play maze --weights nbody", "--weights is for worlds that are watched"),
        ("play maze --steps-per-frame 2", "--steps-per-frame is for worlds that are watched"),
        ("play maze --headless --replay nowhere.json", "replay must be a file, and nowhere.json is none"),
        ("play maze --headless --replay scene.py", "replay scene.py is no JSON"),
        ("play maze --replay scene.py --width 4", "--width is told by the file of --replay already"),
        ("play maze --replay scene.py --seed 4", "seed is told by the file of the replay already"),
        ("play maze --headless --record out.gif --steps 2000", "1500 frames, got 2000 steps at 1 a frame"),
        ("play maze --headless --doors 500", "doors: got 500, but this maze has room for"),
        ("bench magic", "unknown bench 'magic'"),
        ("tradeoff nbody --scenes 0", "scenes must be above 0, got 0"),
        ("tradeoff nbody --seconds -1", "seconds must be above 0, got -1"),
        (
            "tradeoff nbody --device nowhere",
            "device must be one that torch computes on here",
        ),
        ("tradeoff nbody --plot picture.bmp", "--plot must be a file that ends with one of .png, .pdf, .svg"),
        ("tradeoff nbody --dt 0.002", "dt: these weights were trained for steps of 0.001 s, the scene's are 0.002 s"),
        ("tradeoff scene.py:pair", "there are no weights 'pair'"),
    ],
)
def test_bad_input_gives_one_sentence_and_writes_nothing(
    command: str, sentence: str, refused: Callable[[str], str]
) -> None:
    assert sentence in refused(command)


def test_unknown_names_are_told_from_what_is_installed(refused: Callable[[str], str]) -> None:
    sentence = refused("train no_such_world")
    assert all(entry.name in sentence for entry in entry_points(group="physim.worlds"))


def test_help_of_a_world_shows_its_own_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["generate", "scene.py:pair", "--help"])
    output = capsys.readouterr().out
    assert "--distance FLOAT" in output
    assert "how far they stand apart (default: 1.0)" in " ".join(output.replace("│", " ").split())


def test_worlds_lists_names_and_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worlds"]) == 0
    assert "bodies=6" in next(line for line in capsys.readouterr().out.splitlines() if line.startswith("nbody"))


@pytest.mark.parametrize(("flag", "value"), [("distance", 2.5), ("label", "blue")])
def test_flags_reach_the_world(folder: Path, flag: str, value: object) -> None:
    assert main(["train", "scene.py:pair", f"--{flag}", str(value)]) == 0
    assert f"'{flag}': {value!r}" in (folder / "pair.safetensors").read_text()


def test_switch_reaches_the_world(folder: Path) -> None:
    assert main(["train", "scene.py:pair", "--heavy"]) == 0
    assert "'heavy': True" in (folder / "pair.safetensors").read_text()


def test_generate_writes_the_same_bytes_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out in ("first.h5", "second.h5"):
        assert main(f"generate scene.py:pair --scenes 2 --steps 3 --out {out}".split()) == 0
        assert capsys.readouterr().out == f"{out}\n"
    assert (folder / "first.h5").read_bytes() == (folder / "second.h5").read_bytes()


@pytest.mark.parametrize(
    ("left", "hint"),
    [(True, ": --resume goes on from nbody.safetensors.checkpoint"), (False, "")],
)
def test_interrupted_training_says_how_to_go_on_where_it_can(
    left: bool, hint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if left:
        (folder / "nbody.safetensors.checkpoint").touch()
    assert main(["train", "nbody", "--updates", "13"]) == 130
    assert capsys.readouterr().err == f"physim: interrupted{hint}\n"


@pytest.mark.parametrize(("out", "hint"), [("data", ": the same command makes what data lacks"), ("a.h5", "")])
def test_interrupted_generation_says_how_to_go_on_where_it_can(
    out: str, hint: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "_chunk", interrupted)
    assert main(["generate", "nbody", "--out", out]) == 130
    assert capsys.readouterr().err == f"physim: interrupted{hint}\n"
    assert sorted(path.name for path in folder.iterdir()) == ["scene.py"]


def test_only_the_first_of_several_processes_prints_the_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        assert main(["train", "nbody"]) == 0
    assert capsys.readouterr().out == "nbody.safetensors\n"


def test_evaluate_sweeps_every_parameter_given_several_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nbody", "--bodies", "3", "6", "--floor", "5", "6", "--scenes", "7", "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["bodies"], row["floor"]) for row in rows] == [(3, 5.0), (3, 6.0), (6, 5.0), (6, 6.0)]
    assert {row["value"] for row in rows} == {7}


@pytest.mark.parametrize(("seed", "warned"), [(89_999, True), (90_000, False)])
def test_evaluation_on_seeds_of_training_warns(seed: int, warned: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nbody", "--seed", str(seed), "--json", "-"]) == 0
    output = capsys.readouterr()
    assert ("--seed 89999 is under 90000: networks may have learned from these very scenes" in output.err) is warned
    assert json.loads(output.out)


def test_evaluate_takes_engines_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nbody", "--engine", "a.py:A", "--engine", "b:B", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["engines"] == "a.py:A b:B"


def test_evaluate_all_judges_every_registered_world(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "all", "--json", "-"]) == 0
    assert [row["world"] for row in json.loads(capsys.readouterr().out)] == plugins.names(plugins.WORLDS)


def test_tradeoff_prints_a_row_an_engine_and_draws_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert (
        main(
            [
                "tradeoff",
                "nbody",
                "--bodies",
                "2",
                "--scenes",
                "2",
                "--seconds",
                "0.02",
                "--json",
                "-",
                "--plot",
                "tradeoff.png",
            ]
        )
        == 0
    )
    rows = json.loads(capsys.readouterr().out)
    assert [(row["engine"], row["substeps"]) for row in rows[-2:]] == [("pymunk", 16), ("learned", 16)]
    assert {(row["world"], row["bodies"], row["scenes"]) for row in rows} == {("nbody", 2, 2)}
    assert (folder / "tradeoff.png").read_bytes().startswith(b"\x89PNG")


def test_json_dash_leaves_standard_output_to_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "recorded", "--json", "-"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out) == [row("speed", 2.0, "1/s", "other", 1.0) | {"progress": True}]
    assert output.err.startswith("name")


def test_a_window_leaves_its_figures_as_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "nbody", "--bodies", "2", "--headless", "--steps", "4", "--json", "-"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["steps"]["value"] == 4
    assert rows["frames_per_second"]["bodies"] == 2


def test_a_maze_is_walked_through_and_leaves_what_it_brought(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "play maze --width 4 --height 3 --headless --steps 90 --seed 1 --json - --record film"
    assert main(command.split()) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["steps"]["value"] == 90
    assert rows["reward"]["value"] >= 10
    assert (rows["reward"]["world"], rows["reward"]["seed"]) == ("maze", 1)
    assert len(list((folder / "film").iterdir())) == 90


def test_a_recorded_walk_is_played_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {"settings": {"width": 3, "height": 2}, "seed": 7, "maze": None, "actions": [2, 2, 0, 2]}
    (folder / "walk.json").write_text(json.dumps(told))
    assert main(["play", "maze", "--headless", "--replay", "walk.json", "--json", "-"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["steps"]["value"] == 4
    assert rows["reward"]["seed"] == 7


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from physim.cli import main
try:
    main(["--help"])
except SystemExit:
    print("heavy:", sorted(set(sys.modules) & set({HEAVY!r})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "heavy: []" in done.stdout
    assert all(command in done.stdout for command in ("worlds", "generate", "train", "evaluate", "play", "bench"))


@pytest.mark.parametrize("world", ["nbody", "rubber", "scene.py:pair"])
def test_help_with_a_worlds_own_flags_waits_for_no_torch(world: str) -> None:
    code = f"""
import sys
from physim.cli import main
try:
    main(["train", {world!r}, "--help"])
finally:
    print("heavy:", sorted(set(sys.modules) & {{"torch", "torch_geometric", "scipy", "h5py", "pygame"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "--substeps" in done.stdout
    assert done.stdout.endswith("heavy: []\n")


def test_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "physim", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("physim: ")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"physim {physim.__version__}\n"
