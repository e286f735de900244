from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from learners.sequences.losses import UNCOUNTED
from learners.sequences.rows import Crops, SymbolRow, bits
from physim.errors import PhysimError
from tests.learners.sequences.conftest import CLASSES, wavenet_of

LONG = 200


def row(length: int, first: int = 0) -> SymbolRow:
    """A row that counts, with ticks and a whole that tell its place."""
    symbols = torch.arange(first, first + length)
    return SymbolRow(symbols, {"speaker": torch.tensor(first)}, {"features": symbols[:, None].double()})


def test_pieces_are_of_rows_and_each_symbol_follows_the_one_before_it() -> None:
    rows = [row(LONG), row(7, 1000), row(40, 2000)]
    crops = Crops(rows, length=10, context=5, start=-7, batch=64, seed=3)
    inputs, targets = crops(0)
    assert inputs["symbol"].shape == targets["symbol"].shape == (64, 15)
    for before, wanted, ticks, speaker in zip(
        inputs["symbol"], targets["symbol"], inputs["features"], inputs["speaker"], strict=True
    ):
        here = wanted != UNCOUNTED
        assert torch.equal(ticks[here, 0].long(), wanted[here])
        first = int(here.int().argmax())
        assert first == min(5, int(wanted[first]) % 1000)  # as much context as there is
        assert (int(before[0]) == -7) == (int(ticks[0, 0]) % 1000 == 0)
        assert torch.equal(before[here][1:], wanted[here][:-1])
        assert 1 <= int(here.sum()) <= 10
        assert int(speaker) == int(wanted[here][0]) // 1000 * 1000


def test_every_symbol_is_as_likely_to_be_learned_from() -> None:
    rows = [row(30), row(150, 30), row(5, 180)]
    for length, context in ((1, 0), (40, 25)):
        _, targets = Crops(rows, length, context, start=-7, batch=8000, seed=0)(0)
        counts = targets["symbol"][targets["symbol"] != UNCOUNTED].bincount(minlength=185)
        wanted = float(counts.sum()) / 185
        assert 1 - 5 / wanted**0.5 < float(counts.min()) / wanted
        assert float(counts.max()) / wanted < 1 + 5 / wanted**0.5


def test_frames_are_cut_with_their_symbols() -> None:
    rows = [SymbolRow(torch.arange(80), frames={"features": torch.arange(20)[:, None].double()})]
    inputs, targets = Crops(rows, length=12, context=8, start=-7, batch=16, frame=4)(0)
    assert inputs["features"].shape == (16, 6, 1)
    for wanted, frames in zip(targets["symbol"], inputs["features"], strict=True):
        places = (wanted != UNCOUNTED).nonzero()[:, 0]
        assert torch.equal(wanted[places] // 4, frames[places // 4, 0].long())
    with pytest.raises(PhysimError, match=r"crops of 5 \+ 10 symbols are not whole frames of 4"):
        Crops(rows, 10, 5, -7, frame=4)


def test_what_counts_of_a_piece_is_told_what_it_is_in_the_whole_row() -> None:
    """Upsampled frames reach into one another: the last of a piece, too."""
    net, random = wavenet_of("frames"), torch.Generator().manual_seed(0)
    symbols = torch.randint(0, CLASSES, (96,), generator=random)
    frames = torch.randn(16, 2, generator=random, dtype=torch.float64)
    before = torch.cat([torch.tensor([CLASSES]), symbols[:-1]])
    whole = net({"symbol": before[None], "features": frames[None]})[0]
    inputs, targets = Crops([SymbolRow(symbols, frames={"features": frames})], 12, 24, CLASSES, 8, frame=6)(0)
    pieces, places = net(inputs), [-1] * 8
    for number, (seen, wanted) in enumerate(zip(inputs["symbol"], targets["symbol"], strict=True)):
        windows = before.unfold(0, len(seen), 6) if len(seen) <= len(before) else before[None]
        found = (windows == seen).all(1).nonzero().flatten().tolist()
        if found:  # the whole piece lies in the row
            places[number] = 6 * found[0]
            here = (wanted != UNCOUNTED).nonzero().flatten()
            assert torch.allclose(pieces[number, here], whole[places[number] + here], rtol=0, atol=1e-10)
    assert max(places) >= 0


def test_an_update_draws_from_its_number_and_the_seed_alone() -> None:
    one, same, other = (Crops([row(LONG)], 10, 5, -7, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one(4)[0]["symbol"], same(4)[0]["symbol"])
    assert not torch.equal(one(4)[0]["symbol"], one(5)[0]["symbol"])
    assert not torch.equal(one(4)[0]["symbol"], other(4)[0]["symbol"])


def test_bits_of_rows_in_parts_are_those_of_whole_rows() -> None:
    net = wavenet_of("speakers")
    random = torch.Generator().manual_seed(0)
    rows = [
        SymbolRow(torch.randint(0, CLASSES, (length,), generator=random), {"speaker": torch.tensor(speaker)})
        for length, speaker in ((100, 0), (41, 1))
    ]

    def whole(one: SymbolRow) -> Tensor:
        before = torch.cat([torch.tensor([CLASSES]), one.symbols[:-1]])
        logits = net({"symbol": before[None], "speaker": one.whole["speaker"][None]})[0]
        return -logits.detach().log_softmax(-1).gather(1, one.symbols[:, None]).sum()

    wanted = float(sum(whole(one) for one in rows)) / 141 / math.log(2)
    assert bits(net, rows, CLASSES, chunk=17) == pytest.approx(wanted, abs=1e-10)


def test_no_symbols_are_refused() -> None:
    with pytest.raises(PhysimError, match="there is no symbol in any row"):
        Crops([row(0)], 10, 5, -7)


def test_rows_that_do_not_fit_are_refused_by_name() -> None:
    symbols, frames = torch.zeros(80, dtype=torch.int64), torch.zeros(10, 2)
    for frame, wanted in ((1, 80), (4, 20)):
        with pytest.raises(PhysimError, match=rf"row 0: 'features' has 10 frames, wanted {wanted} of {frame} symbols"):
            Crops([SymbolRow(symbols, frames={"features": frames})], 8, 8, start=-7, frame=frame)
    with pytest.raises(PhysimError, match="'features' has 10 ticks, wanted 80, one for each symbol"):
        SymbolRow(symbols, ticks={"features": frames})
    with pytest.raises(PhysimError, match=r"symbols are torch\.float32 \[80\], wanted int64 \[T\]"):
        SymbolRow(symbols.float())
    with pytest.raises(PhysimError, match=r"row 1 tells \[\] as a whole, the first \['speaker'\]"):
        Crops([row(9), SymbolRow(symbols)], 8, 0, start=-7)
    with pytest.raises(PhysimError, match="context is -1, wanted a whole number, 0 or more"):
        Crops([row(9)], 8, -1, start=-7)
