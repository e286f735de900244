from __future__ import annotations

import torch

from physim.engines.rollout import rollout
from physim.worlds.contract import check_world
from worlds.swirl import Swirl


def test_the_contract_holds() -> None:
    check_world(Swirl())


def test_a_pair_at_rest_begins_to_swirl() -> None:
    scene = Swirl(bodies=2).scene(seed=1)
    scene.vel = torch.zeros(2, 2, dtype=torch.float64)
    vel = rollout(Swirl().engine(), scene, steps=1).vel[1]
    line = scene.pos[1] - scene.pos[0]
    assert float((vel[0] * line).sum() / vel[0].norm() / line.norm()) < 1e-9
    assert torch.allclose(scene.mass[:, None] * vel, -(scene.mass[:, None] * vel).flip(0), rtol=1e-12)
