from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph, added, delayed, detach
from physim.graph.synthesizers import LinearSynthesizer

Make = Callable[[], tuple[ModuleGraph, str]]
T, WINDOW = 12, 4


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def lstm() -> tuple[ModuleGraph, str]:
    torch.manual_seed(0)
    net = ModuleGraph()
    core = net.add("core", LSTM(3, 5), net.input("x"))
    net.add("head", nn.Linear(5, 2), core)
    return net.double(), "core"


def looped() -> tuple[ModuleGraph, str]:
    torch.manual_seed(0)
    net = ModuleGraph()
    back = net.later("back")
    before = delayed(back, torch.zeros(3))
    core = net.add("core", nn.Sequential(nn.Linear(3, 3), nn.Tanh()), added(net.input("x"), before))
    net.tie(back, core)
    net.add("head", nn.Linear(3, 2), core)
    return net.double(), before.name


def windows(net: ModuleGraph, length: int) -> dict[str, Tensor]:
    """The gradients of all parameters, summed over windows of so many ticks."""
    inputs, target = normal(6, T, 3), normal(6, T, 2, seed=1)
    net.zero_grad()
    state = None
    for start in range(0, T, length):
        part = slice(start, start + length)
        values, state = net.window({"x": inputs[:, part]}, state)
        (values - target[:, part]).square().sum().backward()
        state = detach(state)
    return {name: parameter.grad.clone() for name, parameter in net.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("make", [lstm, looped])
def test_with_the_true_gradient_windows_learn_as_the_whole_sequence_does(make: Make, oracle: Any) -> None:
    whole = windows(make()[0], T)
    cut, memory = make()
    truncated = windows(cut, WINDOW)
    knowing = oracle()
    cut.bridge(cut[memory], knowing)
    knowing.watch(cut.bridges[0].regression)
    for _ in range(T // WINDOW):
        found = windows(cut, WINDOW)
        knowing.ask()
        knowing.known[0:-1:2] = knowing.known[1::2]  # a window's end is the start of the next
    assert whole.keys() == found.keys()
    for name, value in whole.items():
        assert torch.allclose(found[name], value, rtol=1e-12, atol=1e-12)
    assert not all(torch.allclose(truncated[name], value, rtol=1e-3) for name, value in whole.items())


def test_a_bridge_learns_what_later_windows_say() -> None:
    net, _ = lstm()
    net.bridge(net["core"], LinearSynthesizer(10))
    optimiser = torch.optim.Adam([p for name, p in net.named_parameters() if name.startswith("bridge")], 1e-2)
    net.double()
    losses = []
    for _ in range(200):
        windows(net, WINDOW)
        losses.append(net.bridges[0].regression.meter)
        optimiser.step()
    assert losses[-1].loss < 0.6 * losses[0].loss  # type: ignore[union-attr]
    assert losses[-1].cosine > 0.6  # type: ignore[union-attr]


def test_what_has_no_memory_or_is_bridged_is_refused() -> None:
    net, memory = lstm()
    with pytest.raises(PhysimError, match="bridge: 'head' keeps nothing from one tick to the next"):
        net.bridge(net["head"], LinearSynthesizer(2))
    net.bridge(net[memory], LinearSynthesizer(10))
    with pytest.raises(PhysimError, match="bridge: 'core' is bridged already"):
        net.bridge(net[memory], LinearSynthesizer(10))
    net.bridges[0].regression.synthesizer = nn.Linear(10, 3).double()
    with pytest.raises(PhysimError, match=r"core: the synthesizer gives \[6, 3\] for a value of \[6, 10\]"):
        windows(net, WINDOW)


def test_without_gradients_a_bridge_is_nothing() -> None:
    net, memory = lstm()
    plain, _ = lstm()
    net.bridge(net[memory], LinearSynthesizer(10))
    with torch.no_grad():
        assert torch.equal(net({"x": normal(6, T, 3)}), plain({"x": normal(6, T, 3)}))


@pytest.mark.parametrize("make", [lstm, looped])
def test_nothing_comes_back_to_what_has_ended(make: Make) -> None:
    found = []
    for bridged in (False, True):
        net, memory = make()
        if bridged:
            guess = LinearSynthesizer(10 if memory == "core" else 3).double()
            torch.nn.init.ones_(guess.line.bias)  # a gradient that could not be missed
            net.bridge(net[memory], guess)
        over = torch.tensor([True] * 6)
        net.window({"x": normal(6, WINDOW, 3)}, ended=over)[0].sum().backward()
        found.append([p.grad for name, p in net.named_parameters() if not name.startswith("bridge")])
        net.zero_grad()
        over[0] = False
        net.window({"x": normal(6, WINDOW, 3)}, ended=over)[0].sum().backward()
        found.append([p.grad for name, p in net.named_parameters() if not name.startswith("bridge")])
    plain, plain_again, ended, going_on = found
    assert all(map(torch.equal, plain, ended))
    assert not all(map(torch.equal, plain_again, going_on))


def test_ended_is_told_of_every_item() -> None:
    net, memory = lstm()
    net.bridge(net[memory], LinearSynthesizer(10).double())
    with pytest.raises(PhysimError, match=r"core: ended wants bool \[6\], an item of its memory each"):
        net.window({"x": normal(6, WINDOW, 3)}, ended=torch.zeros(5, dtype=torch.bool))


class Told(nn.Module):
    """Says nothing, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Tensor] = []

    def forward(self, memory: Tensor, known: Tensor) -> Tensor:
        self.heard.append(known)
        return torch.zeros_like(memory)


@pytest.mark.parametrize("make", [lstm, looped])
def test_a_synthesizer_is_given_what_was_known_at_the_end_of_each_window(make: Make) -> None:
    net, memory = make()
    told, plain = Told(), make()[0]
    net.bridge(net[memory], told, given=net.input("known"))
    known, state = normal(6, T, 2, seed=3), None
    for start in range(0, T, WINDOW):
        part = slice(start, start + WINDOW)
        _, state = net.window({"x": normal(6, T, 3)[:, part], "known": known[:, part]}, detach(state or {}))
    ends = [known[:, tick - 1] for tick in range(WINDOW, T + 1, WINDOW)]
    wanted = [ends[0], *(end for pair in pairwise(ends) for end in pair)]
    assert all(map(torch.equal, told.heard, wanted))
    net.eval()
    assert torch.equal(net({"x": normal(6, T, 3)}), plain({"x": normal(6, T, 3)}))
    assert len(net.outputs) == 1


def test_what_a_synthesizer_is_given_must_be_there_while_training() -> None:
    net, memory = lstm()
    net.bridge(net[memory], Told(), given=net.input("known"))
    with pytest.raises(PhysimError, match="'known'"):
        net.window({"x": normal(6, WINDOW, 3)})
