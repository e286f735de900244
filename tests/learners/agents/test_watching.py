from __future__ import annotations

import numpy as np
from gymnasium import spaces

from learners.agents.graphs import agent
from learners.agents.modules import DEVIATION
from learners.agents.watching import chances_of, means_of


def test_chance_spreads_numbers_about_their_means_by_the_seed() -> None:
    net = agent({"vector": (3,)}, 2, cores=(), told=False, continuous=True)
    space, seen = spaces.Box(-10.0, 10.0, (2,), np.float32), np.ones(3, np.float32)
    first, again, other = (chances_of(net, space, seed) for seed in (0, 0, 1))
    found = np.array([first(seen) for _ in range(4000)])
    np.testing.assert_array_equal(found[:50], [again(seen) for _ in range(50)])
    assert np.abs(found[:50] - [other(seen) for _ in range(50)]).min() > 0
    scale = np.ptp(found, axis=0)
    assert (np.abs(found.mean(0) - means_of(net, space)(seen)) < 0.02 * scale).all()
    np.testing.assert_allclose(found.std(0), DEVIATION * 10, rtol=0.05)
