from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from physim import plugins
from physim.errors import PhysimError
from physim.reports import Row
from worlds.maze import bench, peers


def figures(rows: list[Row]) -> list[float]:
    values = [value for row in rows for value in (row["value"], row["against_value"]) if isinstance(value, float)]
    assert all(math.isfinite(value) and value > 0 for value in values)
    return values


def test_the_bench_is_registered() -> None:
    assert plugins.load(plugins.BENCHES, "maze") is bench.maze


def test_without_peers_it_says_how_to_have_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"MAZES": 2, "ROUNDS": 1, "DECISIONS": 2, "CAMERAS": 4, "DRAWINGS": 1}.items():
        monkeypatch.setattr(bench, name, value)
    monkeypatch.delenv(bench.PEERS_PYTHON, raising=False)
    rows = bench.maze(progress=False)
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    assert "PHYSIM_PEERS_PYTHON is not set" in said.err
    assert "physim[peers]" in said.err
    assert len(figures(rows)) == len(rows) == 4
    assert {row["against"] for row in rows} == {None}


def test_drawing_is_measured_by_one_thread_and_by_two() -> None:
    rows = bench.drawing(range(2), cameras=3, drawings=1)
    assert [(row["threads"], row["width"], row["mazes"]) for row in rows] == [(1, 84, 3), (2, 84, 3)]
    assert len(figures(rows)) == 2


def test_each_setting_of_a_peer_has_a_row_of_medians(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def stand_in(python: str, peer: str, seconds: float) -> dict[str, float]:
        asked.append((python, peer))
        return {f"{peer} slow": 1.0 * len(asked), f"{peer} fast": 10.0}

    monkeypatch.setattr(bench, "peer_speeds", stand_in)
    rows = bench.playing(range(3), "python of the peers", decisions=1, seconds=0.1)
    assert asked == 3 * [("python of the peers", "vizdoom"), ("python of the peers", "miniworld")]
    assert [(row["against"], row["width"], row["against_value"]) for row in rows] == [
        ("vizdoom slow", 160, 3.0),
        ("vizdoom fast", 160, 10.0),
        ("miniworld slow", 80, 4.0),
        ("miniworld fast", 80, 10.0),
    ]
    assert len(figures(rows)) == 8


def test_a_peer_is_the_fastest_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {"one": 5.0, "two": 7.0}
    monkeypatch.setitem(peers.PEERS, "some", ("Some", lambda: {name: lambda: None for name in speeds}))
    monkeypatch.setattr(peers, "version", lambda package: "1.2")
    made = iter(speeds.values())
    monkeypatch.setattr(peers, "frames_per_second", lambda step, seconds: (3, next(made)))
    assert peers.measured("some", 0.1) == {
        "name": "Some",
        "version": "1.2",
        "setting": "two",
        "frames_per_second": 7.0,
        "frames": 3,
        "settings": speeds,
    }


def test_frames_are_those_after_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[None] = []
    monkeypatch.setattr(peers, "WARM_UP", 0.0)
    frames, speed = peers.frames_per_second(lambda: made.append(None), 0.01)
    assert frames == len(made) - 1
    assert 0.0099 <= frames / speed < 1  # seconds


def test_what_a_peer_prints_becomes_speeds(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"name": "ViZDoom", "version": "1.3", "settings": {"fast": 2.5}})
    done = subprocess.CompletedProcess([], 0, f"a greeting\n{line}\n")
    monkeypatch.setattr(subprocess, "run", lambda *given, **named: done)
    assert bench.peer_speeds("python", "vizdoom", 1.0) == {"ViZDoom 1.3, fast": 2.5}


def test_a_python_without_the_peer_is_refused() -> None:
    with pytest.raises(PhysimError, match=r"PHYSIM_PEERS_PYTHON is no/python, which cannot run vizdoom: .*no/python"):
        bench.peer_speeds("no/python", "vizdoom", 0.1)


def test_the_peers_stand_alone() -> None:
    command = [sys.executable, "-I", "-S", peers.__file__, "doom", "1"]  # without site packages
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "usage: python peers.py vizdoom|miniworld SECONDS\n"
