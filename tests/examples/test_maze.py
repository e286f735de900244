from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import imageio.v3
import pytest

from physim.errors import PhysimError
from worlds.maze.env import MazeEnv
from worlds.maze.families import FAMILIES
from worlds.maze.replays import RecordWalk

Example = Callable[[str], ModuleType]
DOORS = "physim/NavMazeDoors01-v0"


def test_a_headless_run_writes_its_film_and_what_it_brought(example: Example, tmp_path: Path) -> None:
    film, figures = tmp_path / "film.gif", tmp_path / "rows.json"
    arguments = {"headless": True, "steps": 150, "family": DOORS, "seed": 5, "size": (320, 240)}
    rows = example("maze").Args(**arguments, record=film, json=str(figures)).play()
    assert json.loads(figures.read_text()) == rows
    assert len(imageio.v3.imread(film)) == 150
    values = {row["name"]: row["value"] for row in rows}
    assert values["steps"] == 150
    assert values["reward"] > 0
    assert all((row["world"], row["seed"]) == (DOORS, 5) for row in rows)


def test_a_recorded_agent_is_shown(example: Example, tmp_path: Path) -> None:
    env = RecordWalk(MazeEnv(**FAMILIES[DOORS], size=(8, 6)), tmp_path / "walks")
    env.reset(seed=9)
    total = sum(float(env.step(action % 8)[1]) for action in range(60))
    env.close()
    arguments = {"headless": True, "size": (320, 240), "record": tmp_path / "last.png"}
    rows = example("maze").Args(replay=tmp_path / "walks" / "00000.json", **arguments).play()
    values = {row["name"]: row["value"] for row in rows}
    assert (values["steps"], values["reward"], rows[0]["seed"]) == (60, total, 9)
    assert imageio.v3.imread(tmp_path / "last.png").shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"family": "physim/Cave-v0"}, "family is 'physim/Cave-v0', wanted one of physim/NavMazeStatic01-v0, "),
        ({"render": True}, "render and headless exclude one another"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"record": Path("film.bmp")}, "record must end in"),
        ({"replay": Path("nowhere.json")}, "replay must be a file"),
    ],
)
def test_bad_arguments_are_refused(example: Example, arguments: dict[str, object], said: str) -> None:
    with pytest.raises(PhysimError, match=said):
        example("maze").Args(**{"headless": True} | arguments).play()


def test_a_mistake_is_one_sentence_and_exit_code_2(
    without_display: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = without_display("maze", "--render")
    assert done.returncode == 2
    assert done.stderr.startswith("maze.py: ")
    assert "--headless --record out.gif" in done.stderr
    assert done.stderr.count("\n") == 1
