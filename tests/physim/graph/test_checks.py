from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import Edges, ModuleGraph, added, check_steps, delayed, joined, repeated, senders
from physim.graph.context import Context
from physim.graph.delays import Delayed
from physim.graph.wholes import Wholes


def loop() -> ModuleGraph:
    net = ModuleGraph()
    back = net.later("back")
    core = net.add("core", nn.Linear(2, 2), added(net.input("x"), delayed(back, torch.ones(2))))
    net.tie(back, core)
    net.returns(core, delayed(core, 3.0))
    return net.double()


X = torch.randn(3, 5, 2, dtype=torch.float64)
RESET = torch.tensor([[False, False, True, False, False]] * 3)


def test_a_sound_graph_passes() -> None:
    check_steps(loop(), {"x": X}, RESET, split=2)


def test_a_delay_of_two_ticks_in_steps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def remember(self: Delayed, values: list[Tensor], context: Context) -> None:
        context.next_state[self.name] = values[self.ports[0].slot]

    monkeypatch.setattr(Delayed, "remember", remember)
    net = ModuleGraph()
    net.returns(delayed(net.input("x")))
    with pytest.raises(PhysimError, match=r"'delayed\(x\)' at tick 1 by step differs from forward by"):
        check_steps(net, {"x": X})


def test_a_window_that_forgets_its_last_tick_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Delayed.ticks

    def ticks(self: Delayed, values: list[Tensor], context: Context) -> None:
        honest(self, values, context)
        context.next_state[self.name] = torch.zeros_like(context.next_state[self.name])

    monkeypatch.setattr(Delayed, "ticks", ticks)
    net = ModuleGraph()
    net.returns(delayed(net.input("x")))
    check_steps(net, {"x": X})
    with pytest.raises(PhysimError, match="in two windows differs from forward"):
        check_steps(net, {"x": X}, split=2)


def test_a_state_that_is_not_reset_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def reset_on(self: Context, place: str | None) -> Tensor | None:
        return None if self.length is None else self.reset

    monkeypatch.setattr(Context, "reset_on", reset_on)
    net = ModuleGraph()
    net.returns(delayed(net.input("x")))
    check_steps(net, {"x": X})
    with pytest.raises(PhysimError, match="at tick 2 by step differs from forward"):
        check_steps(net, {"x": X}, RESET)


def test_a_graph_that_wants_what_is_whole_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    net = ModuleGraph()
    net.returns(added(repeated(net.input("speaker", whole=True)), net.input("x")))
    told = {"speaker": X[:, 0], "x": X}
    check_steps(net, told, split=2)
    monkeypatch.setattr(Wholes, "kept", lambda *_: frozenset())
    with pytest.raises(PhysimError, match="input 'speaker' wants a tensor, got nothing"):
        check_steps(net, told)


def test_not_a_number_is_a_difference() -> None:
    with pytest.raises(PhysimError, match="differs from forward by nan"):
        check_steps(loop(), {"x": X * float("nan")})


def test_outputs_on_changing_relations_are_checked_row_by_row() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    net.returns(joined(senders(delayed(x), pairs), pairs.attributes))
    ticks = torch.tensor([0, 1, 1, 3])
    edges = Edges(torch.tensor([[0, 1, 2, 0], [1, 2, 0, 2]]), torch.randn(4, 1).double(), ticks)
    check_steps(net, {"x": X, "pairs": edges}, split=2)


def test_the_number_of_ticks_must_be_known() -> None:
    net = ModuleGraph()
    pairs = net.relations("pairs")
    net.returns(delayed(pairs.attributes))
    with pytest.raises(PhysimError, match="give `reset`"):
        check_steps(net, {"pairs": Edges(torch.zeros(2, 1, dtype=torch.int64), torch.zeros(1, 1))})
