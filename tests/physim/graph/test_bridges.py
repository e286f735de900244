from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph, added, delayed, detach, pooled
from physim.graph.bridges import Bridge
from physim.graph.regression import Regression
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


def stacked() -> tuple[ModuleGraph, str]:
    torch.manual_seed(0)
    net = ModuleGraph()
    core = net.add("core", LSTM(3, 4), net.input("x"))
    net.add("head", nn.Linear(5, 2), net.add("upper", LSTM(4, 5), core))
    return net.double(), "core upper"


def nested() -> tuple[ModuleGraph, str]:
    torch.manual_seed(0)
    net = ModuleGraph()
    net.add("head", nn.Linear(2, 2), net.add("inner", lstm()[0], net.input("x")))
    return net.double(), "inner"


def inside() -> tuple[ModuleGraph, str]:
    return nested()[0], "inner.core"


def of_objects() -> tuple[ModuleGraph, str]:
    """Two objects in each of three scenes."""
    torch.manual_seed(0)
    net = ModuleGraph()
    x = net.input("x")
    core = net.add("core", LSTM(3, 5), x)
    net.returns(net.add("head", nn.Linear(5, 2), core))
    pooled(x)
    return net.double(), "core"


def bridged(net: ModuleGraph, memories: str, synthesizer: Callable[[], nn.Module], scale: float = 1.0) -> list[Bridge]:
    """Bridge memories, those of nested graphs by dotted names."""
    found = []
    for memory in memories.split():
        graph, _, name = memory.rpartition(".")
        host = net.get_submodule(graph)
        assert isinstance(host, ModuleGraph)
        found.append(host.bridge(host[name], synthesizer(), scale))
    return found


class Foresight(nn.Module):
    """Knows, at the end of each window, the gradient that the next one met in the last run of all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: list[Tensor] = []
        self.found: list[Tensor] = []
        self.calls = 0

    def forward(self, memory: Tensor) -> Tensor:
        window, starts = divmod(self.calls, 2)  # asked at the end of each, and at the start of all but the first
        self.calls += 1
        return torch.zeros_like(memory) if starts or window >= len(self.coming) else self.coming[window]

    def watch(self, regression: Regression) -> None:
        met = regression.met

        def watched(gradient: Tensor, synthetic: Tensor) -> tuple[Tensor, Tensor]:
            self.found.append(gradient.clone())
            return met(gradient, synthetic)

        regression.met = watched  # type: ignore[method-assign]

    def ask(self) -> None:
        self.coming, self.found, self.calls = self.found, [], 0


def given(net: ModuleGraph, part: slice) -> dict[str, Tensor]:
    """What a window of a graph reads."""
    batch = {"batch": BATCH} if net["x"].place.kind == "objects" else {}
    return {"x": normal(6, T, 3)[:, part], **batch}


BATCH = torch.tensor([0, 0, 1, 1, 2, 2])


def windows(net: ModuleGraph, length: int, reset: Tensor | None = None) -> dict[str, Tensor]:
    """The gradients of all parameters, summed over windows of so many ticks."""
    target = normal(6, T, 2, seed=1)
    net.zero_grad()
    state = None
    for start in range(0, T, length):
        part = slice(start, start + length)
        values, state = net.window(given(net, part), state, None if reset is None else reset[:, part])
        (values - target[:, part]).square().sum().backward()
        state = detach(state)
    return {name: parameter.grad.clone() for name, parameter in net.named_parameters() if parameter.grad is not None}


def resets(net: ModuleGraph) -> Tensor:
    """Where scenes start anew: at a window's first tick, at its last, in its middle."""
    scenes = 3 if net["x"].place.kind == "objects" else 6
    reset = torch.zeros(scenes, T, dtype=torch.bool)
    reset[0, WINDOW] = reset[1, WINDOW - 1] = reset[1, 2 * WINDOW + 1] = reset[2, 2 * WINDOW] = True
    return reset


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("make", [lstm, looped, stacked, nested, inside, of_objects])
def test_with_the_true_gradient_windows_learn_as_the_whole_sequence_does(make: Make, restarted: bool) -> None:
    reset = resets(make()[0]) if restarted else None
    whole = windows(make()[0], T, reset)
    cut, memories = make()
    truncated = windows(cut, WINDOW, reset)
    bridges = bridged(cut, memories, Foresight)
    knowing = [bridge.regression.synthesizer for bridge in bridges]
    for one, bridge in zip(knowing, bridges, strict=True):
        one.watch(bridge.regression)  # type: ignore[operator]
    for _ in range(T // WINDOW):
        found = windows(cut, WINDOW, reset)
        for one in knowing:
            one.ask()  # type: ignore[operator]
    assert whole.keys() == found.keys()
    for name, value in whole.items():
        assert torch.allclose(found[name], value, rtol=1e-12, atol=1e-12)
    assert not all(torch.allclose(truncated[name], value, rtol=1e-3) for name, value in whole.items())


class Loud(nn.Module):
    """Says something that could not be missed, whatever the memory is."""

    def __init__(self) -> None:
        super().__init__()
        self.word = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, memory: Tensor) -> Tensor:
        return self.word.expand_as(memory)


SIZES = {lstm: 10, looped: 3, inside: 10, of_objects: 10}


@pytest.mark.parametrize("make", SIZES)
def test_a_memory_that_starts_anew_teaches_nothing(make: Make) -> None:
    net, memory = make()
    (bridge,) = bridged(net, memory, Loud)
    scenes = len(resets(net))
    for begun in range(scenes + 1):
        reset = torch.zeros(scenes, WINDOW, dtype=torch.bool)
        reset[:begun, 0] = True
        net.zero_grad()
        _, state = net.window(given(net, slice(0, WINDOW)))
        values, _ = net.window(given(net, slice(WINDOW, 2 * WINDOW)), detach(state), reset)
        values.sum().backward()
        (word,), meter = bridge.regression.synthesizer.parameters(), bridge.regression.meter
        assert bool(word.grad) == (begun < scenes)
        assert meter is not None
        assert meter.synthetic**2 == pytest.approx(6 * SIZES[make] * (1 - begun / scenes))


@pytest.mark.parametrize("make", [lstm, looped, stacked, inside])
@pytest.mark.parametrize("scale", [0.1, -3.0])
def test_a_guess_counts_as_often_as_its_scale_says(make: Make, scale: float) -> None:
    found = []
    for factor in (0.0, 1.0, scale):
        net, memories = make()
        bridged(net, memories, Loud, factor)
        windows(net, T)
        found.append({name: value for name, value in windows(net, T).items() if "bridge" not in name})
    none, once, scaled = found
    for name, value in scaled.items():
        assert torch.allclose(value - none[name], scale * (once[name] - none[name]), rtol=1e-9, atol=1e-12)
    assert any(not torch.allclose(once[name], value) for name, value in none.items())


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


@pytest.mark.parametrize("make", SIZES)
def test_nothing_comes_back_to_what_has_ended(make: Make) -> None:
    found = []
    for cut in (False, True):
        net, memory = make()
        if cut:
            bridged(net, memory, Loud)
        over = torch.ones(len(resets(net)), dtype=torch.bool)
        for goes_on in (False, True):
            over[0] = not goes_on
            net.zero_grad()
            net.window(given(net, slice(0, WINDOW)), ended=over)[0].sum().backward()
            found.append([p.grad for name, p in net.named_parameters() if "bridge" not in name])
    plain, plain_again, ended, going_on = found
    assert all(map(torch.equal, plain, ended))
    assert not all(map(torch.equal, plain_again, going_on))


def test_ended_is_told_of_every_scene() -> None:
    net, memory = lstm()
    net.bridge(net[memory], LinearSynthesizer(10).double())
    with pytest.raises(PhysimError, match="ended has 5 items, but others on the scene have 6"):
        net.window({"x": normal(6, WINDOW, 3)}, ended=torch.zeros(5, dtype=torch.bool))
    with pytest.raises(PhysimError, match=r"ended wants bool, got torch\.int64"):
        net.window({"x": normal(6, WINDOW, 3)}, ended=torch.zeros(6, dtype=torch.int64))


def test_a_bridge_that_cannot_be_leaves_nothing_behind() -> None:
    net, memory = lstm()
    other, _ = lstm()
    state, nodes = set(net.state_dict()), len(net.nodes)
    for given, synthesizer, sentence in [
        (other["core"], LinearSynthesizer(10), "'core' and 'core' belong to different graphs"),
        ((3,), LinearSynthesizer(10), "bridge takes ports, got int 3"),
        ((), "linear", r"bridge\('core'\) wants an nn\.Module, got str"),
    ]:
        with pytest.raises(PhysimError, match=sentence):
            net.bridge(net[memory], synthesizer, given=given)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="bridge: 'core' belongs to a different graph"):
        net.bridge(other["core"], LinearSynthesizer(10))
    assert (set(net.state_dict()), len(net.nodes), net.bridges) == (state, nodes, [])
    net.bridge(net[memory], LinearSynthesizer(10))


def test_bridges_of_one_synthesizer_share_its_weights() -> None:
    net, _ = stacked()
    third = net.add("third", LSTM(5, 5), net["upper"])
    one = LinearSynthesizer(10)
    for memory in (net["upper"], third):
        net.bridge(memory, one)
    assert [name for name in net.state_dict() if "line" in name] == [
        "bridge(upper).line.weight",
        "bridge(upper).line.bias",
    ]


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
