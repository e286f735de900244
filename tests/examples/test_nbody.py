from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import imageio.v3
import pytest

from physim.errors import PhysimError

Example = Callable[[str], ModuleType]


def test_a_headless_run_writes_its_film_and_figures(example: Example, tmp_path: Path) -> None:
    film, figures = tmp_path / "film.gif", tmp_path / "rows.json"
    arguments = {"headless": True, "engines": ("truth",), "steps": 12, "bodies": 3, "seed": 5, "size": (320, 240)}
    rows = example("nbody").Args(**arguments, record=film, json=str(figures)).play()
    assert json.loads(figures.read_text()) == rows
    assert len(imageio.v3.imread(film)) == 3
    names = {row["name"] for row in rows}
    assert {"frames_per_second", "steps_per_second", "seconds_to_first_frame", "energy_drift"} <= names
    assert all((row["world"], row["bodies"], row["seed"]) == ("nbody", 3, 5) for row in rows)
    assert next(row["value"] for row in rows if row["name"] == "energy_drift") < 0.2


@pytest.mark.parametrize("arguments", [{"bodies": 0}, {"steps": 0}, {"render": True}, {"record": Path("film.bmp")}])
def test_bad_arguments_are_refused(example: Example, arguments: dict[str, object]) -> None:
    with pytest.raises(PhysimError):
        example("nbody").Args(headless=True, engines=("truth",), **arguments).play()


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--render"], "--headless --record out.gif"), (["--bodies", "0"], "bodies must be")]
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    without_display: Callable[..., subprocess.CompletedProcess[str]], arguments: list[str], said: str
) -> None:
    done = without_display("nbody", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("nbody.py: ")
    assert done.stderr.count("\n") == 1
