from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from learners.sequences.recurrent import lstm_model
from learners.sequences.wavenet import BLOCK, ordered, receptive_field, wavenet
from physim.errors import PhysimError
from physim.graph import CausalConv1d, LinearSynthesizer, ModuleGraph, check_steps, load_graph, save_graph
from tests.learners.sequences.conftest import CLASSES, CONTEXTS, STREAMS, TICKS, WAVENETS, given_to, symbols, wavenet_of


def inputs(net: ModuleGraph) -> dict[str, Tensor]:
    return {"symbol": symbols(), **given_to(net)}


@pytest.mark.parametrize("name", [*WAVENETS, *CONTEXTS])
def test_steps_give_what_a_window_gives_past_twice_the_field_and_after_resets(name: str) -> None:
    net = wavenet_of(name)
    reset = torch.zeros(STREAMS, TICKS, dtype=torch.bool)
    reset[0, 41] = reset[2, 5] = True
    check_steps(net, inputs(net), split=33)
    check_steps(net, inputs(net), reset, split=50)


def test_levels_that_are_ordered_begin_alike_where_they_are_near() -> None:
    for net in (wavenet(classes=64, channels=8, skips=8, dilations=(1,)), lstm_model(64, 8, 8)):
        weight = net.get_submodule("embedding").weight.detach()
        start = weight[-1].clone()
        assert ordered(net) is net
        apart = torch.cdist(weight[:-1], weight[:-1])
        assert float(apart.diagonal(1).max()) < float(apart.diagonal(8).min())
        assert float(weight[:-1].square().mean()) == pytest.approx(1, rel=0.2)  # 1 + 1 / features
        assert torch.equal(weight[-1], start)


@pytest.mark.slow
def test_so_they_do_at_full_size() -> None:
    net = wavenet(channels=8, skips=8).double().eval()
    ticks = 2 * receptive_field(3 * BLOCK) + 10
    seen = torch.randint(0, 256, (1, ticks), generator=torch.Generator().manual_seed(0))
    check_steps(net, {"symbol": seen}, split=ticks // 2)


@pytest.mark.parametrize(
    ("dilations", "kernel_size", "context"),
    [
        ((1, 2, 4), 2, ()),
        ((1, 3, 2), 3, ()),
        ((5,), 4, ()),
        ((2, 2), 2, ()),
        ((1, 2, 4), 2, (3, 6)),
        ((9, 2), 2, (3, 4)),
        ((1, 2), 3, (5,)),
    ],
)
def test_what_is_foretold_depends_on_its_receptive_field_and_nothing_else(
    dilations: tuple[int, ...], kernel_size: int, context: tuple[int, ...]
) -> None:
    """The skips' gradient by what the stem reads is there exactly as far back as the formula says, and never ahead."""
    net = wavenet(CLASSES, 4, 5, dilations, kernel_size, context=context).double()
    field, ticks = receptive_field(dilations, kernel_size, context), 40
    value = torch.randn(1, ticks, 4, dtype=torch.float64, requires_grad=True)
    skips = net({"symbol": symbols(ticks)[:1]}, outputs=net["skips"], given={net["embedding"]: value})
    (gradient,) = torch.autograd.grad(skips[0, 30].sum(), value)
    reached = gradient[0].abs().sum(1).nonzero().flatten().tolist()
    assert (reached[0], reached[-1]) == (30 - field + 1, 30)


def test_a_block_sees_a_thousand_and_twenty_four_samples() -> None:
    assert receptive_field(BLOCK) == 1024 + 1  # and the stem one more
    assert receptive_field(3 * BLOCK) == 3070 + 1


class Leaking(CausalConv1d):
    """Sees one tick ahead where it has the whole sequence."""

    def scan(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        output, state = super().scan(inputs, state)
        return torch.cat([output[:, 1:], output[:, -1:]], 1), state


class Forgetful(CausalConv1d):
    """Keeps one tick too few between steps."""

    def tick(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        output, after = super().tick(inputs, state)
        return output, torch.cat([torch.zeros_like(after[:, :1]), after[:, 1:]], 1)


@pytest.mark.parametrize("wrong", [Leaking, Forgetful])
def test_a_layer_that_leaks_or_forgets_is_found(wrong: type[CausalConv1d], monkeypatch: pytest.MonkeyPatch) -> None:
    net = wavenet_of("plain")
    net.get_submodule("taps_2").__class__ = wrong
    with pytest.raises(PhysimError, match="differs from forward"):
        check_steps(net, inputs(net))


def test_a_speaker_counts_as_one_said_at_every_tick() -> None:
    """Broadcast over time, a condition is what the same features at each tick would be."""
    net, other = wavenet_of("speakers"), wavenet_of("features")
    for number in range(5):
        voice = net.get_submodule("voice").weight @ net.get_submodule(f"speaker_{number}").weight.T  # type: ignore[operator]
        other.get_submodule(f"features_{number}").weight.data = voice.T.detach()
    state = {name: value for name, value in net.state_dict().items() if name in other.state_dict()}
    other.load_state_dict({**other.state_dict(), **state})
    speaker = torch.tensor([0, 1, 1])
    told = nn.functional.one_hot(speaker, 2).double()[:, None].expand(-1, TICKS, -1)
    wanted = other({"symbol": symbols(), "features": told})
    assert torch.allclose(net({"symbol": symbols(), "speaker": speaker}), wanted, atol=1e-12)


def test_it_trains_cut_between_its_stacks_and_comes_back_from_a_file(tmp_path: Path) -> None:
    net = wavenet(CLASSES, 4, 5, (1, 2, 1, 2))
    net.cut(net["gate_1"], into=net["residual_2"], synthesizer=LinearSynthesizer(4))
    net({"symbol": symbols()}).square().mean().backward()
    assert all(value.grad is not None for value in net.parameters())
    save_graph(tmp_path / "net", net)
    again, _ = load_graph(tmp_path / "net")
    assert torch.equal(again.eval()({"symbol": symbols()}), net.eval()({"symbol": symbols()}))


def test_sizes_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(PhysimError, match="channels is 0, wanted a whole number, 1 or more"):
        wavenet(channels=0)
    with pytest.raises(PhysimError, match=r"dilations are \[1, 0\], wanted at least one, all positive"):
        wavenet(dilations=(1, 0))
    with pytest.raises(PhysimError, match=r"strides are \[0\]"):
        wavenet(features=2, strides=(0,))
