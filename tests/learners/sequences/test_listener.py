from __future__ import annotations

from pathlib import Path

import pytest
import torch

from learners.sequences.listener import (
    BESIDE,
    PHONE,
    Pooled,
    edits,
    frame_targets,
    heard_in,
    listener,
    phones_in,
)
from learners.sequences.losses import UNCOUNTED, Likelihood
from learners.sequences.rows import Crops, SymbolRow
from learners.sequences.training import SequenceTraining
from learners.sequences.wavenet import LOGITS, SYMBOL
from physim.graph import ModuleGraph, check_steps, load_graph, save_graph

FRAME = 4


def small() -> ModuleGraph:
    torch.manual_seed(0)
    return listener(3, 4, 6, (1, 2), classes=8, hidden=5, frame=FRAME)


def test_ticks_agree_with_whole_sounds() -> None:
    net = small().double()
    symbols = torch.randint(8, (2, 60), generator=torch.Generator().manual_seed(0))
    check_steps(net, {SYMBOL: symbols}, torch.zeros(2, 60, dtype=torch.bool), split=23)


def test_what_is_heard_in_a_frame_is_due_to_it_and_those_beside_it() -> None:
    """Gradients by the embedding: exactly the samples of these frames, and those before that the WaveNet sees."""
    net = small().double()
    symbols = torch.randint(8, (1, 80), generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(80, dtype=torch.int64)
    number = 8
    tick = (frame_targets(labels, FRAME) != UNCOUNTED).nonzero()[number].item()
    first, last = (number - BESIDE) * FRAME, (number + BESIDE + 1) * FRAME  # samples of the frames, the last one behind
    seen = []
    before = net({SYMBOL: symbols}, outputs=net[PHONE])[0, tick]
    for sample in range(80):
        changed = symbols.clone()
        changed[0, sample] = (changed[0, sample] + 1) % 8
        if not torch.equal(net({SYMBOL: changed}, outputs=net[PHONE])[0, tick], before):
            seen.append(sample - 1)  # the input at a tick is the sample before
    assert seen[-1] == last - 1
    assert seen[0] == first - (1 + 1 + 2)  # the stem's reach, and the layers'
    assert seen == list(range(seen[0], last))


def test_a_mean_is_a_mean() -> None:
    values = torch.randn(1, 9, 2, dtype=torch.float64)
    found, _ = Pooled(2, 3)(values)
    torch.testing.assert_close(found[0, 4], values[0, 2:5].mean(0))


def test_errors_are_the_least_number_of_changes() -> None:
    assert phones_in([0, 0, 1, 1, 0, 2, 2, 1, 1], pause=0) == [1, 2, 1]
    assert phones_in([1, 1, 2, 1, 1, 0, 1, 1, 0, 0, 1, 1], pause=0, least=2) == [1, 1]
    assert edits([1, 2, 3], [1, 2, 3]) == 0
    assert edits([], [1, 2]) == 2
    assert edits([1, 3, 3, 4], [1, 2, 3]) == 2
    assert edits("kitten", "sitting") == 3


def test_two_losses_teach_to_foretell_and_to_hear(tmp_path: Path) -> None:
    """Three phones, each a symbol that is repeated, and noise: heard in nearly every frame of another sound."""

    def sound(seed: int) -> SymbolRow:
        random = torch.Generator().manual_seed(seed)
        labels = torch.randint(3, (40,), generator=random).repeat_interleave(20)
        noise = torch.randint(2, labels.shape, generator=random)
        return SymbolRow(2 * labels + noise, wanted={PHONE: frame_targets(labels, FRAME)})

    net = small()
    losses = [Likelihood(net[LOGITS]), Likelihood(net[PHONE], "hearing", PHONE)]
    crops = Crops([sound(0), sound(1)], 200, 20, 8, 4)
    progress = SequenceTraining(300, 1e-2, precision="32-true", every=100).run(
        net, crops, losses=losses, progress=False
    )
    assert progress.updates == 300
    row = sound(2)
    wanted = row.wanted[PHONE]
    before = torch.cat([torch.tensor([8]), row.symbols[:-1]])
    heard = heard_in(net, net[PHONE], {SYMBOL: before[None]}, wanted)
    assert (heard == wanted[wanted != UNCOUNTED]).double().mean() > 0.9
    save_graph(tmp_path / "ear.safetensors", net)
    again, _ = load_graph(tmp_path / "ear.safetensors")
    assert torch.equal(heard_in(again, again[PHONE], {SYMBOL: before[None]}, wanted), heard)


def test_crops_have_further_targets_where_they_count() -> None:
    row = SymbolRow(torch.arange(30) % 8, wanted={PHONE: frame_targets(torch.arange(30) // 10, FRAME)})
    _, targets = Crops([row], 10, 6, 8, 2)(3)
    for item in range(2):
        assert (targets[PHONE][item][targets[SYMBOL][item] == UNCOUNTED] == UNCOUNTED).all()
    assert (targets[PHONE] != UNCOUNTED).any()


def test_sizes_are_wanted() -> None:
    with pytest.raises(ValueError, match="phones is 0, wanted a whole number, 1 or more"):
        listener(0)
