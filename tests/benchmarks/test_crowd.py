"""Run by `pytest tests/benchmarks`: the shipped playground engine on 1000 discs that fill 40 % of a box."""

from __future__ import annotations

from learners.physics import bench


def test_a_crowd_of_1000_discs_steps_in_80_ms_of_one_core() -> None:
    (row,) = bench.crowd()
    assert row["bodies"] == 1000
    assert row["touching"] >= 50, row
    assert row["value"] < 80, row
