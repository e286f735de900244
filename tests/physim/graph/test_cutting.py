from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import (
    Edges,
    ModuleGraph,
    added,
    decoupled,
    delayed,
    imagined,
    joined,
    receivers,
    senders,
    summed,
)
from physim.graph.cutting import Decoupled
from physim.graph.ports import Port
from physim.graph.regression import Meter, Regression
from physim.graph.synthesizers import ConvolutionalSynthesizer, Feedback, LinearSynthesizer

Inputs = dict[str, Any]


def regression_of(port: Port) -> Regression:
    assert isinstance(port.node, Decoupled)
    return port.node.regression


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def feedforward() -> tuple[ModuleGraph, Inputs, list[tuple[str, str]]]:
    net = ModuleGraph()
    hidden = net.add("lower", nn.Sequential(nn.Linear(4, 7), nn.Tanh()), net.input("image"))
    hidden = net.add("middle", nn.Sequential(nn.Linear(7, 7), nn.Tanh()), hidden)
    net.add("upper", nn.Linear(7, 3), hidden)
    return net, {"image": normal(11, 4)}, [("lower", "middle"), ("middle", "upper")]


def convolutional() -> tuple[ModuleGraph, Inputs, list[tuple[str, str]]]:
    net = ModuleGraph()
    planes = net.add("lower", nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.ReLU()), net.input("image"))
    net.add("upper", nn.Sequential(nn.Conv2d(5, 3, 3), nn.Flatten()), planes)
    return net, {"image": normal(6, 2, 8, 8)}, [("lower", "upper")]


def interaction() -> tuple[ModuleGraph, Inputs, list[tuple[str, str]]]:
    net = ModuleGraph()
    objects, pairs = net.input("objects"), net.relations("pairs")
    ends = joined(senders(objects, pairs), receivers(objects, pairs), pairs.attributes)
    effects = net.add("relation_model", nn.Sequential(nn.Linear(9, 6), nn.Tanh()), ends)
    wire = summed(effects)
    net.add("object_model", nn.Linear(9, 3), joined(objects, wire))
    index = torch.randint(5, (2, 13), generator=torch.Generator().manual_seed(1))
    return net, {"objects": normal(5, 3), "pairs": Edges(index, normal(13, 3))}, [("relation_model", wire.name)]


CASES = {"feedforward": feedforward, "convolutional": convolutional, "interaction": interaction}


def trained(net: ModuleGraph, inputs: Inputs, oracles: list[Any], steps: int = 4) -> dict[str, Tensor]:
    """The parameters but those of wires, after some steps; oracles look at each step's gradients before it is made."""
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    with torch.no_grad():
        target = normal(*net(inputs).shape, seed=7)
    for _ in range(steps):
        buffers = {name: value.clone() for name, value in net.named_buffers()}
        for _ in range(len(oracles) + 1):  # each pass, one more knows the truth
            net.load_state_dict(net.state_dict() | buffers)
            optimiser.zero_grad()
            functional.mse_loss(net(inputs), target).backward()
            for one in oracles:
                one.ask()
        optimiser.step()
    return dict(net.named_parameters())


@pytest.mark.parametrize("name", CASES)
def test_a_synthesizer_that_knows_the_true_gradient_trains_as_if_nothing_were_cut(name: str, oracle: Any) -> None:
    torch.manual_seed(0)
    plain, inputs, wires = CASES[name]()
    torch.manual_seed(0)
    cut, _, _ = CASES[name]()
    oracles = [oracle() for _ in wires]
    for (source, into), one in zip(wires, oracles, strict=True):
        one.watch(regression_of(cut.cut(cut[source], cut[into], one)))
    expected, found = trained(plain.double(), inputs, []), trained(cut.double(), inputs, oracles)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[key], found[key]) for key in expected)


@pytest.mark.parametrize("seed", range(12))
def test_so_do_random_graphs_with_memory_cycles_and_relations(
    seed: int, random_case: Callable[[int], Any], oracle: Any
) -> None:
    torch.manual_seed(seed)
    plain = random_case(seed)
    torch.manual_seed(seed)
    cut = random_case(seed)
    oracles = [oracle() for _ in range(4)]
    readers = ("module", "summed", "joined", "added", "delayed")
    found = ((node, port) for node in cut.graph.nodes for port in node.sources if node.kind in readers)
    wires = list(dict.fromkeys((node, port) for node, port in found if port.node.kind in ("module", "memory")))
    for (node, port), one in zip(wires[:: max(1, len(wires) // 4)], oracles, strict=False):
        one.watch(regression_of(cut.graph.cut(port, node.ports[0], one)))
    expected = gradients(plain.graph, plain.inputs, plain.reset)
    for _ in range(6 * len(oracles) + 1):  # in cycles, each pass one more tick knows the truth
        learned = gradients(cut.graph, cut.inputs, cut.reset)
        for one in oracles:
            one.ask()
    assert expected.keys() == learned.keys()
    assert sum(value is not None for value in expected.values()) > 3
    for key, value in expected.items():
        mine, its = (torch.zeros(()) if part is None else part for part in (value, learned[key]))
        assert torch.allclose(mine, its, rtol=1e-12, atol=1e-12)


def gradients(graph: ModuleGraph, inputs: Inputs, reset: Tensor) -> dict[str, Tensor | None]:
    graph.zero_grad()
    values = graph(inputs, reset=reset)
    torch.stack([value.square().mean() for value in values]).sum().backward()
    return {name: parameter.grad for name, parameter in graph.named_parameters()}


class Affine(nn.Module):
    """A synthesizer of anybody's own: what it gives is the gradient itself."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.line = nn.Linear(features, features)

    def forward(self, value: Tensor, *given: Tensor) -> Tensor:
        return torch.tanh(self.line(value)) + sum(given)


def cut_net(**ways: Any) -> tuple[ModuleGraph, Inputs, Tensor]:
    torch.manual_seed(3)
    net = ModuleGraph()
    label = net.input("label")
    hidden = net.add("lower", nn.Linear(4, 5), net.input("image"))
    upper = nn.Sequential(nn.Tanh(), nn.Linear(5, 5))
    net.add("upper", upper, decoupled(hidden, Affine(5), given=label, **ways))
    return net.double(), {"image": normal(6, 4), "label": normal(6, 5, seed=2)}, normal(6, 5, seed=4)


@pytest.mark.parametrize("ways", [{}, {"scale": 0.3}, {"mix": 0.25}, {"prop": 0.7}, {"scale": 2.0, "mix": 0.5}])
def test_what_comes_back_is_as_finite_differences_say(ways: dict[str, float]) -> None:
    """The lower module minimises scale <s, h> in a share 1 - mix, the true loss in the share mix, and prop times the
    synthesizer's loss; the synthesizer minimises its own."""
    net, inputs, target = cut_net(**ways)
    scale, mix, prop = (ways.get(name, default) for name, default in (("scale", 1.0), ("mix", 0.0), ("prop", 0.0)))
    modules = dict(net.named_children())
    lower, upper = modules["lower"], modules["upper"]
    affine = next(module for module in net.children() if isinstance(module, Affine))
    functional.mse_loss(net(inputs), target).backward()
    fixed = lower(inputs["image"]).detach().requires_grad_()
    (true,) = torch.autograd.grad(functional.mse_loss(upper(fixed), target), fixed)
    guessed = affine(fixed, inputs["label"]).detach()

    def wrong(value: Tensor) -> Tensor:
        return len(value) * (affine(value, inputs["label"]) - true).square().sum()

    def below() -> Tensor:
        value = lower(inputs["image"])
        return ((1 - mix) * scale * guessed * value).sum() + (mix * true * value).sum() + prop * wrong(value)

    for module, loss in ((lower, below), (affine, lambda: wrong(fixed))):
        for parameter in module.parameters():
            assert torch.allclose(parameter.grad, slopes(parameter, loss), rtol=1e-5, atol=1e-8)


def slopes(parameter: nn.Parameter, loss: Callable[[], Tensor], step: float = 1e-5) -> Tensor:
    """Central differences of a loss by a parameter."""
    found = torch.zeros_like(parameter)
    flat, result = parameter.detach().view(-1), found.view(-1)
    for number in range(len(flat)):
        before = float(flat[number])
        sides = []
        for moved in (before + step, before - step):
            flat[number] = moved
            sides.append(float(loss().detach()))
        flat[number] = before
        result[number] = (sides[0] - sides[1]) / (2 * step)
    return found


def test_a_silent_synthesizer_leaves_what_is_below_alone() -> None:
    net = ModuleGraph()
    hidden = net.add("lower", nn.Linear(4, 5), net.input("image"))
    net.add("upper", nn.Linear(5, 2), decoupled(hidden, LinearSynthesizer(5)))
    net({"image": normal(6, 4).float()}).sum().backward()
    lower, upper = (next(net[name].node.module.parameters()).grad for name in ("lower", "upper"))  # type: ignore[attr-defined]
    assert torch.equal(lower, torch.zeros_like(lower))
    assert bool(upper.any())


def test_the_wire_meets_the_true_gradient_and_says_how_well_it_did() -> None:
    net, inputs, target = cut_net()
    regression = next(node.regression for node in net.nodes if isinstance(node, Decoupled))
    assert regression.meter is None
    functional.mse_loss(net(inputs), target).backward()
    meter = regression.meter
    assert isinstance(meter, Meter)
    assert -1 <= meter.cosine <= 1
    assert meter.loss > 0
    assert meter.true > 0
    assert meter.synthetic > 0


def test_without_gradients_a_cut_is_nothing() -> None:
    net, inputs, _ = cut_net()
    plain = dict(net.named_children())
    wanted = plain["upper"](plain["lower"](inputs["image"]))
    with torch.no_grad():
        assert torch.equal(net(inputs), wanted)
    assert torch.equal(net.eval()(inputs), wanted)


def test_only_graphs_that_train_want_the_labels_of_their_synthesizers() -> None:
    net, inputs, _ = feedforward()
    net.cut(net["lower"], net["middle"], LinearSynthesizer(7, 2), given=net.input("label"))
    net.double()
    with pytest.raises(PhysimError, match="input 'label' wants a tensor, got nothing"):
        net(inputs)
    with torch.no_grad():
        assert torch.equal(net(inputs), net.eval()(inputs))
    net.train()({**inputs, "label": normal(11, 2)})


def test_what_is_imagined_is_learned_and_not_used_by_graphs_that_do_not_train() -> None:
    torch.manual_seed(1)
    net = ModuleGraph()
    image = net.input("image")
    hidden = net.add("lower", nn.Linear(4, 5), image)
    guess = nn.Linear(4, 5)
    net.add("upper", nn.Linear(5, 2), imagined(hidden, guess, image))
    net.double()
    inputs = {"image": normal(8, 4)}
    lower, upper = net["lower"].node.module, net["upper"].node.module  # type: ignore[attr-defined]
    assert torch.equal(net(inputs), upper(guess(inputs["image"])))
    net(inputs).square().sum().backward()
    made = guess(inputs["image"]).detach().requires_grad_()
    (true,) = torch.autograd.grad(upper(made).square().sum(), made)
    (wanted,) = torch.autograd.grad((lower(inputs["image"]) * true).sum(), lower.weight)
    assert torch.allclose(lower.weight.grad, wanted)

    def wrong() -> Tensor:
        return (guess(inputs["image"]) - lower(inputs["image"])).square().sum() / 8

    assert torch.allclose(guess.weight.grad, slopes(guess.weight, wrong), rtol=1e-6)
    assert torch.equal(net.eval()(inputs), upper(lower(inputs["image"])))


@pytest.mark.filterwarnings("ignore")  # the compiler warns of itself
@pytest.mark.parametrize("make", [feedforward, pytest.param(convolutional, marks=pytest.mark.slow)])
def test_compiled_copied_and_pickled_graphs_learn_alike(make: Callable[[], Any]) -> None:
    plain, inputs, wires = make()
    source, into = (plain[name] for name in wires[0])
    features = 7 if make is feedforward else 5
    kind = LinearSynthesizer(features) if make is feedforward else ConvolutionalSynthesizer(features, hidden=(4,))
    plain.cut(source, into, kind)
    plain.double()(inputs).square().sum().backward()
    plain.zero_grad()
    others = [copy.deepcopy(plain), pickle.loads(pickle.dumps(plain)), copy.deepcopy(plain)]
    for net, run in [
        (plain, plain),
        *((one, one) for one in others[:2]),
        (others[2], torch.compile(others[2], backend="aot_eager")),
    ]:
        run(inputs).square().sum().backward()
        for one, other in zip(plain.parameters(), net.parameters(), strict=True):
            assert one.grad is not None
            assert torch.allclose(one.grad, other.grad, rtol=1e-12, atol=1e-14)


def test_cuts_that_cannot_be_are_refused_by_name() -> None:
    net, inputs, _ = feedforward()
    with pytest.raises(PhysimError, match=r"cut: 'upper' does not read 'lower', wanted into=graph\[\"middle\"\]"):
        net.cut(net["lower"], net["upper"], LinearSynthesizer(7))
    with pytest.raises(PhysimError, match=r"wants an nn\.Module, got str"):
        net.cut(net["lower"], net["middle"], "linear")  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="with `error` the module sees the value alone"):
        decoupled(net["lower"], LinearSynthesizer(7), error=net["upper"], scale=2.0)
    with pytest.raises(PhysimError, match="imagined: `given` is empty"):
        imagined(net["lower"], LinearSynthesizer(7), ())
    names = [node.name for node in net.nodes]
    with pytest.raises(PhysimError, match=r"decoupled\('lower'\): with `error` nothing is learned, but .* 'weight'"):
        decoupled(net["lower"], nn.Linear(7, 3), error=net["upper"])
    with pytest.raises(PhysimError, match=r"decoupled\('lower'\) wants an nn\.Module, got str"):
        decoupled(net["lower"], "ones", error=net["upper"])  # type: ignore[arg-type]
    other, _, _ = feedforward()
    with pytest.raises(PhysimError, match="'lower' and 'middle' belong to different graphs"):
        decoupled(net["lower"], LinearSynthesizer(7), given=other["middle"])
    assert [node.name for node in net.nodes] == names
    with pytest.raises(PhysimError, match=r"decoupled\(lower\): mix is 1\.5, wanted a share"):
        net.cut(net["lower"], net["middle"], LinearSynthesizer(7), mix=1.5)
    wide, inputs, _ = feedforward()
    wide.cut(wide["lower"], wide["middle"], LinearSynthesizer(9))
    with pytest.raises(PhysimError, match=r"decoupled\(lower\): the synthesizer does not take .* \[11, 7\]: mat1"):
        wide.double()(inputs)
    net, inputs, _ = feedforward()
    net.cut(net["lower"], net["middle"], nn.Linear(7, 3))
    with pytest.raises(
        PhysimError, match=r"decoupled\(lower\): the synthesizer gives \[11, 3\] for a value of \[11, 7\]"
    ):
        net.double()(inputs)


def test_an_error_is_heard_where_its_ticks_run_with_the_wires() -> None:
    """Ticks on a cycle run one by one: what is heard of an error must be the gradient of the same tick."""

    def agent(source: str, error: str) -> ModuleGraph:
        net = ModuleGraph()
        back = net.later("back")
        eyes = net.add("eyes", nn.Linear(3, 3), net.input("image"))
        before = net.add("before", nn.Linear(3, 3), added(eyes, delayed(back, torch.zeros(3))))
        core = net.add("core", nn.Tanh(), before)
        net.tie(back, core)
        net.add("neck", nn.Linear(3, 3), core)
        net.add("head", nn.Linear(3, 3), net["neck"])
        into = next(node for node in net.nodes if net[source] in node.sources and node.kind != "later")
        net.cut(net[source], into.ports[0], Feedback(3, 3), error=net[error])
        return net.double()

    inputs = {"image": normal(2, 4, 3)}
    for source, error in (("before", "core"), ("neck", "head")):
        agent(source, error)(inputs).sum().backward()
    for source, error in (("before", "head"), ("eyes", "core")):
        net = agent(source, error)
        with pytest.raises(PhysimError, match=rf"decoupled\({source}\) hears '{error}', but one of them is on a cycle"):
            net(inputs)
        net.step({"image": inputs["image"][:, 0]}, None)[0].sum().backward()  # one tick hears all of it
        net.eval()(inputs)


def test_an_error_that_the_loss_does_not_depend_on_is_named() -> None:
    net, inputs, _ = feedforward()
    other = net.add("other", nn.Linear(7, 2), net["lower"])
    net.cut(net["lower"], net["middle"], Feedback(7, 2), error=other)
    with pytest.raises(PhysimError, match=r"decoupled\(lower\) hears nothing of its error: .* depend on 'other'"):
        net.double()(inputs, outputs=net["upper"]).sum().backward()
