from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import (
    LSTM,
    CausalConv1d,
    LinearSynthesizer,
    ModuleGraph,
    added,
    attended,
    builder,
    builders,
    check_steps,
    delayed,
    joined,
    load_graph,
    repeated,
    save_graph,
    unfolded,
)
from physim.graph.context import map_tree

B, S, T, F = 3, 4, 9, 5


class Counting(nn.Module):
    """A layer that counts how often it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.runs = nn.Linear(2, F), 0

    def forward(self, value: Tensor) -> Tensor:
        self.runs += 1
        return self.line(value)


class Folded(nn.Module):
    """A linear synthesizer of the elements of sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.line = LinearSynthesizer(F)

    def forward(self, value: Tensor) -> Tensor:
        return self.line(value.flatten(0, 1)).unflatten(0, value.shape[:2])


def net() -> ModuleGraph:
    """A sentence, encoded by a module with memory, and a speaker; a decoder with memory reads both."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    letters = graph.add("letters", Counting(), graph.input("sentence", whole=True))
    sentence = graph.add("encoder", LSTM(F, F), letters)
    speaker = graph.add("voice", nn.Linear(2, F), graph.input("speaker", whole=True))
    heard = graph.add("ear", CausalConv1d(1, F, 2, 2), graph.input("sound"))
    graph.add("decoder", LSTM(2 * F, F), joined(added(heard, repeated(speaker)), unfolded(sentence)))
    return graph.double()


def inputs() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)
    shapes = {"sentence": (B, S, 2), "speaker": (B, 2), "sound": (B, T, 1)}
    return {name: torch.randn(shape, generator=random, dtype=torch.float64) for name, shape in shapes.items()}


def until(tick: int) -> dict[str, Tensor]:
    return {name: value[:, :tick] if name == "sound" else value for name, value in inputs().items()}


def test_steps_give_what_a_window_gives_also_past_the_end_and_after_resets() -> None:
    reset = torch.zeros(B, T, dtype=torch.bool)
    reset[1, 3] = reset[2, 7] = reset[1, 5] = True
    check_steps(net(), inputs(), reset, split=6)
    check_steps(net(), inputs(), split=2)


def test_a_sequence_is_handed_out_element_by_element_and_then_nothing() -> None:
    graph = ModuleGraph()
    graph.returns(unfolded(graph.input("sentence", whole=True)), repeated(graph.input("speaker", whole=True)))
    given = inputs()
    reset = torch.zeros(B, T, dtype=torch.bool)
    reset[0, 2] = True
    (sentence, speaker), _ = graph.window({name: given[name] for name in graph.inputs}, None, reset)
    assert torch.equal(sentence[1, :S], given["sentence"][1])
    assert not sentence[1, S:].any()
    assert torch.equal(sentence[0, 2 : 2 + S], given["sentence"][0])
    assert torch.equal(speaker, given["speaker"][:, None].expand(-1, T, -1))


def test_what_follows_goes_on_with_what_was_given_at_first_and_encodes_it_once() -> None:
    graph, given = net(), inputs()
    wanted = graph(given)
    counting: Any = graph.get_submodule("letters")
    counting.runs = 0
    output, state = graph.step({**given, "sound": given["sound"][:, 0]})
    outputs = [output]
    for tick in range(1, T):
        output, state = graph.step({"sound": given["sound"][:, tick]}, state)
        outputs.append(output)
    assert torch.allclose(torch.stack(outputs, 1), wanted, atol=1e-12)
    assert counting.runs == 1
    late, _ = graph.window({"sound": given["sound"][:, 2:]}, graph.window(until(2))[1])
    assert torch.allclose(late, wanted[:, 2:], atol=1e-12)


def test_a_state_of_other_items_goes_on_as_theirs_would() -> None:
    graph, given, order = net(), inputs(), torch.tensor([2, 0])
    chosen = map_tree(lambda value: value[order], graph.window(until(2))[1])
    later, _ = graph.window({"sound": given["sound"][order, 2:]}, chosen)
    assert torch.allclose(later, graph(given)[order, 2:], atol=1e-12)


def test_what_is_whole_runs_alone_and_hears_of_all_ticks() -> None:
    graph, given = net(), inputs()
    encoded = graph({"sentence": given["sentence"]}, outputs=graph["encoder"])
    assert encoded.shape == (B, S, F)
    graph(given)[:, -1].sum().backward()
    assert all(
        bool(value.grad.any()) for value in graph.get_submodule("letters").parameters() if value.grad is not None
    )


def test_another_whole_value_may_come_later_given_or_as_an_input() -> None:
    graph, given = net(), inputs()
    _, state = graph.window(until(2))
    encoded = torch.randn(B, S, F, dtype=torch.float64)
    sound = {"sound": given["sound"][:, 2:]}
    before, _ = graph.window(sound, state)
    after, _ = graph.window(sound, state, given={graph["encoder"]: encoded})
    assert not torch.equal(before, after)
    other, _ = graph.window({**sound, "speaker": given["speaker"] + 1}, state)
    assert not torch.equal(before, other)


def test_a_state_of_another_number_of_items_is_refused() -> None:
    graph, given = net(), inputs()
    state = map_tree(lambda value: value[:1], graph.window(until(2))[1])
    with pytest.raises(PhysimError, match="is of 1 items, but this run has 3"):
        graph.window({"sound": given["sound"][:, 2:]}, state)


def test_what_is_whole_enters_a_cycle_as_it_is() -> None:
    graph = ModuleGraph()
    source, seen = graph.input("source", whole=True), graph.input("seen")
    there = graph.input("there", whole=True)
    found = graph.later("found")
    core = graph.add("core", LSTM(2 * F, F), joined(seen, delayed(found, torch.zeros(F, dtype=torch.float64))))
    graph.tie(found, attended(core, source, source, there))
    random = torch.Generator().manual_seed(0)
    told = {
        "source": torch.randn(B, S, F, generator=random, dtype=torch.float64),
        "seen": torch.randn(B, T, F, generator=random, dtype=torch.float64),
        "there": torch.ones(B, S, 1, dtype=torch.bool),
    }
    graph.returns(core)
    check_steps(graph.double(), told, split=4)


def test_whole_inputs_that_were_added_for_cuts_come_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "_BUILDERS", {**builders._BUILDERS})
    graph = builder("tests.unfolding")(net)()
    graph.input("labels", whole=True)
    save_graph(tmp_path / "net", graph)
    again, _ = load_graph(tmp_path / "net")
    assert again["labels"].node.whole
    assert not again["sound"].node.whole


def test_a_cut_between_encoder_and_decoder_trains_both() -> None:
    graph = net()
    graph.cut(graph["encoder"], into=graph["unfolded(encoder)"], synthesizer=Folded())
    graph.double()(inputs()).square().mean().backward()
    assert all(value.grad is not None for value in graph.parameters())


def test_graphs_with_wholes_nest_and_come_back_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "_BUILDERS", {**builders._BUILDERS})
    graph, given = builder("tests.unfolding")(net)(), inputs()
    save_graph(tmp_path / "net", graph)
    again, _ = load_graph(tmp_path / "net")
    assert torch.allclose(again(given), graph(given), atol=1e-12)
    outer = ModuleGraph()
    outer.add("inner", graph, *(outer.input(name, whole=name != "sound") for name in graph.inputs))
    assert torch.allclose(outer(given), graph(given), atol=1e-12)
    check_steps(outer, given, split=3)


def test_what_ticks_and_what_is_whole_do_not_mix() -> None:
    graph = ModuleGraph()
    whole, ticks = graph.input("sentence", whole=True), graph.input("sound")
    with pytest.raises(PhysimError, match=r"reads \['sentence'\], given whole, and \['sound'\] at each tick"):
        joined(whole, ticks)
    with pytest.raises(PhysimError, match=r"repeated\('sound'\) wants what is given once"):
        repeated(ticks)
    with pytest.raises(PhysimError, match=r"delayed\(sentence\): 'sentence' is given whole and has no ticks"):
        delayed(whole)
    with pytest.raises(
        PhysimError, match=r"tie\('later', 'sentence'\): 'sentence' is given whole: use repeated or unfolded"
    ):
        graph.tie(graph.later("later"), whole)
    with pytest.raises(PhysimError, match="'inner' reads 'sound' as its 'sentence': one is given whole, the other"):
        graph.add("inner", net(), ticks, whole, ticks)
    wrong = ModuleGraph()
    unfolded(wrong.input("speaker", whole=True))
    with pytest.raises(PhysimError, match=r"wants a sequence \[items, elements, ...\], got the shape \[3\]"):
        wrong({"speaker": torch.zeros(3)}, reset=torch.zeros(3, 2, dtype=torch.bool))
