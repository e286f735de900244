from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from learners.sequences.attention import CausalAttention, Places
from learners.sequences.bytenet import padded
from learners.sequences.translators import lstm_translator, transformer
from physim.errors import PhysimError
from physim.graph import ModuleGraph, check_steps
from tests.learners.sequences.conftest import CLASSES, SOURCES, drawn, given_to, symbols, translator

TICKS = 25
MADE: dict[str, Callable[[], ModuleGraph]] = {
    "lstm": lambda: drawn(lstm_translator(SOURCES, CLASSES, 4, 3)),
    "attention": lambda: drawn(lstm_translator(SOURCES, CLASSES, 4, 3, attention=True)),
    "transformer": lambda: drawn(transformer(SOURCES, CLASSES, 8, 2, reach=9)),
}


@pytest.mark.parametrize("name", MADE)
def test_steps_give_what_a_window_gives_past_what_is_looked_back_at(name: str) -> None:
    net = MADE[name]()
    given = given_to(net)
    given["source"][:, 0] = 0  # something is there
    check_steps(net, {"symbol": symbols(TICKS), **given}, split=13)


@pytest.mark.parametrize("name", MADE)
def test_what_fills_a_batch_leaves_no_trace(name: str) -> None:
    net = MADE[name]()
    sources = [torch.tensor([1, 2, 3]), torch.tensor([4, 0, 1, 2, 3, 4, 1])]
    both, alone = padded(sources, SOURCES, slope=1), padded(sources[:1], SOURCES, slope=1)
    written = symbols(TICKS)
    together = net({"source": both, "symbol": written[:2]})
    assert torch.allclose(together[:1], net({"source": alone, "symbol": written[:1]}), atol=1e-12)


@pytest.mark.parametrize("name", MADE)
def test_the_whole_source_is_heard_of_and_nothing_that_follows(name: str) -> None:
    net, source, written = MADE[name](), torch.arange(5)[None], symbols(TICKS)[:1]
    before = net({"source": source, "symbol": written})
    for place in range(5):
        other = source.clone()
        other[0, place] = (place + 1) % SOURCES
        assert not torch.equal(net({"source": other, "symbol": written})[0, 0], before[0, 0])
    later = written.clone()
    later[0, 10:] = (later[0, 10:] + 1) % CLASSES
    assert torch.equal(net({"source": source, "symbol": later})[0, :10], before[0, :10])


def test_attention_starts_anew_after_a_reset() -> None:
    for memory in (CausalAttention(8, 2, reach=4), Places()):
        net = ModuleGraph()
        net.add("memory", memory, net.input("x"))
        reset = torch.zeros(2, 12, dtype=torch.bool)
        reset[0, 5] = reset[1, 7] = True
        check_steps(net.double(), {"x": torch.randn(2, 12, 8, dtype=torch.float64)}, reset, split=6)
    with pytest.raises(PhysimError, match="features are 9, wanted a multiple of the 4 heads"):
        CausalAttention(9)


def test_attention_keeps_no_more_than_it_has_seen_and_may_look_at() -> None:
    memory, state, kept = CausalAttention(8, 2, reach=4), None, []
    for _ in range(6):
        _, state = memory.step(torch.randn(3, 8), state)
        kept.append(state[0].shape[1])
    assert kept == [2, 3, 4, 4, 4, 4]  # the first one counts nothing


@pytest.mark.parametrize("name", [*MADE, "bytenet"])
def test_sources_of_nothing_are_refused(name: str) -> None:
    net, written = translator() if name == "bytenet" else MADE[name](), symbols(TICKS)[:2]
    with pytest.raises(
        PhysimError, match=r"'source' has the shape \[2, 0\], wanted \[B, S\] of at least one character"
    ):
        net({"source": padded([torch.tensor([], dtype=torch.int64)] * 2, SOURCES), "symbol": written})
    if name in ("attention", "transformer"):  # the others hear of nothing then
        source = padded([torch.tensor([1, 2]), torch.tensor([], dtype=torch.int64)], SOURCES)
        with pytest.raises(
            PhysimError, match=r"'there' says that nothing is there of the items \[1\], wanted at least"
        ):
            net({"source": source, "symbol": written})
