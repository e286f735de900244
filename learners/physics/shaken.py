"""Start scenes from the middle of things, shaken: engines that run freely meet states that no truth comes to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from physim.engines.rollout import rollout
from physim.scenes.scene import Scene
from physim.worlds.base import World

LATER = 120
"""After how many steps, at most, a scene is shaken."""
SIZES = (3e-4, 0.05)
"""How far bodies are moved, in parts of the usual body's size: a scene's own share between these, on a log scale."""
SPEEDS = (1e-3, 0.5)
"""By how much their velocities change, in parts of the usual speed of the scene's bodies."""
TOGETHER = 50


def shaken(scenes: Sequence[Scene], world: World, seed: int) -> list[Scene]:
    """The scenes of a world, of which every second has run for a while, and had its bodies moved, turned and pushed.

    Where bodies rest, that makes them overlap, tilt and slide: what the errors of a learned engine do to them too.
    """
    scenes, count = list(scenes), len(scenes)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(count, 1)))
    for start in range(1, count, 2 * TOGETHER):
        chosen = range(start, min(count, start + 2 * TOGETHER), 2)
        truth = rollout(world.engine(), Scene.batch_of([scenes[number] for number in chosen]), LATER)
        begins = truth.scene.ptr.tolist()
        for place, number in enumerate(chosen):
            rows, instant = slice(begins[place], begins[place + 1]), int(rng.integers(LATER + 1))
            fields = ("pos", "vel", "angle", "angular_velocity")
            state = {name: getattr(truth, name)[instant, rows].clone() for name in fields}
            scenes[number] = _shaken(scenes[number].moved(**state), rng)
    return scenes


def _shaken(scene: Scene, rng: np.random.Generator) -> Scene:
    moves = (scene.inverse_mass > 0).double()
    size = _size(scene)
    speed = float((scene.vel.square().sum(-1) * moves).sum().div(moves.sum()).sqrt())
    aside, push = (float(np.exp(rng.uniform(*np.log(bounds)))) for bounds in (SIZES, SPEEDS))
    push *= speed + float(scene.gravity.norm() * scene.dt)

    def noise(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal((scene.num_bodies, *shape)))

    turns = moves * torch.isfinite(scene.moment)
    return scene.moved(
        pos=scene.pos + aside * size * noise(2) * moves[:, None],
        angle=scene.angle + aside * noise() * turns,
        vel=scene.vel + push * noise(2) * moves[:, None],
        angular_velocity=scene.angular_velocity + push / size * noise() * turns,
    )


def _size(scene: Scene) -> float:
    """The usual radius of gyration, or radius, of what can move."""
    return float(torch.maximum(scene.gyration, scene.radius)[scene.inverse_mass > 0].median())
