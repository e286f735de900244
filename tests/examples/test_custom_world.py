from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import imageio.v3
import pytest
import torch

from physim import rollout
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.worlds import check_world
from physim.worlds.base import World

Example = Callable[[str], ModuleType]


@pytest.fixture
def billiard(example: Example) -> World:
    """The world of the example."""
    return example("custom_world").Args().world()


def test_the_scene_is_a_world_of_ten_balls_between_cushions(billiard: World) -> None:
    check_world(billiard)
    scene = billiard.scene(seed=0)
    assert int((scene.inverse_mass > 0).sum()) == 10
    assert int((scene.vel.norm(dim=-1) > 0).sum()) == 1  # the cue ball


def test_breaks_differ_and_none_loses_a_ball(billiard: World) -> None:
    breaks = [rollout(billiard.engine(), scene, 300) for scene in billiard.scenes(seed=0, count=5)]
    for truth in breaks:
        balls = truth.scene.inverse_mass > 0
        assert bool((truth.vel[-1, balls].norm(dim=-1) > 0).sum() > 5)  # the rack was hit
        assert bool(((truth.pos[:, balls] > 0) & (truth.pos[:, balls] < torch.tensor([1000.0, 500.0]))).all())
    assert len({tuple(truth.pos[-1].flatten().tolist()) for truth in breaks}) == 5


def test_a_headless_run_learns_and_shows_what_it_learned(example: Example, tmp_path: Path) -> None:
    film, weights = tmp_path / "last.png", tmp_path / "build.safetensors"
    training = {"minutes": None, "updates": 2, "scenes": 2, "out": weights}
    showing = {"headless": True, "steps": 3, "size": (320, 240), "record": film}
    rows = example("custom_world").Args(**training, **showing).play()
    assert LearnedEngine.load(str(weights)).terms.provenance["updates"] == 2
    assert imageio.v3.imread(film).shape == (240, 320, 3)
    assert all(row["world"] == "build" for row in rows)
    assert any(row["name"] == "rollout_position_error" for row in rows)


@pytest.mark.parametrize("wrong", [{"scenes": 0}, {"minutes": -1.0}, {"updates": 0}, {"render": True}])
def test_bad_arguments_are_refused_before_the_training(
    example: Example, tmp_path: Path, wrong: dict[str, float]
) -> None:
    weights = tmp_path / "build.safetensors"
    with pytest.raises(PhysimError, match=next(iter(wrong))):
        example("custom_world").Args(headless=True, out=weights, **wrong).play()
    assert not list(tmp_path.iterdir())
