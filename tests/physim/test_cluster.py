"""Wants the extra `cluster`; CONTRIBUTING.md has the command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from physim.cli import main
from physim.errors import PhysimError
from physim.generate import CHUNK, generate
from physim.worlds import World, find_world

WORLD = """
import time
from pathlib import Path

import pymunk

try:
    import ray
except ModuleNotFoundError:
    ray = None


def drop(rng, heavy: float = 1.0):
    scene = rng.bit_generator.seed_seq.spawn_key[0]
    if heavy < 0 and scene == 205:
        raise ValueError("too light")
    if scene % 200 == 0 and ray is not None and ray.is_initialized():
        with Path("MARKS", ray.get_runtime_context().get_node_id()).open("a") as mark:
            mark.write(f"{scene} ")
        time.sleep(3)
    space = pymunk.Space()
    ball = pymunk.Body(1, 1)
    ball.position = rng.uniform(), 0.8
    space.add(ball, pymunk.Circle(ball, 0.3))
    return space
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def chunks(marks: Path, node: str) -> list[str]:
    """The first scenes of the chunks that a node has begun."""
    return (marks / node).read_text().split() if (marks / node).exists() else []


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., World]:
    """A world in a user's file, whose scenes leave the numbers of chunks begun on a node in a file of its name."""
    (tmp_path / "marks").mkdir()
    (tmp_path / "mine.py").write_text(WORLD.replace("MARKS", f"{tmp_path}/marks"))
    return lambda **parameters: find_world(f"{tmp_path}/mine.py:drop", parameters)


@pytest.mark.slow
def test_a_cluster_that_loses_a_node_on_the_way_writes_the_same_bytes(
    cluster: Any, world: Callable[..., World], tmp_path: Path
) -> None:
    from physim.cluster import Cluster

    drop, data, marks = world(), tmp_path / "data", tmp_path / "marks"
    generate(drop, scenes=7 * CHUNK, steps=60, seed=1, workers=1, out=tmp_path / "here")
    doomed = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    with ThreadPoolExecutor(1) as thread:  # Ray wants nodes to come and go in the main one
        many = Cluster()
        done = thread.submit(generate, drop, scenes=7 * CHUNK, steps=60, seed=1, workers=many, out=data)
        for begun in (1, 2):  # its first chunk may be done; it dies in the middle of the next one
            while not done.done() and len(chunks(marks, doomed.node_id)) < begun:
                time.sleep(0.05)
        (tmp_path / "mine.py").unlink()  # what starts from here on knows the user's code by its text alone
        cluster.remove_node(doomed, allow_graceful=False)
        cluster.add_node(num_cpus=1)
        done.result()
    nodes = {mark.name: chunks(marks, mark.name) for mark in marks.iterdir()}
    lost = nodes.pop(doomed.node_id)[-1]
    assert len(nodes) == 2
    assert lost in chain(*nodes.values())
    assert contents(data) == contents(tmp_path / "here")


@pytest.mark.slow
def test_the_command_simulates_on_a_cluster(cluster: Any, tmp_path: Path) -> None:
    for out, flags in (("here.h5", []), ("there.h5", ["--cluster"])):
        arguments = ["nbody", "--scenes", "3", "--steps", "4", "--out", f"{tmp_path}/{out}"]
        assert main(["generate", *arguments, *flags]) == 0
    assert (tmp_path / "there.h5").read_bytes() == (tmp_path / "here.h5").read_bytes()


@pytest.mark.slow
def test_what_a_chunk_refuses_comes_back_from_the_cluster(
    cluster: Any, world: Callable[..., World], tmp_path: Path
) -> None:
    from physim.cluster import Cluster

    with pytest.raises(PhysimError, match=r"^the function drop raised ValueError: too light$"):
        generate(world(heavy=-1.0), scenes=2 * CHUNK, steps=3, seed=1, workers=Cluster(), out=tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.slow
@pytest.mark.parametrize("address", ["", "127.0.0.1:9", "ray://127.0.0.1:9"])
def test_without_a_cluster_there_is_one_sentence(
    address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert main(["generate", "nbody", "--cluster", "--out", f"{tmp_path}/a.h5"]) == 2
    assert "physim: cluster: no Ray cluster answers; wanted one in RAY_ADDRESS" in capsys.readouterr().err


def test_without_ray_there_is_one_sentence(tmp_path: Path) -> None:
    code = "import sys; sys.modules['ray'] = None; from physim.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "generate", "nbody", "--cluster", "--out", f"{tmp_path}/a.h5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "physim: cluster wants Ray, which is not installed: pip install 'physim[cluster]'\n"
    assert not list(tmp_path.iterdir())
