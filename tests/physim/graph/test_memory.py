from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, CausalConv1d, Memory, ModuleGraph, check_steps

MEMORIES = [LSTM(3, 4), CausalConv1d(3, 4, 3), CausalConv1d(3, 4, 2, dilation=3), CausalConv1d(3, 4, 1)]
for memory in MEMORIES:
    memory.double()


def alone(memory: Memory) -> ModuleGraph:
    net = ModuleGraph()
    net.add("core", memory, net.input("x"))
    return net


@pytest.mark.parametrize("memory", MEMORIES, ids=repr)
def test_steps_give_what_forward_gives(memory: Memory) -> None:
    x, reset = torch.randn(4, 8, 3).double(), torch.rand(4, 8) < 0.3
    check_steps(alone(memory), {"x": x}, split=3)
    check_steps(alone(memory), {"x": x}, reset, split=3)


@pytest.mark.parametrize("memory", MEMORIES, ids=repr)
def test_a_reset_starts_one_item_anew(memory: Memory) -> None:
    x = torch.randn(2, 6, 3).double()
    reset = torch.zeros(2, 6, dtype=torch.bool)
    reset[0, 4] = True
    whole, (split, _), (fresh, _) = memory(x)[0], memory(x, None, reset), memory(x[:, 4:])
    torch.testing.assert_close(split[0, 4:], fresh[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(split[1], whole[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("memory", MEMORIES, ids=repr)
def test_outputs_see_the_past_alone_and_no_gradient_crosses_a_reset(memory: Memory) -> None:
    x = torch.randn(1, 6, 3, dtype=torch.float64, requires_grad=True)
    reset = torch.zeros(1, 6, dtype=torch.bool)
    reset[0, 2] = True
    memory(x, None, reset)[0][0, 3].sum().backward()
    reached = x.grad.abs().sum(-1).flatten() > 0
    assert reached[3]
    assert not reached[[0, 1, 4, 5]].any()


@pytest.mark.parametrize("memory", MEMORIES, ids=repr)
def test_the_first_step_is_fresh_whether_reset_or_not(memory: Memory) -> None:
    x = torch.randn(2, 3).double()
    torch.testing.assert_close(memory.step(x)[0], memory.step(x, None, torch.tensor([True, False]))[0])


def test_the_lstm_is_torchs() -> None:
    x = torch.randn(2, 5, 3).double()
    lstm = MEMORIES[0]
    assert torch.equal(lstm(x)[0], lstm.core(x)[0])


def test_the_convolution_is_causal_and_dilated() -> None:
    conv = CausalConv1d(1, 1, 3, dilation=2)
    with torch.no_grad():
        conv.core.weight.copy_(torch.tensor([[[100.0, 10, 1]]]))
        conv.core.bias.zero_()
    x = torch.arange(1.0, 7.0).reshape(1, 6, 1)
    assert conv(x)[0].flatten().tolist() == [1, 2, 13, 24, 135, 246]


class WrongDelay(CausalConv1d):
    """A planted fault: a step forgets to move its memory on."""

    def tick(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return super().tick(inputs, state)[0], state


class NotReset(LSTM):
    """A planted fault: the cell survives a reset in steps."""

    def tick(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        output, (hidden, cell) = super().tick(inputs, state)
        self.cell = cell
        return output, (hidden, cell)

    def initial_state(self, items: int, like: Tensor) -> tuple[Tensor, Tensor]:
        hidden, cell = super().initial_state(items, like)
        return hidden, getattr(self, "cell", cell)


def test_a_wrong_delay_fails_the_check() -> None:
    with pytest.raises(PhysimError, match="'core' at tick 1 by step differs from forward"):
        check_steps(alone(WrongDelay(3, 4, 2).double()), {"x": torch.randn(2, 4, 3).double()})


def test_a_state_that_is_not_reset_fails_the_check() -> None:
    reset = torch.zeros(2, 4, dtype=torch.bool)
    reset[:, 2] = True
    with pytest.raises(PhysimError, match="'core' at tick 2 by step differs from forward"):
        check_steps(alone(NotReset(3, 4).double()), {"x": torch.randn(2, 4, 3).double()}, reset)


def test_a_module_with_memory_reads_one_port() -> None:
    net = ModuleGraph()
    with pytest.raises(PhysimError, match="a module with memory reads one port"):
        net.add("core", LSTM(2, 2), net.input("x"), net.input("y"))


def test_parameters_of_a_memory_train() -> None:
    net = alone(LSTM(3, 4))
    net({"x": torch.randn(2, 3, 3)}).sum().backward()
    assert all(isinstance(parameter, nn.Parameter) and parameter.grad is not None for parameter in net.parameters())
