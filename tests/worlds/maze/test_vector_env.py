from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import worlds  # noqa: F401 (registers the ids)
from physim.errors import PhysimError
from worlds.maze.env import MazeEnv
from worlds.maze.vector_env import MazeVectorEnv

SETTINGS: dict[str, Any] = {"size": (16, 12), "seconds": 4.0, "labels": ["loop_closure", "distance", "first_visit"]}


def equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "kind",
    [
        {"fresh": True, "goal": "episode"},
        {"kind": "rooms", "width": 3, "height": 2, "blocks": 2, "doors": 2, "obstacles": 1, "goal": "episode"},
        {"kind": "arena", "width": 3, "height": 3, "goal": None, "apples": 0.3, "lemons": 0.2},
    ],
)
def test_mazes_in_a_batch_are_those_alone_to_the_last_byte(kind: dict[str, Any]) -> None:
    many = MazeVectorEnv(num_envs=4, **SETTINGS, **kind)
    alone = [MazeEnv(**SETTINGS, **kind) for _ in range(4)]
    seen, infos = many.reset(seed=11)
    begun = [env.reset(seed=11 + k) for k, env in enumerate(alone)]
    over = np.zeros(4, bool)
    rng = np.random.default_rng(0)
    for _ in range(200):
        for k in range(4):
            assert equal({name: values[k] for name, values in seen.items()}, begun[k][0])
            assert all(infos[name][k] == begun[k][-1][name] for name in begun[k][-1])
        actions = rng.integers(8, size=4)
        seen, rewards, terminated, truncated, infos = many.step(actions)
        for k, env in enumerate(alone):
            if over[k]:  # this step begins the next episode
                begun[k] = env.reset()
                assert (rewards[k], terminated[k], truncated[k]) == (0, False, False)
            else:
                begun[k] = env.step(int(actions[k]))
                assert (rewards[k], terminated[k], truncated[k]) == begun[k][1:4]
        over = terminated | truncated


@pytest.mark.parametrize("settings", [{"fresh": True}, {"kind": "rooms", "blocks": 2, "doors": 1, "obstacles": 2}])
def test_episodes_go_on_from_where_they_were_saved(settings: dict[str, Any]) -> None:
    first, second = (MazeVectorEnv(num_envs=3, goal="episode", **SETTINGS, **settings) for _ in range(2))
    first.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(140):  # over two ends of episodes
        first.step(rng.integers(8, size=3))
    second.restore(first.saved())
    for _ in range(100):
        actions = rng.integers(8, size=3)
        one, two = first.step(actions), second.step(actions)
        assert equal(one[0], two[0])
        assert equal(one[4], two[4])
        assert all(np.array_equal(one[k], two[k]) for k in (1, 2, 3))
    with pytest.raises(PhysimError, match="what was saved is of 3 mazes, wanted 2"):
        MazeVectorEnv(num_envs=2, **SETTINGS).restore(first.saved())


def test_the_last_observation_of_an_episode_is_seen_and_the_next_step_begins_another() -> None:
    env = MazeVectorEnv(num_envs=2, size=(8, 6), seconds=1.0, labels=["position"])
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    _, infos = env.reset(seed=0)
    start = infos["position"].copy()
    for _ in range(15):
        _, _, _, truncated, infos = env.step(np.array([2, 2]))
    assert truncated.all()
    assert (np.hypot(*(infos["position"] - start).T) > 0).all()
    _, _, _, truncated, infos = env.step(np.array([2, 2]))
    assert not truncated.any()
    assert "maze" in infos
    assert np.array_equal(infos["position"] % 1, np.full((2, 2), 0.5))  # the middle of a cell, not moved on yet


def test_gymnasium_makes_and_wraps_vectors() -> None:
    env = gymnasium.make_vec("physim/NavMazeStatic01-v0", num_envs=3, size=(8, 6), seconds=1.0)
    env = gymnasium.wrappers.vector.RecordEpisodeStatistics(env)
    seen, _ = env.reset(seed=1)
    assert env.observation_space.contains(seen)
    for _ in range(15):
        seen, _, _, truncated, infos = env.step(env.action_space.sample())
    assert truncated.all()
    assert infos["episode"]["l"].tolist() == [15, 15, 15]


def test_many_threads_draw_after_a_fork_too() -> None:
    env = MazeVectorEnv(num_envs=4, size=(8, 6), threads=2)
    seen, _ = env.reset(seed=0)
    child = os.fork()
    if child == 0:  # a pool of the parent would wait here for ever
        again, _ = env.reset(seed=0)
        os._exit(0 if equal(seen, again) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_pictures_and_seeds_of_all_mazes_are_told() -> None:
    env = MazeVectorEnv(num_envs=2, size=(8, 6), render_mode="rgb_array")
    env.reset(seed=np.int64(5))  # type: ignore[arg-type]
    pictures = env.render()
    assert pictures is not None
    assert [picture.shape[0] for picture in pictures] == [360, 360]
    assert all(picture.shape[1] % 2 == 0 for picture in pictures)
    assert env.np_random_seed == (5, 6)


def test_mazes_with_more_and_with_fewer_things_share_a_batch() -> None:
    env = MazeVectorEnv(
        num_envs=3, size=(8, 6), fresh=True, kind="rooms", width=2, height=2, doors=1, blocks=1, seconds=1.0
    )
    alone = [
        MazeEnv(size=(8, 6), fresh=True, kind="rooms", width=2, height=2, doors=1, blocks=1, seconds=1.0)
        for _ in range(3)
    ]
    seen, _ = env.reset(seed=1)
    for k, one in enumerate(alone):
        assert equal({name: values[k] for name, values in seen.items()}, one.reset(seed=1 + k)[0])
    for _ in range(40):
        seen, *_ = env.step(np.full(3, 2))
    assert np.isfinite(seen["depth"]).all()


def test_seeds_and_actions_that_do_not_fit_are_told() -> None:
    env = MazeVectorEnv(num_envs=2, size=(8, 6))
    with pytest.raises(PhysimError, match="no episode has begun"):
        env.step(np.zeros(2, int))
    with pytest.raises(PhysimError, match="seed has 3 numbers, wanted one for each of the 2 mazes"):
        env.reset(seed=[1, 2, 3])
    env.reset(seed=0)
    with pytest.raises(PhysimError, match=r"wanted whole numbers of shape \(2,\)"):
        env.step(np.zeros(3, int))


PROGRAM = """
import hashlib, sys
import numpy as np
if sys.argv[1] == "torch":
    import torch
from worlds.maze.families import FAMILIES
from worlds.maze.vector_env import MazeVectorEnv
count, steps = int(sys.argv[2]), int(sys.argv[3])
env = MazeVectorEnv(num_envs=count, size=(42, 42), **(FAMILIES[sys.argv[4]] | {"seconds": 20.0}))
actions = np.random.default_rng(7).integers(8, size=(steps, 16))
seen, _ = env.reset(seed=3)
told = hashlib.sha256()
for step in range(steps):
    seen, rewards, *_ = env.step(actions[step, :count])
    for values in (*seen.values(), rewards):
        told.update(np.ascontiguousarray(values[0]).tobytes())
print(told.hexdigest(), "torch" in sys.modules)
"""


def told_by(with_torch: bool, count: int, steps: int, name: str) -> str:
    arguments = [sys.executable, "-c", PROGRAM, "torch" if with_torch else "none", str(count), str(steps), name]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    digest, has_torch = done.stdout.split()
    assert (has_torch == "True") == with_torch
    return digest


def test_other_processes_batches_and_imports_see_the_same_bytes() -> None:
    told = {
        told_by(with_torch, count, 300, "physim/NavMazeDoors01-v0") for with_torch, count in ((False, 1), (True, 16))
    }
    assert len(told) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NavMazeAllRandom01", "NavMazeDoors01", "NavMazeBlocks01", "NavMazeObstacles01"])
def test_other_processes_batches_and_imports_see_the_same_bytes_for_long(name: str) -> None:
    told = {
        told_by(with_torch, count, 10_000, f"physim/{name}-v0") for with_torch in (False, True) for count in (1, 16)
    }
    assert len(told) == 1
