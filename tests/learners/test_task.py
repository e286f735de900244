from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from learners.task import built
from physim.learner import TrainSettings

Settings = Callable[..., TrainSettings]


def test_weights_depend_on_the_seed_alone(settings: Settings) -> None:
    torch.manual_seed(1)
    first = built(lambda: nn.Linear(2, 3), settings())
    torch.manual_seed(2)
    again, other = (built(lambda: nn.Linear(2, 3), settings(seed=seed)) for seed in (0, 1))
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)


def test_weights_are_drawn_without_touching_torchs_own_generator(settings: Settings) -> None:
    before = torch.random.get_rng_state()
    built(lambda: nn.Linear(2, 3), settings())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_in_float64_are_those_of_float32(settings: Settings) -> None:
    single, double = (built(lambda: nn.Linear(2, 3), settings(precision=name)) for name in ("32-true", "64-true"))
    assert double.weight.dtype == torch.float64
    assert torch.equal(double.weight, single.weight.double())
