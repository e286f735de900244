from __future__ import annotations

from learners.sequences.bench import cost_law, length_law, pixel_speeds, wavenet_speeds


def test_the_fused_step_is_measured_beside_the_plain_one() -> None:
    rows = wavenet_speeds(range(1), fused=200, plain=4)
    assert [row["name"] for row in rows] == [f"WaveNet of 30 layers, {way} step" for way in ("fused", "plain")]
    assert float(str(rows[0]["ratio"])) > 5


def test_costs_are_measured_by_layers_and_lengths() -> None:
    layers, lengths = cost_law([1, 2], samples=1), length_law((4, 8), rounds=1)
    assert [row["against"] for row in layers] == ["without", "without"]
    assert [row["against_value"] is None for row in lengths] == [True, False]
    (frame,) = pixel_speeds((6,), rounds=1)
    assert frame["against"] == "without memory"
    assert all(float(str(row["value"])) > 0 for row in (*layers, *lengths, frame))
