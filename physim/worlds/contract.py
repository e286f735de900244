"""The contract of worlds, as a program that users run on their own."""

from __future__ import annotations

import json
from typing import Any

import torch

from physim.contact_measures import penetration
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.errors import PhysimError
from physim.scenes.scene import CORNER_FIELDS, OBJECT_FIELDS, RELATION_FIELDS, Scene
from physim.scenes.spaces import scene_of, space_of
from physim.scenes.trajectory import Trajectory
from physim.worlds.base import World

SMOOTH = 0.1
"""The largest relative change from one change of velocity to the next in which the position rule is looked for."""
RULE_TOLERANCE = 0.02
"""Motion as smooth as that shifts the rule by at most SMOOTH / 12; wrong by the truth's order of moves, it is off by
1 / substeps."""


def check_world(world: World, steps: int = 20) -> None:
    """Check what everything else takes for granted of a world, on two of its scenes.

    Raises: PhysimError saying what is wrong, where the same seed gives another scene, a Space does not survive the way
    to a scene and back, a rollout is not finite or not repeatable, bodies move by another position rule, or the
    metadata is no JSON.
    """
    if not isinstance(world.position_rule, int | float) or not 0 <= world.position_rule <= 1:
        raise PhysimError(f"position_rule is {world.position_rule!r}, wanted the new velocity's share, from 0 to 1")
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
    for name in (*OBJECT_FIELDS, *CORNER_FIELDS, *RELATION_FIELDS, *scene.columns, "gravity", "damping", "solver"):
        if name not in other or not torch.equal(scene[name], other[name]):
            raise PhysimError(f"{complaint}: field {name} differs")


def _check_rollouts(world: World, scene: Scene, steps: int) -> None:
    first, second = (rollout(world.engine(), scene, steps) for _ in range(2))
    if not _same(first, second):
        raise PhysimError("the truth is not deterministic: two rollouts from one scene differ")
    if not isinstance(world.engine(), PymunkEngine):
        pymunk_truth = rollout(PymunkEngine(world.dt, world.substeps, world.forces, world.equip), scene, steps)
        if not torch.allclose(first.pos, pymunk_truth.pos, rtol=1e-9, atol=1e-9):
            raise PhysimError("the world's engine and pymunk disagree on where the bodies go")
    _check_position_rule(world, first)


def _check_position_rule(world: World, truth: Trajectory) -> None:
    """Compare the rule with the truth's positions and velocities where bodies move smoothly and touch nothing."""
    free = penetration(truth) == 0  # bodies that rest are pushed apart smoothly too, by no rule
    change = truth.vel.diff(dim=0)
    size = change.norm(dim=-1)
    steady = change.diff(dim=0).norm(dim=-1) < SMOOTH * size[1:]
    smooth = steady & (size[1:] > 1e-4 * size.max()) & free[:-2] & free[1:-1] & free[2:]
    if int(smooth.sum()) < truth.steps / 2:
        return
    beyond = truth.pos.diff(dim=0) / world.dt - truth.vel[:-1]
    share = float(((beyond * change).sum(-1) / size.square())[1:][smooth].median())
    if abs(share - world.position_rule) > RULE_TOLERANCE:
        raise PhysimError(f"position_rule is {world.position_rule:g}, but the truth moves its bodies by {share:.3g}")


def _same(first: Trajectory, second: Trajectory) -> bool:
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in ("pos", "vel", "angle"))
