from __future__ import annotations

import numpy as np

from physim.viewer.trail import LENGTH, Trail


def test_a_trail_holds_the_last_positions_in_order() -> None:
    trail = Trail(np.full((1, 2), 0.0))
    for step in range(1, 3 * LENGTH):
        trail.append(np.full((1, 2), float(step)))
        points = trail.points(np.full((1, 2), step + 0.5))[:, 0, 0]
        assert points.tolist() == [*np.arange(trail.first, step + 1), step + 0.5]
        assert len(points) <= LENGTH + 1
