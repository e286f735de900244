from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import imageio.v3
import pytest

from physim.errors import PhysimError

EXAMPLE = Path(__file__).parents[2] / "examples" / "nbody.py"
specification = importlib.util.spec_from_file_location("example_nbody", EXAMPLE)
nbody = importlib.util.module_from_spec(specification)
sys.modules["example_nbody"] = nbody
specification.loader.exec_module(nbody)


def test_a_headless_run_writes_its_film_and_figures(tmp_path: Path) -> None:
    film, figures = tmp_path / "film.gif", tmp_path / "rows.json"
    arguments = {"headless": True, "engine": "truth", "steps": 12, "bodies": 3, "seed": 5, "size": (320, 240)}
    rows = nbody.main(nbody.Args(**arguments, record=film, json=str(figures)))
    assert json.loads(figures.read_text()) == rows
    assert len(imageio.v3.imread(film)) == 3
    names = {row["name"] for row in rows}
    assert {"frames_per_second", "steps_per_second", "seconds_to_first_frame", "energy_drift"} <= names
    assert all((row["world"], row["bodies"], row["seed"]) == ("nbody", 3, 5) for row in rows)
    assert next(row["value"] for row in rows if row["name"] == "energy_drift") < 0.2


@pytest.mark.parametrize("arguments", [{"bodies": 0}, {"steps": 0}, {"render": True}, {"record": Path("film.bmp")}])
def test_bad_arguments_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(PhysimError):
        nbody.main(nbody.Args(headless=True, engine="truth", **arguments))


def test_without_a_display_it_says_what_to_do_and_exits_with_2() -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONPATH"] = str(EXAMPLE.parents[1])
    done = subprocess.run(
        [sys.executable, EXAMPLE, "--render"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--headless --record out.gif" in done.stderr
    assert done.stderr.count("\n") == 1
