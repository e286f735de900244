from __future__ import annotations

import torch

from learners.sequences.alignment import saliency
from tests.learners.sequences.conftest import CLASSES, SOURCES, translator


def test_what_a_symbol_depends_on_is_within_what_it_sees() -> None:
    """Encoder and decoder see three letters each: ahead by the encoder alone, back by both."""
    net = translator()
    random = torch.Generator().manual_seed(1)
    source = torch.randint(0, SOURCES, (14,), generator=random)
    target = torch.randint(0, CLASSES, (12,), generator=random)
    told = saliency(net, source, torch.cat([torch.tensor([CLASSES]), target[:-1]]), target)
    assert told.shape == (12, 14)
    assert torch.allclose(told.sum(1), torch.ones(12, dtype=torch.float64))
    reached = (told[11] > 0).nonzero().flatten()
    assert int(reached[0]) >= 11 - 3 - 6
    assert int(reached[-1]) == 13
    assert int((told[2] > 0).nonzero().flatten()[-1]) == 2 + 3
