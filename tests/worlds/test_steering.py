from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import worlds  # noqa: F401 (registers the id)
from physim.environments.world_env import WorldEnv
from physim.errors import PhysimError
from worlds.steering import Steering


def test_gymnasium_finds_nothing_wrong() -> None:
    check_env(gymnasium.make("physim/Steering-v0", hold=5, decisions=4).unwrapped, skip_render_check=True)


def test_forces_are_held_and_rewards_are_means_of_the_worlds_own() -> None:
    env, plain = Steering(hold=5, decisions=3, balls=3), WorldEnv("balls", balls=3)
    seen, _ = env.reset(seed=4)
    first, _ = plain.reset(seed=4)
    for action in ([1, 0, 0, -1, 0, 0.5], [2, 0, 0, 0, 0, 0]):
        seen, reward, *_ = env.step(np.array(action))
        forces = env.largest * np.clip(action, -1, 1).reshape(3, 2)
        steps = [plain.step(forces) for _ in range(5)]
        assert reward == pytest.approx(np.mean([step[1] for step in steps]))
    told = steps[-1][0]
    moves = first["mass"] > 0
    wanted = np.concatenate([told["pos"][moves].ravel(), told["vel"][moves].ravel(), first["goal"]])
    assert np.array_equal(seen, wanted)
    assert np.array_equal(env.goal, first["goal"])


def test_episodes_end_after_their_decisions() -> None:
    env = Steering("strings", hold=2, decisions=3, masses=3)
    with pytest.raises(PhysimError, match="call reset first"):
        env.step(np.zeros(4))
    env.reset(seed=0)
    assert [env.step(np.zeros(env.action_space.shape))[3] for _ in range(3)] == [False, False, True]
    with pytest.raises(PhysimError, match="call reset first"):
        env.step(np.zeros(env.action_space.shape))
    env.reset(seed=0)
    with pytest.raises(PhysimError, match=r"wanted \d finite numbers"):
        env.step(np.zeros(1))
