from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

from physim import plugins
from physim.errors import PhysimError
from physim.worlds.find import Recipe, find_world, world_from
from worlds.nbody import NBody

BILLIARDS = """
import numpy as np
import pymunk

side = 2.0


def billiards(rng, balls: int = 3):
    space = pymunk.Space()
    for a, b in [((0, 0), (side, 0)), ((side, 0), (side, side)), ((side, side), (0, side)), ((0, side), (0, 0))]:
        cushion = pymunk.Segment(space.static_body, a, b, 0.05)
        cushion.elasticity = 0.8
        space.add(cushion)
    for k in range(balls):
        ball = pymunk.Body(0.2, pymunk.moment_for_circle(0.2, 0, 0.1))
        ball.position = 0.4 + 0.5 * k, rng.uniform(0.4, 1.6)
        ball.velocity = tuple(rng.normal(size=2))
        circle = pymunk.Circle(ball, 0.1)
        circle.elasticity = 0.95
        space.add(ball, circle)
    return space
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "table.py").write_text(BILLIARDS)
    return tmp_path / "table.py"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("nbody", "worlds.nbody:NBody", plugins.WORLDS)
    monkeypatch.setattr(plugins, "entry_points", lambda group, name="nbody": [entry] if name == "nbody" else [])


def test_a_registered_world_is_found_by_name() -> None:
    assert find_world("nbody", {"bodies": 3, "dt": 0.5}) == NBody(bodies=3, dt=0.5)


def test_a_plain_function_in_a_file_is_a_world(file: Path) -> None:
    world = find_world(f"{file}:billiards", {"balls": 2})
    assert (world.dt, world.substeps, world.name) == (1 / 60, 10, "billiards")
    assert world.scene(seed=1).num_bodies == 6


def test_a_recipe_builds_the_same_world(file: Path) -> None:
    for world in (NBody(bodies=4), find_world(f"{file}:billiards", {"balls": 2})):
        again = Recipe.of(world).build()
        assert again.metadata == world.metadata
        assert torch.equal(again.scene(seed=3).pos, world.scene(seed=3).pos)


BUILT = """
import pickle, sys
from pathlib import Path

world = pickle.loads(Path(sys.argv[1]).read_bytes()).build()
Path(sys.argv[2]).write_text(f"{world.metadata['source']} {world.scene(seed=3).pos.tolist()}")
"""
"""A program that builds a world from its recipe."""


def test_a_recipe_of_a_users_file_needs_no_file(
    file: Path, tmp_path: Path, forked: Callable[[Sequence[str], int], list[int]]
) -> None:
    world = find_world(f"{file}:billiards", {"balls": 2})
    recipe, program, told = (tmp_path / name for name in ("recipe", "build.py", "told"))
    recipe.write_bytes(pickle.dumps(Recipe.of(world)))
    program.write_text(BUILT)
    wanted = f"{world.metadata['source']} {world.scene(seed=3).pos.tolist()}"
    file.unlink()
    assert forked([str(program), str(recipe), str(told)], 1) == [0]
    assert told.read_text() == wanted


def test_a_recipe_refuses_other_code_than_the_one_it_was_made_of() -> None:
    recipe = Recipe.of(NBody(bodies=4))
    older = replace(recipe, metadata={**recipe.metadata, "source": "another"})
    with pytest.raises(PhysimError, match="has other code of world nbody than the first process"):
        older.build()


def test_unknown_names_are_refused_with_the_known_ones(file: Path) -> None:
    with pytest.raises(PhysimError, match="unknown world 'nobody': the known ones are nbody"):
        find_world("nobody")
    with pytest.raises(PhysimError, match=r"table\.py has no world 'snooker': it defines billiards"):
        find_world(f"{file}:snooker")
    with pytest.raises(PhysimError, match="unknown parameter 'stars' of world nbody: the known ones are dt, substeps"):
        find_world("nbody", {"stars": 2})


def test_files_that_are_missing_or_broken_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(PhysimError, match=r"there is no file .*nowhere\.py"):
        find_world(f"{tmp_path}/nowhere.py:f")
    with pytest.raises(PhysimError, match=r"broken\.py cannot be run: ZeroDivisionError"):
        find_world(f"{tmp_path}/broken.py:f")


def test_what_is_no_world_is_refused(file: Path) -> None:
    with pytest.raises(PhysimError, match="wanted a function that fills a Space or a World class"):
        find_world(f"{file}:side")


def test_a_world_comes_from_whatever_gives_one(file: Path) -> None:
    built = NBody(bodies=3)
    assert world_from(built, {}) is built
    assert world_from(NBody, {"bodies": 3}) == world_from("nbody", {"bodies": 3}) == built
    with pytest.raises(PhysimError, match="the world nbody is built already, got dt too"):
        world_from(built, {"dt": 0.5})
    with pytest.raises(PhysimError, match="unknown parameter 'stars' of world NBody"):
        world_from(NBody, {"stars": 2})
    with pytest.raises(PhysimError, match="world 3 is a int, wanted a function"):
        world_from(3, {})  # type: ignore[arg-type]
