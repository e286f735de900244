from __future__ import annotations

import pytest
import torch

from learners.decoupled.artificial import Points, linear_model, trained


@pytest.mark.parametrize(("kind", "share"), [("linear", 0.0), ("noisy", 0.1), ("random", 0.5)])
def test_so_many_points_lie_on_the_wrong_side(kind: str, share: float) -> None:
    right, swapped = Points.drawn("linear", 100, seed=3), Points.drawn(kind, 100, seed=3)
    assert torch.equal(right.points, swapped.points)
    wrong = float((right.labels != swapped.labels).any(1).float().mean())
    assert wrong == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("loss", ["squares", "log"])
def test_no_training_ends_under_the_least_loss(loss: str) -> None:
    data = Points.drawn("noisy", 2)
    found = trained(linear_model(2, synthesizer=None), data, loss, 1500)
    assert -1e-6 < found - data.least(loss) < 1e-4


def test_classes_that_a_line_parts_have_no_least_log_loss() -> None:
    assert Points.drawn("linear", 2).least("log") == 0
