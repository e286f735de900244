from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from physim import workers
from physim.errors import PhysimError
from physim.generate import CHUNK, generate
from physim.scenes.files import Packed
from physim.workers import Here, Processes, Workers, in_order
from physim.worlds import World, find_world

MORTAL = """
import multiprocessing
import os
import signal
from pathlib import Path

import pymunk


def drop(rng):
    scene = rng.bit_generator.seed_seq.spawn_key[0]
    if multiprocessing.parent_process() is not None and scene in DEADLY:
        with Path("MARK").open("a") as mark:
            mark.write("x")
        if Path("MARK").stat().st_size <= DEATHS:
            os.kill(os.getpid(), signal.SIGKILL)
    space = pymunk.Space()
    ball = pymunk.Body(1, 1)
    ball.position = rng.uniform(), 0.8
    space.add(ball, pymunk.Circle(ball, 0.3))
    return space
"""


def mortal(folder: Path, deadly: int, deaths: int) -> World:
    """A world of which one scene kills its worker so many times; in the first process it is harmless."""
    text = MORTAL.replace("DEADLY", f"({deadly},)").replace("DEATHS", str(deaths))
    (folder / "mine.py").write_text(text.replace("MARK", f"{folder}/mark"))
    return find_world(f"{folder}/mine.py:drop")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("at_once")
def test_a_killed_workers_shard_is_made_again_with_the_same_bytes(tmp_path: Path) -> None:
    world = mortal(tmp_path, deadly=CHUNK + 7, deaths=1)
    for count in (1, 2):
        generate(world, scenes=2 * CHUNK, steps=3, seed=1, workers=count, out=tmp_path / f"data{count}")
    assert (tmp_path / "mark").read_text() == "xx"
    assert len(contents(tmp_path / "data1")) == 2
    assert contents(tmp_path / "data2") == contents(tmp_path / "data1")


@pytest.mark.usefixtures("at_once")
def test_scenes_that_kill_every_worker_are_named_and_the_shards_before_them_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "TRIES", 2)
    world = mortal(tmp_path, deadly=2 * CHUNK + 50, deaths=99)
    with pytest.raises(PhysimError, match="scenes 400 to 599: the worker died 2 times while it simulated them"):
        generate(world, scenes=5 * CHUNK, steps=3, seed=1, workers=Processes(1), out=tmp_path / "data")
    assert sorted(contents(tmp_path / "data")) == ["0000.h5", "0001.h5"]


class Late(Workers):
    """Workers that do nothing before they are waited for, and say how much was handed out by then."""

    ahead = 2

    def __init__(self) -> None:
        self.handed_out = 0
        self.seen: list[int] = []

    def submit(self, chunk: Callable[[range], Packed], numbers: range) -> Callable[[], Packed]:
        self.handed_out += 1

        def wait() -> Packed:
            self.seen.append(self.handed_out)
            return chunk(numbers)

        return wait

    def close(self) -> None:
        """Nothing is held."""


def test_chunks_come_in_order_and_a_few_are_handed_out_ahead() -> None:
    many, ranges = Late(), [range(k, k + 1) for k in range(5)]
    assert list(in_order(many, _numbered, ranges)) == [_numbered(numbers) for numbers in ranges]
    assert many.seen == [3, 4, 5, 5, 5]


def test_this_process_makes_one_chunk_at_a_time() -> None:
    made: list[int] = []

    def chunk(numbers: range) -> Packed:
        made.append(numbers.start)
        return {}

    chunks = in_order(Here(), chunk, [range(1), range(1, 2)])
    assert made == []
    next(chunks)
    assert made == [0]


def _numbered(numbers: range) -> Packed:
    return {str(number): None for number in numbers}  # type: ignore[misc]
