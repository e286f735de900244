from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from learners.sequences.beams import search
from learners.sequences.compiled import Compiled
from learners.sequences.fused import Fused
from learners.sequences.generation import generate
from learners.sequences.streams import Stream, fastest
from learners.sequences.translators import lstm_translator, transformer
from learners.sequences.wavenet import wavenet
from learners.sequences.ways import Plain, Sampling
from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph
from tests.learners.sequences.conftest import (
    CLASSES,
    SOURCES,
    STREAMS,
    WAVENETS,
    byte_net,
    drawn,
    given_to,
    symbols,
    translator,
    wavenet_of,
)

LENGTH = 60


def logits_after(net: ModuleGraph, made: Tensor) -> Tensor:
    """What a network says at each tick of symbols that it, or another way, made."""
    start = torch.full((len(made), 1), CLASSES)
    ticking = {
        name: value if net[name].node.whole else value[:, : made.shape[1]] for name, value in given_to(net).items()
    }
    return net({"symbol": torch.cat([start, made[:, :-1]], 1), **ticking})


@pytest.mark.parametrize("name", WAVENETS)
def test_the_fused_step_makes_what_the_plain_one_makes(name: str) -> None:
    net = wavenet_of(name)
    given = given_to(net)
    for options in ({}, {"temperature": 0.0}, {"temperature": 0.7, "top_k": 3}):
        plain = generate(net, LENGTH, streams=STREAMS, given=given, seed=1, way=Plain(net), **options)  # type: ignore[arg-type]
        fused = generate(net, LENGTH, streams=STREAMS, given=given, seed=1, way=Fused(net), **options)  # type: ignore[arg-type]
        assert torch.equal(plain, fused)


@pytest.mark.slow  # torch compiles for ten seconds each
@pytest.mark.parametrize(
    "make",
    [lambda: byte_net("multiplicative"), translator, lambda: wavenet_of("context")],
    ids=("bytes", "translator", "context"),
)
def test_the_compiled_step_makes_what_the_plain_one_makes(make: Callable[[], ModuleGraph]) -> None:
    net = make()
    plain, compiled = (
        Stream(net, STREAMS, given=given_to(net), seed=1, way=way) for way in (Plain(net), Compiled(net))
    )
    for count in (1, 20, 20):
        assert torch.equal(plain.step(count), compiled.step(count))
    with torch.no_grad():
        next(net.parameters()).mul_(-1)
    assert torch.equal(plain.step(10), compiled.step(10))
    for key, value in plain.saved().items():
        assert torch.allclose(value, compiled.saved()[key], atol=1e-12)


def test_the_compiled_step_wants_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PhysimError, match="the compiled step wants a C\\+\\+ compiler, and found none of c\\+\\+, "):
        Compiled(byte_net("rectified"))


@pytest.mark.parametrize("name", ["wide kernels", "speakers and frames"])
def test_fused_memories_are_the_plain_ones_after_many_turns(name: str) -> None:
    net = wavenet_of(name)
    plain, fused = (Stream(net, STREAMS, given=given_to(net), way=way) for way in (Plain(net), Fused(net)))
    for count in (1, 9, 27, 20):
        assert torch.equal(plain.step(count), fused.step(count))
        for key, value in plain.saved().items():
            assert torch.allclose(value, fused.saved()[key], atol=1e-12)


def test_fused_singles_are_as_good_as_torchs() -> None:
    """In float32 the same chances give the same symbols but where they fall between two."""
    net = wavenet(64, 16, 16, (1, 2, 4, 8)).eval()
    plain, fused = (generate(net, 200, way=way) for way in (Plain(net), Fused(net)))
    first = int((plain != fused).flatten().nonzero()[0]) if not torch.equal(plain, fused) else 200
    assert first > 20


@pytest.mark.parametrize("fused", [False, True])
def test_a_stream_goes_on_from_where_another_was_saved(fused: bool, tmp_path: Path) -> None:
    net = wavenet_of("speakers and frames")
    way = Fused(net) if fused else Plain(net)
    whole = generate(net, LENGTH, streams=STREAMS, given=given_to(net), seed=5, way=way)
    stream = Stream(net, STREAMS, given=given_to(net), seed=5, way=way)
    parts = [stream.step(17)]
    save_file({name: value.contiguous() for name, value in stream.saved().items()}, tmp_path / "stream")
    later = Stream(net, STREAMS, given=given_to(net), seed=99, way=way)
    later.restore(load_file(tmp_path / "stream"))
    parts += [later.step(1), later.step(LENGTH - 18)]
    assert torch.equal(torch.cat(parts, 1), whole)


@pytest.mark.parametrize("attention", [False, True])
def test_where_a_translator_is_can_be_kept(attention: bool, tmp_path: Path) -> None:
    net = drawn(lstm_translator(SOURCES, CLASSES, 4, 3, attention)) if attention else translator()
    source = torch.randint(0, SOURCES, (STREAMS, 9), generator=torch.Generator().manual_seed(0))
    stream, later = (Stream(net, STREAMS, given={"source": source}, seed=1) for _ in range(2))
    stream.step(7)
    save_file(stream.saved(), tmp_path / "stream")
    later.restore(load_file(tmp_path / "stream"))
    assert torch.equal(later.step(9), stream.step(9))


@pytest.mark.parametrize("make", [lambda: wavenet_of("features"), lambda: byte_net("multiplicative"), translator])
def test_what_is_prefilled_is_what_was_made(make: object) -> None:
    net: ModuleGraph = make()  # type: ignore[operator]
    given = given_to(net)
    whole = Stream(net, STREAMS, given=given, seed=2)
    made = whole.step(LENGTH)
    filled = Stream(net, STREAMS, given=given, seed=2)
    filled.step(20)  # so that the chances are the same
    later = Stream(net, STREAMS, given=given, seed=0)
    later.random.set_state(filled.random.get_state())
    later.prefill(made[:, :12])
    later.prefill(made[:, 12:20])
    assert torch.equal(later.step(LENGTH - 20), made[:, 20:])


def test_streams_are_reordered_and_cloned_as_beams_are() -> None:
    net = wavenet_of("speakers and frames")
    stream = Stream(net, STREAMS, given=given_to(net), temperature=0)
    stream.step(11)
    other, order = stream.clone(), torch.tensor([2, 0, 2])
    other.reorder(order)
    assert torch.equal(other.step(20), stream.step(20)[order])


@pytest.mark.parametrize("top_k", [None, 2])
def test_symbols_are_drawn_as_often_as_their_probabilities_say(top_k: int | None) -> None:
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0], dtype=torch.float64)
    chances = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    drawn = Sampling(0.5, top_k).draw(logits.expand(len(chances), -1), chances)
    kept = torch.tensor([False, True, False, True]) if top_k else torch.ones(4, dtype=torch.bool)
    wanted = torch.where(kept, (logits / 0.5).exp(), 0)
    assert torch.allclose(drawn.bincount(minlength=4).double() / len(chances), wanted / wanted.sum(), atol=2e-5)


def test_a_chance_of_nearly_one_draws_nothing_that_is_forbidden() -> None:
    logits = torch.tensor([[5.0, 4.0, -3.0, -30.0]])
    drawn = Sampling(1.0, top_k=2).draw(logits, torch.tensor([1 - 1e-17], dtype=torch.float64))
    assert drawn.tolist() == [1]


def test_generation_stops_at_a_symbol_and_tells_of_what_comes() -> None:
    net = byte_net("multiplicative")
    free = generate(net, LENGTH, streams=STREAMS, seed=3)
    heard: list[Tensor] = []
    made = generate(net, LENGTH, streams=STREAMS, seed=3, stop=2, callback=heard.append)
    ends = [int((row == 2).nonzero()[0]) if bool((row == 2).any()) else LENGTH for row in free]
    assert made.shape[1] == min(LENGTH, max(ends) + 1)
    for row, other, end in zip(made, free, ends, strict=True):
        assert torch.equal(row[: end + 1], other[: min(end + 1, made.shape[1])])
        assert (row[end:] == 2).all()
    assert torch.equal(torch.cat(heard, 1), made)


def test_a_prompt_is_gone_on_with() -> None:
    net, said = byte_net("rectified"), symbols(10)
    made = generate(net, 5, streams=STREAMS, prompt=said, temperature=0)
    assert torch.equal(logits_after(net, torch.cat([said, made], 1))[:, 10:].argmax(-1), made)


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (
            torch.zeros(1, 0, dtype=torch.int64),
            r"symbols have the shape \[1, 0\], wanted \[B, T\] of at least one each",
        ),
        (torch.tensor([3]), r"prompt has the shape \[1\], wanted \[B, S\]"),
        (torch.tensor([[1, CLASSES]]), f"symbols are from 1 to {CLASSES}, wanted 0 to {CLASSES - 1}"),
        (torch.tensor([[-1, 2]]), f"symbols are from -1 to 2, wanted 0 to {CLASSES - 1}"),
        (torch.tensor([[1.0]]), r"symbols are of torch\.float32, wanted int64"),
    ],
)
def test_prompts_that_are_none_are_refused_by_name(prompt: Tensor, sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        generate(wavenet_of("plain"), 5, prompt=prompt)


@pytest.mark.parametrize("name", ["speaker", "source"])
def test_speakers_and_characters_that_are_unknown_are_refused_at_once(name: str) -> None:
    translators = (translator(), transformer(SOURCES, CLASSES, 8, 1))
    for net in (wavenet_of("speakers"),) if name == "speaker" else translators:
        known = 2 if name == "speaker" else SOURCES + 2
        value = given_to(net)[name].clone()
        value.flatten()[-1] = known
        with pytest.raises(PhysimError, match=f"given '{name}' are from . to {known}, wanted 0 to {known - 1}"):
            Stream(net, STREAMS, given={name: value})


def test_the_fastest_way_that_there_is_is_taken() -> None:
    assert isinstance(Stream(wavenet_of("speakers"), given=given_to(wavenet_of("speakers"))).way, Fused)
    assert isinstance(fastest(wavenet_of("context")), Plain)
    assert isinstance(fastest(byte_net("rectified")), Plain)
    with pytest.raises(PhysimError, match="way makes the symbols of another graph"):
        Stream(wavenet_of("plain"), way=Fused(wavenet_of("plain")))


@pytest.mark.parametrize("change", ["in place", "another"])
def test_fused_steps_know_weights_that_changed(change: str) -> None:
    net = wavenet_of("plain")
    way = Fused(net)
    before = generate(net, LENGTH, way=way)
    with torch.no_grad():
        if change == "in place":
            net.get_submodule("taps_1").core.weight.mul_(-2.0)  # type: ignore[union-attr, operator]
        else:
            net.get_submodule("skips").weight = torch.nn.Parameter(-2.0 * net.get_submodule("skips").weight)  # type: ignore[operator]
    after = generate(net, LENGTH, way=way)
    assert torch.equal(after, generate(net, LENGTH, way=Plain(net)))
    assert not torch.equal(after, before)


def test_there_are_as_many_streams_as_what_is_given_has() -> None:
    net = wavenet_of("features")
    assert generate(net, 3, given=given_to(net)).shape == (STREAMS, 3)
    assert generate(wavenet_of("plain"), 3, prompt=symbols(10)).shape == (STREAMS, 3)


@pytest.mark.parametrize("make", [lambda: wavenet_of("speakers and frames"), lambda: byte_net("rectified")])
def test_parts_of_prompts_and_steps_are_no_others(make: object, monkeypatch: pytest.MonkeyPatch) -> None:
    net: ModuleGraph = make()  # type: ignore[operator]

    def made() -> Tensor:
        stream = Stream(net, STREAMS, given=given_to(net), seed=4)
        stream.prefill(symbols(20))
        return stream.step(LENGTH - 20)

    whole = made()
    monkeypatch.setattr("learners.sequences.streams.PART", 7)
    assert torch.equal(made(), whole)


def test_what_is_foretold_stays_so_until_symbols_are_taken() -> None:
    net = byte_net("rectified")
    stream = Stream(net, STREAMS)
    logits = stream.foretell()
    assert torch.equal(stream.foretell(), logits)
    for refused in (stream.step, lambda: stream.prefill(symbols(3)), stream.saved):
        with pytest.raises(PhysimError, match="symbols were foretold: take"):
            refused()
    with pytest.raises(PhysimError, match=f"symbols are from {CLASSES} to {CLASSES}, wanted 0 to {CLASSES - 1}"):
        stream.take(torch.full((STREAMS,), CLASSES))
    with pytest.raises(PhysimError, match=r"symbols have the shape \[1\], wanted"):
        stream.take(torch.tensor([1]))
    said = symbols(2)
    stream.take(said[:, 0])
    with pytest.raises(PhysimError, match="take: nothing was foretold"):
        stream.take(said[:, 1])
    assert torch.allclose(stream.foretell(), logits_after(net, said)[:, 1], rtol=0, atol=1e-10)


def test_what_does_not_fit_is_refused_by_name() -> None:
    net = wavenet_of("features")
    with pytest.raises(PhysimError, match=r"given: got \[\], wanted \['features'\]"):
        Stream(net)
    with pytest.raises(PhysimError, match="given 'features' are of 3 streams, wanted 2"):
        Stream(net, 2, given=given_to(net))
    with pytest.raises(PhysimError, match="given 'features' has 8 ticks, wanted 9 or more"):
        Stream(net, STREAMS, given=given_to(net, 8)).step(9)
    framed = wavenet_of("speakers and frames")
    given, samples = given_to(framed), framed.get_submodule("upsampling").samples
    few = given | {"features": given["features"][:, :2]}
    with pytest.raises(
        PhysimError, match=f"given 'features' has {2 * samples} ticks, wanted {2 * samples + 1} or more"
    ):
        Stream(framed, given=few).step(2 * int(samples) + 1)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match=r"given 'features' has the shape .*, wanted \[B, T, "):
        Stream(framed, given=given | {"features": given["features"][..., :1]})
    with pytest.raises(PhysimError, match=r"given 'features' is of torch\.float16, wanted torch\.float64"):
        Stream(framed, given=given | {"features": given["features"].half()})
    with pytest.raises(PhysimError, match="temperature is -1, wanted 0 or more"):
        Sampling(-1)
    with pytest.raises(PhysimError, match="without a context stack"):
        Fused(wavenet_of("context"))
    strange = ModuleGraph()
    strange.add("core", LSTM(1, 1), strange.input("symbol"))
    with pytest.raises(PhysimError, match=r"wants a graph with an nn\.Embedding called 'embedding'"):
        Stream(strange)


@pytest.mark.parametrize("other", ["fewer layers", "wider", "fewer classes"])
def test_what_another_graph_saved_is_refused(other: str) -> None:
    sizes: dict[str, dict[str, Any]] = {
        "fewer layers": {"dilations": (1, 2)}, "wider": {"channels": 5}, "fewer classes": {"classes": 2}
    }  # fmt: skip
    settings: dict[str, Any] = {"classes": CLASSES, "channels": 4, "skips": 4, "dilations": (1, 2, 4)}
    stream = Stream(wavenet(**settings), seed=1)
    stream.prefill(torch.full((1, 30), CLASSES - 1))
    with pytest.raises(PhysimError, match=r"saved 'state/.*' has the shape|saved 'last' are from"):
        Stream(wavenet(**{**settings, **sizes[other]})).restore(stream.saved())
    with pytest.raises(PhysimError, match="saved lacks 'last'"):
        stream.restore({})


def test_a_changed_wavenet_goes_step_by_step() -> None:
    net = wavenet_of("plain")
    net.get_submodule("logits")[0] = torch.nn.Tanh()  # type: ignore[operator]
    assert isinstance(fastest(net), Plain)
    assert isinstance(fastest(wavenet_of("plain").bfloat16()), Plain)


def test_weights_that_were_moved_are_noticed() -> None:
    net = wavenet_of("plain")
    stream = Stream(net, seed=1)
    stream.step(1)
    torch.nn.utils.vector_to_parameters(-2 * torch.nn.utils.parameters_to_vector(net.parameters()), net.parameters())
    plain = Stream(net, seed=1, way=Plain(net))
    plain.restore(stream.saved())
    assert torch.equal(stream.step(40), plain.step(40))


@pytest.mark.parametrize("name", ["plain", "context"])
def test_what_is_no_number_makes_no_symbols(name: str) -> None:
    net = wavenet_of(name)
    given = given_to(net)
    with torch.no_grad():
        net.get_submodule("skips").bias.fill_(torch.nan)  # type: ignore[union-attr, operator]
    with pytest.raises(PhysimError, match="no number"):
        generate(net, 3, given=given, streams=STREAMS)
    featured = wavenet_of("features")
    with pytest.raises(PhysimError, match="given 'features' is not finite"):
        generate(featured, 3, given={"features": given_to(featured)["features"] * torch.nan})


def test_symbols_to_stop_at_are_some_that_there_are() -> None:
    net = translator()
    for stop in (-1, CLASSES, 3.5, None):
        with pytest.raises(PhysimError, match=f"stop is {stop}, wanted a symbol from 0 to {CLASSES - 1}"):
            search(net, {"source": torch.zeros(1, 4, dtype=torch.int64)}, stop, 5)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match=f"stop is {CLASSES}, wanted"):
        generate(wavenet_of("plain"), 5, stop=CLASSES)
    heard: list[Tensor] = []
    made = generate(wavenet_of("plain"), 5, callback=lambda part: heard.append(part.zero_()))
    assert torch.equal(made, generate(wavenet_of("plain"), 5))  # whoever listens has symbols of its own
