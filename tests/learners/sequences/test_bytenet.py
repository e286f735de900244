from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from learners.sequences.bytenet import byte_model, bytenet, padded
from physim.errors import PhysimError
from physim.graph import check_steps
from tests.learners.sequences.conftest import BYTES, CLASSES, SOURCES, byte_net, given_to, symbols, translator

TICKS = 40


@pytest.mark.parametrize("name", BYTES)
def test_steps_give_what_a_window_gives(name: str) -> None:
    check_steps(byte_net(name), {"symbol": symbols(TICKS)}, split=17)


def test_a_translator_goes_on_past_the_end_of_its_source() -> None:
    net = translator()
    check_steps(net, {"symbol": symbols(TICKS), **given_to(net)}, split=30)


@pytest.mark.parametrize("name", BYTES)
def test_nothing_is_known_of_what_follows(name: str) -> None:
    net, seen = byte_net(name), symbols(TICKS)
    other = seen.clone()
    other[:, 20:] = (other[:, 20:] + 1) % CLASSES
    before, after = net({"symbol": seen}), net({"symbol": other})
    assert torch.equal(before[:, :20], after[:, :20])
    assert not torch.equal(before[:, 20], after[:, 20])


class OverTime(nn.Module):
    """Instance normalisation, which public code has taken for layer normalisation: it sees all ticks."""

    def forward(self, value: Tensor) -> Tensor:
        return value - value.mean(0, keepdim=True)


def test_a_normalisation_over_time_is_found() -> None:
    net = byte_net("rectified")
    narrow = net.get_submodule("narrow_1")
    narrow[0] = OverTime()  # type: ignore[operator, index]
    with pytest.raises(PhysimError, match="differs from forward"):
        check_steps(net, {"symbol": symbols(TICKS)})


def test_the_encoder_sees_both_ways_and_all_that_is_there() -> None:
    net = translator()
    source = torch.randint(0, SOURCES, (1, 9), generator=torch.Generator().manual_seed(0))
    value = net.get_submodule("letters")(source).detach().requires_grad_()
    encoded = net({"source": source}, outputs=net["encoded"], given={net["letters"]: value})
    (gradient,) = torch.autograd.grad(encoded[0, 4].sum(), value)
    assert gradient[0].abs().sum(1).nonzero().flatten().tolist() == list(range(1, 8))  # three each way


def test_what_fills_a_batch_leaves_no_trace() -> None:
    net = translator()
    sources = [torch.tensor([1, 2, 3]), torch.tensor([4, 0, 1, 2, 3, 4, 1])]
    both, alone = padded(sources, SOURCES), padded(sources[:1], SOURCES)
    assert both.tolist()[0] == [1, 2, 3, SOURCES] + 4 * [SOURCES + 1]
    written = symbols(TICKS)
    together = net({"source": both, "symbol": written[:2]})
    assert torch.allclose(together[:1], net({"source": alone, "symbol": written[:1]}), atol=1e-12)


def test_sizes_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(PhysimError, match="blocks is 'gated', wanted one of rectified, multiplicative"):
        byte_model(CLASSES, blocks="gated")  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="kernel_size is 2, wanted an odd number"):
        bytenet(SOURCES, CLASSES, kernel_size=2)
