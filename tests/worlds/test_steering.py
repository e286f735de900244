from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import worlds  # noqa: F401 (registers the id)
from physim.environments.world_env import WorldEnv
from physim.errors import PhysimError
from physim.worlds.find import WorldSource
from worlds.held_strings import HeldStrings
from worlds.steering import UNITS, Steering, SteeringVectorEnv


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
    assert np.allclose(seen, np.concatenate([(told[name] / UNITS.get(name, 1)).ravel() for name in sorted(told)]))
    assert np.array_equal(env.goal, first["goal"])


@pytest.mark.parametrize(("world", "sizes"), [("balls", {"balls": 3}), (HeldStrings, {"masses": 5})])
def test_what_is_seen_is_about_1(world: WorldSource, sizes: dict[str, int]) -> None:
    env, seen = Steering(world, hold=20, decisions=3, **sizes), []
    rng = np.random.default_rng(0)
    for seed in range(5):
        seen.append(env.reset(seed=seed)[0])
        seen += [env.step(rng.uniform(-1, 1, env.numbers))[0] for _ in range(3)]
    assert 0.5 < np.abs(seen).max(0).max() < 3


def test_all_that_a_scene_differs_in_is_seen() -> None:
    """Of two scenes whose bodies are alike the walls, and of strings the gravity and the circle."""
    for env in (Steering("balls", balls=3), Steering("strings", masses=3)):
        one, two = (env.reset(seed=seed)[0] for seed in (4, 5))
        shapes = {name: part.shape for name, part in env.env.observation_space.items()}
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
        differ = {
            name
            for name, ours, theirs in zip(shapes, *(np.split(seen, ends[:-1]) for seen in (one, two)), strict=True)
            if not np.array_equal(ours, theirs)
        }
        assert differ >= ({"pos", "extent", "mass"} if env.numbers == 6 else {"pos", "radius", "gravity"})


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


def test_it_is_not_well_to_let_a_scene_blow_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the episode counts as the decision did by which it blew up."""
    env, plain = (Steering(hold=2, decisions=5, balls=3) for _ in range(2))
    for each in (env, plain):
        each.reset(seed=0)
        each.step(np.zeros(6))
    step = env.env.step
    monkeypatch.setattr(env.env, "step", lambda forces: (*step(forces)[:2], True, False, {"blow_up": "it did"}))
    _, reward, terminated, truncated, _ = env.step(np.zeros(6))
    assert (terminated, truncated) == (True, False)
    assert reward == pytest.approx(4 * plain.step(np.zeros(6))[1])


@pytest.mark.parametrize("world", ["balls", HeldStrings])
def test_many_in_one_batch_are_what_they_are_one_by_one(world: WorldSource) -> None:
    sizes = {"balls": 3} if world == "balls" else {"masses": 5}
    settings = {"world": world, "hold": 7, "decisions": 3, **sizes}
    ours = SteeringVectorEnv(num_envs=4, **settings)
    theirs = gymnasium.vector.SyncVectorEnv([lambda: Steering(**settings) for _ in range(4)])
    assert (ours.single_observation_space, ours.action_space) == (theirs.single_observation_space, theirs.action_space)
    random = np.random.default_rng(0)
    assert np.array_equal(ours.reset(seed=3)[0], theirs.reset(seed=3)[0])
    for _ in range(9):
        action = random.uniform(-1.5, 1.5, ours.action_space.shape)
        for one, other in zip(ours.step(action)[:4], theirs.step(action)[:4], strict=True):
            assert np.array_equal(one, other)


def test_gymnasium_makes_many_as_one_batch() -> None:
    env = gymnasium.make_vec("physim/Steering-v0", 3, decisions=2, balls=3)
    assert isinstance(env.unwrapped, SteeringVectorEnv)
    env.reset(seed=0)
    assert [env.step(env.action_space.sample())[3].tolist() for _ in range(3)] == [[False] * 3, [True] * 3, [False] * 3]


def test_one_that_blows_up_in_a_batch_begins_anew_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    env = SteeringVectorEnv(num_envs=2, hold=2, decisions=4, balls=3)
    env.reset(seed=0)
    step = env.env.step

    def blown(forces: np.ndarray) -> tuple[object, ...]:
        seen, rewards, _, truncated, infos = step(forces)
        return seen, rewards, np.array([True, False]), truncated, infos

    env.step(np.zeros((2, 6)))
    monkeypatch.setattr(env.env, "step", blown)
    _, rewards, terminated, truncated, _ = env.step(np.zeros((2, 6)))
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, False])
    assert rewards[0] < 2 * rewards[1] / 3  # three decisions' worth


def test_it_has_a_reward_of_its_own_and_a_goal_once_it_has_begun() -> None:
    with pytest.raises(PhysimError, match="reward: steering's is minus the distance"):
        Steering("balls", reward=lambda *_: 0.0)
    with pytest.raises(PhysimError, match="there is no goal yet: call reset first"):
        _ = Steering("balls").goal
