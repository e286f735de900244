from __future__ import annotations

import torch

from physim.engines.rollout import rollout
from worlds.nbody import NBody


def test_a_trajectory_gives_back_its_instants() -> None:
    world = NBody(bodies=3)
    trajectory = rollout(world.engine(), world.scene(seed=1), steps=5)
    assert trajectory.steps == 5
    assert len(trajectory) == 6
    assert torch.equal(trajectory.at(0).pos, trajectory.scene.pos)
    assert torch.equal(trajectory.at(-1).vel, trajectory.vel[5])
    assert torch.equal(trajectory.at(3).mass, trajectory.scene.mass)
