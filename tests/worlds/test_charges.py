from __future__ import annotations

import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.worlds.contract import check_world
from worlds.charges import Charges


def test_the_contract_holds() -> None:
    check_world(Charges())


def test_charges_come_in_both_signs() -> None:
    charge = torch.cat([scene.charge for scene in Charges().scenes(seed=1, count=50)])
    assert 0.4 < float((charge > 0).double().mean()) < 0.6
    assert 0.5 <= charge.abs().min() < charge.abs().max() <= 5


@pytest.mark.parametrize(("signs", "apart"), [((1, 1), True), ((1, -1), False)])
def test_like_charges_repel_and_others_attract(signs: tuple[int, int], apart: bool) -> None:
    scene = Charges(bodies=2).scene(seed=1)
    scene.charge = torch.tensor(signs, dtype=torch.float64)
    scene.pos = torch.tensor([[0.0, 0.0], [20.0, 0.0]], dtype=torch.float64)
    scene.vel = torch.zeros(2, 2, dtype=torch.float64)
    trajectory = rollout(Charges().engine(), scene, steps=50)
    distance = (trajectory.pos[:, 0] - trajectory.pos[:, 1]).norm(dim=-1)
    assert bool(distance[-1] > distance[0]) == apart


def test_a_length_that_is_not_above_0_is_refused() -> None:
    with pytest.raises(PhysimError, match="length must be above 0"):
        Charges(length=0.0)
