from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from physim.graph import ModuleGraph, delayed


def remembering(initial: float | Tensor | nn.Parameter, delays: int = 1) -> ModuleGraph:
    net = ModuleGraph()
    port = net.input("x")
    for _ in range(delays):
        port = delayed(port, initial)
    net.returns(port)
    return net


COUNTING = torch.arange(1.0, 6.0).reshape(1, 5, 1)


@pytest.mark.parametrize(
    ("delays", "resets", "expected"),
    [
        (1, [], [9, 1, 2, 3, 4]),
        (2, [], [9, 9, 1, 2, 3]),
        (1, [0, 3], [9, 1, 2, 9, 4]),
        (2, [2], [9, 9, 9, 9, 3]),
        (3, [3], [9, 9, 9, 9, 9]),
        (2, [1, 2, 3, 4], [9, 9, 9, 9, 9]),
    ],
)
def test_delays_shift_by_one_tick_each_and_start_anew_at_resets(
    delays: int, resets: list[int], expected: list[float]
) -> None:
    reset = torch.zeros(1, 5, dtype=torch.bool)
    reset[0, resets] = True
    assert remembering(9.0, delays)({"x": COUNTING}, None, reset).flatten().tolist() == expected


def test_the_initial_value_may_be_a_tensor_of_one_items_shape() -> None:
    result = remembering(torch.tensor([7.0, 8.0]))({"x": torch.zeros(2, 3, 2)})
    assert result[:, 0].tolist() == [[7, 8], [7, 8]]


def test_the_initial_value_can_be_learned() -> None:
    net = remembering(nn.Parameter(torch.tensor([5.0])))
    net({"x": COUNTING}).sum().backward()
    assert [parameter.grad.tolist() for parameter in net.parameters()] == [[1.0]]


@pytest.mark.parametrize("tick", range(5))
def test_gradients_do_not_cross_resets(tick: int) -> None:
    x = COUNTING.clone().requires_grad_()
    reset = torch.zeros(1, 5, dtype=torch.bool)
    reset[0, 3] = True
    remembering(0.0, 2)({"x": x}, None, reset)[0, tick].sum().backward()
    reached = x.grad.flatten().nonzero().flatten().tolist() if x.grad is not None else []
    assert reached == ([tick - 2] if tick == 2 else [])
