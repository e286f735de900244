from __future__ import annotations

import pytest
import torch

from learners.decoupled.classify import Digits
from learners.decoupled.graphs import Size
from learners.decoupled.representations import activations, dissimilarities, distances, separated, sorted_by_class
from learners.decoupled.views import viewed


def test_dissimilarity_is_one_less_correlation() -> None:
    values = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    matrix = dissimilarities(torch.cat([values, -values, 3 * values + 1]))
    assert torch.allclose(matrix.diagonal(), torch.zeros(18, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(matrix[:6, 6:12].diagonal(), torch.full((6,), 2.0, dtype=torch.float64))
    assert torch.allclose(matrix[:6, 12:].diagonal(), torch.zeros(6, dtype=torch.float64), atol=1e-6)


def test_distances_look_at_images_of_one_class_alone() -> None:
    kind = torch.tensor([0, 0, 1, 1])
    last, other = torch.zeros(4, 4), torch.zeros(4, 4)
    other[0, 2] = other[2, 0] = 5.0
    assert distances([other, last], kind) == [0.0, 0.0]
    other[0, 1] = 2.0
    assert distances([other, last], kind)[0] == pytest.approx((4 / 8) ** 0.5)


def test_what_a_line_parts_is_parted() -> None:
    random = torch.Generator().manual_seed(0)
    kind = torch.randint(10, (300,), generator=random)
    told = torch.eye(10)[kind] + 0.05 * torch.randn(300, 10, generator=random)
    assert separated(told, kind) == 1.0
    assert separated(torch.randn(300, 10, generator=random), kind) < 0.35


def test_layers_are_looked_at_from_below_with_images_class_by_class() -> None:
    digits = Digits(torch.rand(200, 12, generator=torch.Generator().manual_seed(0)), torch.arange(200) % 10)
    chosen = sorted_by_class(digits, 40)
    assert torch.equal(chosen.kind, torch.arange(10).repeat_interleave(4))
    torch.manual_seed(0)
    layers = activations(viewed(Size(4, 8), "synthetic", features=12), chosen)
    assert [list(values.shape) for values in layers] == [[40, 8]] * 3
