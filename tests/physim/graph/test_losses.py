from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, Loss, ModuleGraph, Port, losses_of
from physim.graph.losses import values_of


class Squares(Loss):
    """The mean square of the difference of a port from a target of the loss's name."""

    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return (values[0] - targets[self.name]).square().mean()


class Refusing(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        raise AssertionError("no loss of this stream needs this module")


def two_heads(second: nn.Module) -> tuple[ModuleGraph, Port, Port]:
    net = ModuleGraph()
    core = net.add("core", LSTM(2, 3), net.input("x"))
    return net, net.add("policy", nn.Linear(3, 1), core), net.add("value", second, core)


X = {"x": torch.randn(4, 5, 2)}
TARGETS = {"action": torch.zeros(4, 5, 1), "worth": torch.ones(4, 5, 1)}


def test_losses_come_by_name_from_one_run() -> None:
    net, policy, value = two_heads(nn.Linear(3, 1))
    losses, _ = losses_of(net, [Squares("action", policy), Squares("worth", value)], X, TARGETS)
    expected = net(X, outputs=policy).square().mean(), (net(X, outputs=value) - 1).square().mean()
    assert (losses["action"], losses["worth"]) == expected


def test_values_come_by_port_however_often_one_is_named() -> None:
    net, policy, value = two_heads(nn.Linear(3, 1))
    values, _ = values_of(net, [value, policy, value], X)
    assert list(values) == [value, policy]
    assert all(torch.equal(values[port], net(X, outputs=port)) for port in (policy, value))


def test_losses_of_one_stream_run_only_what_they_need() -> None:
    net, policy, value = two_heads(Refusing())
    both = [Squares("action", policy), Squares("worth", value, stream="replayed")]
    losses, _ = losses_of(net, both, X, TARGETS)
    sum(losses.values()).backward()
    assert list(losses) == ["action"]
    assert net.policy.weight.grad is not None


def test_windows_hand_their_memory_on_and_reset_comes_with_the_targets() -> None:
    net, policy, _ = two_heads(nn.Linear(3, 1))
    loss = [Squares("action", policy)]
    whole, _ = losses_of(net, loss, X, TARGETS)
    first, state = losses_of(net, loss, {"x": X["x"][:, :2]}, {"action": TARGETS["action"][:, :2]})
    second, _ = losses_of(net, loss, {"x": X["x"][:, 2:]}, {"action": TARGETS["action"][:, 2:]}, state=state)
    torch.testing.assert_close((2 * first["action"] + 3 * second["action"]) / 5, whole["action"])
    reset = {**TARGETS, "reset": torch.tensor([[False, False, True, False, False]] * 4)}
    assert losses_of(net, loss, X, reset)[0]["action"] != whole["action"]


def test_two_losses_of_one_name_are_refused_where_they_stand_on_one_stream() -> None:
    net, policy, value = two_heads(nn.Linear(3, 1))
    both = [Squares("action", policy), Squares("action", value)]
    with pytest.raises(PhysimError, match="2 losses are called 'action', wanted a name for each"):
        losses_of(net, both, X, TARGETS)
    apart = [both[0], Squares("action", value, stream="replayed")]
    assert list(losses_of(net, apart, X, TARGETS)[0]) == ["action"]


def test_a_stream_without_losses_is_refused_by_name() -> None:
    net, policy, _ = two_heads(nn.Linear(3, 1))
    with pytest.raises(PhysimError, match=r"no loss stands on the stream 'skewed'; streams: \['fresh'\]"):
        losses_of(net, [Squares("action", policy)], X, TARGETS, stream="skewed")
