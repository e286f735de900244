"""The contract of worlds, as a program that users run on their own."""

from __future__ import annotations

import json
from typing import Any

import torch

from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.scene import OBJECT_FIELDS, RELATION_FIELDS, Scene
from physim.scenes.spaces import scene_of, space_of
from physim.scenes.trajectory import Trajectory
from physim.worlds.base import World

POSITION_RULES = ("new_velocity", "old_velocity", "mean_velocity")


def check_world(world: World, steps: int = 20) -> None:
    """Check what everything else takes for granted of a world, on two of its scenes.

    Raises: PhysimError saying what is wrong, where the same seed gives another scene, a Space does not survive the way
    to a scene and back, a rollout is not finite or not repeatable, or the metadata is no JSON.
    """
    if world.position_rule not in POSITION_RULES:
        raise PhysimError(f"position_rule is {world.position_rule!r}, wanted one of {', '.join(POSITION_RULES)}")
    _check_metadata(world.metadata)
    for index in range(2):
        scene = world.scene(seed=0, index=index)
        _check_equal(scene, world.scene(seed=0, index=index), "the same seed gives another scene")
        again = scene_of(space_of(scene), world.dt, world.columns)
        _check_equal(scene, again, "a scene changes on its way to a Space and back")
        _check_rollouts(world, scene, steps)


def _check_metadata(metadata: dict[str, Any]) -> None:
    try:
        kept = json.loads(json.dumps(metadata, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise PhysimError(f"the world's metadata is no JSON: {error}") from error
    if kept != metadata:
        raise PhysimError("the world's metadata changes when written as JSON: use lists, strings and numbers only")


def _check_equal(scene: Scene, other: Scene, complaint: str) -> None:
    for name in (*OBJECT_FIELDS, *RELATION_FIELDS, *scene.columns, "gravity", "damping", "solver"):
        if name not in other or not torch.equal(scene[name], other[name]):
            raise PhysimError(f"{complaint}: field {name} differs")


def _check_rollouts(world: World, scene: Scene, steps: int) -> None:
    first, second = (rollout(world.engine(), scene, steps) for _ in range(2))
    if not _same(first, second):
        raise PhysimError("the truth is not deterministic: two rollouts from one scene differ")
    if isinstance(world.engine(), PymunkEngine):
        return
    pymunk_truth = rollout(PymunkEngine(world.dt, world.substeps, world.forces), scene, steps)
    if not torch.allclose(first.pos, pymunk_truth.pos, rtol=1e-9, atol=1e-9):
        raise PhysimError("the world's engine and pymunk disagree on where the bodies go")


def _same(first: Trajectory, second: Trajectory) -> bool:
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in ("pos", "vel", "angle"))
