from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from learners.decoupled.classify import Digits, Training, error
from learners.decoupled.graphs import Size
from learners.decoupled.losses import Squares
from learners.decoupled.views import VIEWS, viewed
from physim.graph.cutting import Decoupled

SIZE = Size(layers=4, width=16)


@pytest.fixture
def digits() -> Digits:
    """Classes that lie in ten directions."""
    random = torch.Generator().manual_seed(0)
    kinds = torch.randint(10, (400,), generator=random)
    centres = torch.rand(10, 30, generator=random)
    return Digits(centres[kinds] + 0.1 * torch.randn(400, 30, generator=random), kinds)


@pytest.mark.parametrize("view", VIEWS)
def test_all_views_are_one_network_in_use_and_learn(view: str, digits: Digits) -> None:
    torch.manual_seed(0)
    net = viewed(SIZE, view, features=30)
    torch.manual_seed(0)
    plain = viewed(SIZE, "backprop", features=30)
    plain.load_state_dict(net.state_dict(), strict=False)
    inputs, _ = digits.batch(torch.arange(50))
    assert torch.equal(net.eval()(inputs), plain.eval()(inputs))
    Training(200, 3e-3, batch=64, loss=Squares, together=True).run(net, digits)
    assert error(net, digits) < (0.5 if view == "kickback" else 0.2)  # one signal for all classes teaches little


@pytest.mark.parametrize(("layers", "cut"), [(2, "hidden_1"), (3, "hidden_1"), (4, "hidden_1"), (5, "hidden_2")])
def test_a_single_cut_is_in_the_middle_of_networks_of_any_depth(layers: int, cut: str) -> None:
    wires = [node for node in viewed(Size(layers, 4), "single", features=6).nodes if isinstance(node, Decoupled)]
    assert [wire.sources[0].name for wire in wires] == [cut]


def test_ones_bring_nothing_back_of_a_log_loss(digits: Digits) -> None:
    net = viewed(SIZE, "kickback", features=30)
    inputs, targets = digits.batch(torch.arange(50))
    functional.cross_entropy(net(inputs), targets["class"]).backward()
    below = net.get_submodule("layer_1").weight.grad
    assert float(below.abs().max()) < 1e-6  # the errors of a softmax sum to zero
