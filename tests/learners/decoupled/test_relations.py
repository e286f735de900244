from __future__ import annotations

import pytest
import torch

from learners.decoupled.relations import EFFECTS, OBJECT_MODEL, Relating
from physim.graph import decoupled
from worlds.nbody import NBody

WORLD = NBody()


def relating(arm: str) -> Relating:
    return Relating(WORLD, 300, arm, scenes=100, steps=50)


def test_a_network_is_cut_where_effects_enter_the_object_model() -> None:
    for arm in ("none", "dni", "cdni"):
        net = relating(arm).network()
        cut = net[OBJECT_MODEL].node.sources[-1]
        assert cut.node.kind == decoupled.__name__
        assert cut.node.sources[0] == net[EFFECTS]
        net.mend(net[EFFECTS], into=net[OBJECT_MODEL])
        assert net[OBJECT_MODEL].node.sources[-1] == net[EFFECTS]


@pytest.mark.slow
def test_synthetic_gradients_teach_the_relation_model_what_no_gradient_does_not() -> None:
    known = relating("none")
    errors = {arm: known.error(relating(arm).run(), examples=2000) for arm in ("backprop", "none", "cdni")}
    assert errors["cdni"] < 0.8 * errors["none"]
    assert errors["backprop"] < 0.8 * errors["none"]


@pytest.mark.parametrize("arm", ["backprop", "cdni"])
def test_the_same_seed_gives_the_same_network(arm: str) -> None:
    one, other = (relating(arm).network().state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
