from __future__ import annotations

import pytest
import torch

from learners.decoupled.artificial import Points, linear_model, trained
from physim.graph.cutting import Decoupled


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


MIDDLES = {0: "output", 1: "layer_0", 2: "layer_0", 3: "layer_1", 4: "layer_1", 5: "layer_2"}


@pytest.mark.parametrize(("hidden", "cut"), MIDDLES.items())
def test_models_of_any_depth_are_cut_in_their_middle(hidden: int, cut: str) -> None:
    wires = [node for node in linear_model(3, hidden).nodes if isinstance(node, Decoupled)]
    assert [wire.sources[0].name for wire in wires] == [cut]
    assert not any(isinstance(node, Decoupled) for node in linear_model(3, hidden, None).nodes)


def test_classes_that_a_line_parts_have_no_least_log_loss() -> None:
    assert Points.drawn("linear", 2).least("log") == 0
