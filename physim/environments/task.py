"""What the episodes of an environment are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

from physim.arrays import Floats
from physim.checks import check_positive, check_whole
from physim.engines.rollout import rollout
from physim.errors import BlowUp, PhysimError
from physim.scenes.scene import Scene
from physim.worlds.base import World
from physim.worlds.find import WorldSource, world_from

Reward = Callable[[Scene, Floats, Scene], float]
"""What a step is worth, by the scene before, the forces on its movable bodies [M, 2] (N), and the scene after."""
LARGEST = float(np.finfo(np.float32).max)
"""Observations are float32; what lies beyond is no longer finite."""
SAMPLES, STEPS = 8, 100
"""So many scenes, and steps of each, tell how strong the forces of a world are."""


@final
@dataclass(frozen=True)
class Task:
    """A world, the name of the engine that moves it and of its weights, the largest force (N), the reward, and for how
    many steps forces are held.

    Without a `reward`, a body is to go to a goal; see Episodes.
    """

    world: World
    engine: str
    weights: str | None
    max_force: float
    reward: Reward | None
    hold: int = 1

    @classmethod
    def of(
        cls,
        world: WorldSource,
        *,
        engine: str = "truth",
        weights: str | None = None,
        max_force: float | None = None,
        reward: Reward | None = None,
        hold: int = 1,
        **parameters: Any,
    ) -> Self:
        """The task in a world, or in what gives one: its name, class or function, with its parameters.

        Raises: PhysimError where the world or a parameter is unknown, or the force is none.
        """
        check_whole(1, hold=hold)
        built = world_from(world, parameters)
        if max_force is None:
            max_force = typical_force(built)
        check_positive(max_force=max_force)
        if max_force > LARGEST:
            raise PhysimError(f"max_force must be at most {LARGEST:g}, which is float32's largest, got {max_force:g}")
        return cls(built, engine, weights, float(np.float32(max_force)), reward, hold)


def typical_force(world: World) -> float:
    """The mean size (N) of the force on a movable body, over the first 100 steps of scenes 0 to 7 of seed 0.

    Raises: PhysimError where nothing acts on them, or a scene blows up.
    """
    scene = Scene.batch_of(world.scenes(0, SAMPLES))
    wanted = f"give a max_force: none can be derived from the world {world.name}"
    try:
        truth = rollout(world.engine(), scene, STEPS)
    except BlowUp as error:
        raise PhysimError(f"{wanted}, because {error}") from error
    moves = scene.inverse_mass > 0
    change = truth.vel.diff(dim=0).norm(dim=-1)[:, moves]
    force = float((change * scene.mass[moves]).mean()) / world.dt
    if force == 0:
        raise PhysimError(f"{wanted}, because no force acts in the first {STEPS} steps of its scenes")
    return force


def forces_of(action: npt.ArrayLike, shape: tuple[int, ...], largest: float) -> Floats:
    """An action as forces in float64, none beyond the largest one.

    Raises: PhysimError where it has another shape or is not finite.
    """
    try:
        forces = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PhysimError(f"action is {action!r}, wanted an array of shape {shape}") from error
    if forces.shape != shape:
        raise PhysimError(f"action has shape {forces.shape}, wanted {shape}: a force for each body that can move")
    if not np.isfinite(forces).all():
        raise PhysimError("action is not finite, wanted forces in newtons")
    return np.clip(forces, -largest, largest)
