from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

import worlds  # noqa: F401 (registers the ids)
from physim.engines.learned import LearnedEngine
from physim.engines.vectorised import VectorEngine
from physim.environments.vector_env import WorldVectorEnv
from physim.environments.world_env import WorldEnv
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.worlds import World
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

COUNT, LONGEST = 3, 20
Settings = dict[str, Any]


def pair(world: World, **settings: Any) -> tuple[WorldVectorEnv, SyncVectorEnv[Any, Any]]:
    """The one batch, and Gymnasium's own loop over single environments."""

    def single() -> gymnasium.Env[Any, Any]:
        return gymnasium.wrappers.TimeLimit(WorldEnv(world, **settings), LONGEST)

    return WorldVectorEnv(world, COUNT, max_episode_steps=LONGEST, **settings), SyncVectorEnv([single] * COUNT)


def run(env: gymnasium.vector.VectorEnv[Any, Any, Any], steps: int) -> list[Any]:
    """Everything that random actions bring, the infos too."""
    env.action_space.seed(2)
    told = [env.reset(seed=5)]
    for _ in range(steps):
        told.append(env.step(env.action_space.sample()))
    told.append(env.reset())
    return told


def flat(told: Any) -> list[Any]:
    """All arrays in order."""
    if isinstance(told, dict):
        return [item for name in sorted(told) for item in flat(told[name])]
    if isinstance(told, list | tuple):
        return [item for part in told for item in flat(part)]
    return [told]


def far(before: Scene, forces: Any, after: Scene) -> float:
    return float((after.pos - before.pos).norm() + forces.sum())


@pytest.mark.parametrize("world", [NBody(bodies=4), Balls(), Strings(masses=5)], ids=str)
@pytest.mark.parametrize("settings", [{}, {"reward": far}, {"hold": 3}], ids=["goal", "own", "held"])
def test_one_batch_is_its_scenes_alone_to_the_last_bit(world: World, settings: Settings) -> None:
    batch, loop = (flat(run(env, 3 * LONGEST)) for env in pair(world, **settings))
    assert len(batch) == len(loop)
    assert all(np.array_equal(one, other) for one, other in zip(batch, loop, strict=True))


@pytest.mark.parametrize("world", [NBody(bodies=4), Balls()], ids=str)
def test_a_learned_batch_is_its_scenes_alone_to_rounding(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    load = LearnedEngine.load

    def doubled(weights: str) -> LearnedEngine:
        engine = load(weights)
        return LearnedEngine(engine.graph.double(), engine.terms)

    monkeypatch.setattr(LearnedEngine, "load", doubled)
    envs = pair(world, engine="learned")
    for env in envs:
        env.action_space.seed(2)
        env.reset(seed=5)
    for _ in range(2 * LONGEST):
        action = envs[0].action_space.sample()
        rewards = [env.step(action)[1] for env in envs]
        assert np.allclose(*rewards, rtol=1e-9, atol=1e-9)


def test_no_reward_is_asked_for_between_two_episodes() -> None:
    asked = []
    env = WorldVectorEnv("nbody", 2, max_episode_steps=3, reward=lambda *step: float(len(asked.append(step) or asked)))
    env.reset(seed=1)
    for _ in range(8):  # 3 steps, a new beginning, 3 steps, a new beginning
        env.step(env.action_space.sample())
    assert len(asked) == 2 * 6


def test_spaces_and_metadata_are_those_of_gymnasiums_own() -> None:
    batch, loop = pair(NBody(bodies=3))
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(batch, name) == getattr(loop, name)
    assert batch.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert batch.metadata["render_fps"] == 1000


@pytest.mark.parametrize("world", [Balls(), NBody(bodies=4)], ids=str)
def test_a_blow_up_ends_one_episode_and_leaves_the_others(world: World) -> None:
    """Amid forces that are held: by so many steps they make bodies faster than any number of float32."""
    batch, loop = pair(world, max_force=3e38, hold=100)
    told = []
    for env in (batch, loop):
        env.reset(seed=5)
        action = np.zeros((COUNT, *env.single_action_space.shape))
        action[1] = 3e38
        own = []
        for _ in range(LONGEST):
            observation, *rest = env.step(action)
            assert env.observation_space.contains(observation)
            own.append((observation, *rest))
        assert sum(step[2].tolist() == [False, True, False] for step in own) == 1
        told.append(flat(own))
    assert all(np.array_equal(one, other) for one, other in zip(*told, strict=True))


def test_a_blow_up_is_told_of_its_scene_alone(bursting: Callable[[int], None]) -> None:
    env = WorldVectorEnv(NBody(bodies=2), COUNT)
    env.reset(seed=5)
    others = env.scenes[0]
    bursting(1)
    observations, rewards, terminated, truncated, infos = env.step(np.zeros((COUNT, 2, 2)))
    assert terminated.tolist() == [False, True, False]
    assert not truncated.any()
    assert np.isfinite(rewards).all()
    assert env.observation_space.contains(observations)
    assert infos["body"][infos["_body"]].tolist() == [1]
    assert infos["blow_up"][1] == "the rollout blew up: body 1 is no longer finite at step 1"
    assert (env.scenes[0].pos != others.pos).any()
    _, rewards, terminated, _, infos = env.step(np.zeros((COUNT, 2, 2)))
    assert (rewards[1], terminated.any()) == (0.0, False)
    assert infos["_seed"].tolist() == [False, True, False]


@pytest.fixture
def bursting(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the second body of a scene be infinite after the next step."""
    step = VectorEngine.step

    def plan(scene: int) -> None:
        def burst(engine: VectorEngine, state: Any) -> Any:
            monkeypatch.setattr(VectorEngine, "step", step)
            after = step(engine, state)
            motion = after.motion[0].copy()
            motion[0, 1, scene] = np.inf
            return replace(after, motion=(motion,))

        monkeypatch.setattr(VectorEngine, "step", burst)

    return plan


def test_make_vec_gives_it_with_the_ids_time_limit() -> None:
    env = gymnasium.make_vec("physim/NBody-v0", num_envs=2, bodies=3, max_episode_steps=4)
    assert isinstance(env, WorldVectorEnv)
    counted = RecordEpisodeStatistics(env)
    counted.reset(seed=[7, None])
    assert env.np_random_seed[0] == 7
    for step in range(4):
        *_, truncated, infos = counted.step(counted.action_space.sample())
        assert truncated.all() == (step == 3)
    assert infos["episode"]["l"].tolist() == [4, 4]


def test_each_scene_has_a_picture() -> None:
    env = WorldVectorEnv(Balls(), 2, render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    for _ in range(40):
        env.step(env.action_space.sample())
    second = env.render()
    assert first is not None
    assert second is not None
    assert [frame.shape for frame in first] == [(480, 640, 3)] * 2
    assert (first[0] != first[1]).any()
    assert (first[1] != second[1]).any()
    env.close()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(PhysimError, match="render_mode must be rgb_array, got 'human'"):
        WorldVectorEnv("nbody", render_mode="human")
    with pytest.raises(PhysimError, match="num_envs must be above 0, got 0"):
        WorldVectorEnv("nbody", 0)
    env = WorldVectorEnv("nbody", 2)
    with pytest.raises(PhysimError, match="no episode has begun"):
        env.step(env.action_space.sample())
    with pytest.raises(PhysimError, match="seed has 3 numbers, wanted one for each of the 2 scenes"):
        env.reset(seed=[1, 2, 3])
    env.reset(seed=1)
    with pytest.raises(PhysimError, match=r"action has shape \(6, 2\), wanted \(2, 6, 2\)"):
        env.step(np.zeros((6, 2)))
