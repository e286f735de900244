from __future__ import annotations

import pytest
import torch

from learners.sequences.bench import compiled_speed, cost_law, drawn_anew, length_law, pixel_speeds, wavenet_speeds
from learners.sequences.masked import MaskedDecoder
from learners.sequences.pixels import drawn_frame


def test_the_fused_step_is_measured_beside_the_plain_one() -> None:
    rows = wavenet_speeds(range(1), fused=200, plain=4)
    assert [row["name"] for row in rows] == [f"WaveNet of 30 layers, {way} step" for way in ("fused", "plain")]
    assert float(str(rows[0]["ratio"])) > 5


@pytest.mark.slow  # torch compiles for half a minute
def test_the_compiled_step_is_measured_beside_the_plain_one() -> None:
    (found,) = compiled_speed(range(3), count=50)
    assert float(str(found["ratio"])) > 1.2


def test_both_ways_draw_the_same_frame() -> None:
    torch.manual_seed(0)
    decoder, context = MaskedDecoder(4, 2).double(), torch.randn(1, 8, 5, 6, dtype=torch.float64)
    frames = [draw(decoder, context, torch.Generator().manual_seed(0)) for draw in (drawn_anew, drawn_frame)]
    assert torch.equal(*frames)
    assert 0 < frames[0].double().mean() < 1


def test_costs_are_measured_by_layers_and_lengths() -> None:
    layers, lengths = cost_law([1, 2], samples=1), length_law((4, 8), rounds=1)
    assert [row["against"] for row in layers] == ["without", "without"]
    assert [row["against_value"] is None for row in lengths] == [True, False]
    (frame,) = pixel_speeds((6,), rounds=1)
    assert frame["against"] == "without memory"
    assert all(float(str(row["value"])) > 0 for row in (*layers, *lengths, frame))
