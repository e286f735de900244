from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from physim.normalisers import Normaliser, Percentiles, Welford, measuring


def fitted(normaliser: Normaliser, *batches: Tensor) -> Normaliser:
    with measuring(nn.Sequential(normaliser)):
        for batch in batches:
            normaliser(batch)
    return normaliser


def samples(rows: int, offset: float = 0.0) -> Tensor:
    draw = np.random.default_rng(rows).normal([1.0, -3.0, 0.0], [2.0, 0.1, 50.0], (rows, 3))
    return torch.from_numpy(draw + offset)


def test_welford_over_batches_is_numpys_mean_and_deviation_of_all() -> None:
    batches = [samples(rows) for rows in (1, 700, 3, 40)]
    normaliser = fitted(Welford(3).double(), *batches)
    rows = torch.cat(batches).numpy()
    assert normaliser.centre.numpy() == pytest.approx(rows.mean(0), rel=1e-12)
    assert normaliser.scale.numpy() == pytest.approx(rows.std(0), rel=1e-12)


def test_a_huge_offset_loses_nothing_of_the_deviation() -> None:
    near, far = (fitted(Welford(3).double(), *samples(4000, offset).split(500)) for offset in (0.0, 1e8))
    assert far.scale.numpy() == pytest.approx(near.scale.numpy(), rel=1e-6)


def test_what_was_measured_comes_out_with_mean_0_and_deviation_1() -> None:
    rows = samples(1000)
    out = fitted(Welford(3).double(), rows)(rows)
    assert out.mean(0).abs().max() < 1e-12
    assert out.std(0, unbiased=False).numpy() == pytest.approx(1.0)


def test_constant_features_keep_scale_1() -> None:
    rows = torch.tensor([[0.0, 7.25, 1.0], [0.0, 7.25, 2.0]])
    assert fitted(Welford(3), rows).scale.tolist() == [1.0, 1.0, 0.5]
    assert fitted(Percentiles(3), rows).scale[:2].tolist() == [1.0, 1.0]


def test_percentiles_put_the_5th_and_95th_at_minus_1_and_1() -> None:
    rows = torch.arange(101.0)[torch.randperm(101, generator=torch.Generator().manual_seed(0))][:, None]
    out = fitted(Percentiles(1), rows)(torch.tensor([[5.0], [50.0], [95.0]]))
    assert out.tolist() == [[-1.0], [0.0], [1.0]]


@pytest.mark.parametrize("kind", [Welford, Percentiles])
def test_only_measuring_changes_the_statistics(kind: type[Normaliser]) -> None:
    normaliser = fitted(kind(3), samples(50).float())
    before = {name: value.clone() for name, value in normaliser.state_dict().items()}
    normaliser(samples(80, offset=9.0).float())
    assert all(torch.equal(before[name], value) for name, value in normaliser.state_dict().items())


def test_measuring_ends_when_its_work_fails() -> None:
    normaliser = Welford(3)
    with pytest.raises(ZeroDivisionError), measuring(normaliser):
        raise ZeroDivisionError
    assert not normaliser.measuring


def test_the_statistics_travel_with_the_weights() -> None:
    normaliser, other = fitted(Welford(3), samples(50).float()), Welford(3)
    other.load_state_dict(normaliser.state_dict())
    assert torch.equal(other(samples(9).float()), normaliser(samples(9).float()))


@pytest.mark.parametrize("kind", [Welford, Percentiles])
def test_nothing_seen_leaves_the_measure_as_it_was(kind: type[Normaliser]) -> None:
    normaliser = fitted(kind(3).double(), samples(0))
    assert torch.equal(normaliser(samples(5)), samples(5))
    fresh, interrupted = fitted(kind(3), samples(40)), fitted(kind(3), samples(40), samples(0))
    assert torch.equal(fresh(samples(7)), interrupted(samples(7)))
