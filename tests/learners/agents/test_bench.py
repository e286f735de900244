from __future__ import annotations

import pytest

from learners.agents.bench import training_speeds
from learners.precision import PRECISIONS


@pytest.mark.slow
def test_training_is_measured_played_here_and_by_actors() -> None:
    settings = {"width": 3, "height": 3, "away": 1, "size": (24, 24), "observe": ("image",)}
    rows = training_speeds(range(2), 1, settings, peer=False)
    played = ("here", "by one actor")
    assert [row["name"] for row in rows] == [f"training in {p}, played {w}" for p in PRECISIONS for w in played]
    assert all(float(str(row["value"])) > 0 for row in rows)
