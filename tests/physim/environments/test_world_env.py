from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import FlattenObservation, RecordEpisodeStatistics, RescaleAction

import worlds  # noqa: F401 (registers the ids)
from physim.engines.named import engine_named
from physim.engines.rollout import rollout
from physim.environments.world_env import WorldEnv
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.viewer.stage import Window
from physim.worlds import World
from physim.worlds.find import world_from
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings

CASES = [(NBody(bodies=4), "truth"), (Balls(), "truth"), (Strings(masses=5), "truth"), (NBody(), "learned")]


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize(("world", "engine"), [*CASES, (Balls(), "learned")], ids=str)
def test_without_forces_it_is_the_engines_own_rollout(world: World, engine: str) -> None:
    env = WorldEnv(world, engine=engine)
    env.reset(seed=7)
    steps = 150
    for _ in range(steps):
        env.step(np.zeros(env.action_space.shape, np.float32))
    wanted = rollout(engine_named(engine, world), world.scene(seed=7), steps)
    assert torch.equal(env.scene.pos, wanted.pos[-1])
    assert torch.equal(env.scene.vel, wanted.vel[-1])


@pytest.mark.parametrize("world", [Balls(), NBody(), NBody(substeps=3)], ids=str)
def test_forces_change_momentum_by_themselves_times_dt(world: World) -> None:
    env = WorldEnv(world, max_force=1e3)
    env.reset(seed=3)
    before = env.scene
    action = np.random.default_rng(0).uniform(-1e3, 1e3, env.action_space.shape).astype(np.float32)
    env.step(action)
    mass = before.mass.numpy()[:, None]
    gained = (mass * (env.scene.vel - before.vel).numpy()).sum(axis=0)
    assert np.allclose(gained, action.astype(float).sum(axis=0) * world.dt, rtol=1e-9)


def test_a_force_acts_on_its_own_body_alone() -> None:
    env = WorldEnv(Strings(masses=5), max_force=10.0)
    seeds = [seed for seed in range(20) if env.reset(seed=seed)[0]["mass"][0] == 0]  # the first mass is pinned
    (_, _), before = env.reset(seed=seeds[0]), env.scene
    action = np.zeros((4, 2), np.float32)
    action[0] = 0, 10
    env.step(action)
    pushed = env.scene
    env.reset(seed=seeds[0])
    env.step(0 * action)
    change = (pushed.vel - env.scene.vel).numpy()
    assert np.allclose(change[1], [0, 10 * 1e-3 / before.mass[1].item()], atol=1e-9)
    assert np.abs(np.delete(change, 1, axis=0)).max() < 1e-6  # what the springs pass on within the step


def test_a_seed_is_the_worlds_and_the_next_ones_are_for_training() -> None:
    world = NBody(bodies=3)
    env = WorldEnv(world)
    observation, info = env.reset(seed=91_234)
    assert info == {"seed": 91_234}
    assert np.array_equal(observation["pos"], world.scene(seed=91_234).pos.numpy().astype(np.float32))
    seeds = [env.reset()[1]["seed"] for _ in range(20)]
    assert max(seeds) < 90_000
    assert len(set(seeds)) == 20
    assert torch.equal(env.scene.pos, world.scene(seed=seeds[-1]).pos)


@pytest.mark.parametrize(("world", "engine"), CASES, ids=str)
def test_the_same_seed_and_actions_give_the_same_observations(world: World, engine: str) -> None:
    runs = []
    for _ in range(2):
        env = WorldEnv(world, engine=engine)
        env.action_space.seed(1)
        run = [env.reset(seed=4)[0]]
        for _ in range(30):
            run.append(env.step(env.action_space.sample())[0])
        run.append(env.reset()[0])
        runs.append(run)
    assert all(map(same, *runs))
    assert not same(runs[0][0], runs[0][-1])


def test_the_reward_is_minus_the_distance_to_the_goal_that_is_seen() -> None:
    env = WorldEnv(Balls(balls=3))
    goal = env.reset(seed=2)[0]["goal"]
    observation, reward, *_ = env.step(env.action_space.sample())
    assert reward == pytest.approx(-np.hypot(*(observation["pos"][0] - goal)), rel=1e-5)
    low, high = env.scene.pos[:3].min(dim=0).values, env.scene.pos[:3].max(dim=0).values
    assert (goal >= low.numpy() - 0.1).all()
    assert (goal <= high.numpy() + 0.1).all()


def test_a_push_to_the_goal_pays() -> None:
    env = WorldEnv(Balls(balls=1, restitution=1.0), max_force=100.0)
    observation, _ = env.reset(seed=5)
    sums = []
    for sign in (1, -1):
        observation, _ = env.reset(seed=5)
        env._episodes.goals[0] = goal = observation["pos"][0] + [0.3, 0.2]
        total = 0.0
        for _ in range(300):
            force = sign * (400 * (goal - observation["pos"][0]) - 30 * observation["vel"][0])
            observation, reward, *_ = env.step(force[None])
            total += reward
        sums.append(total)
    assert sums[0] > -60 > sums[1]


def test_ones_own_reward_sees_the_scenes_and_the_forces() -> None:
    seen = []

    def reward(before: Scene, forces: Any, after: Scene) -> float:
        seen.append((before, forces, after))
        return float(after.vel.norm() - before.vel.norm())

    env = WorldEnv(NBody(bodies=3), reward=reward, max_force=5.0)
    assert "goal" not in env.reset(seed=1)[0]
    start = env.scene
    _, gained, *_ = env.step(np.full((3, 2), 9.0))
    (before, forces, after), *_ = seen
    assert torch.equal(before.pos, start.pos)
    assert torch.equal(after.pos, env.scene.pos)
    assert forces.tolist() == [[5.0, 5.0]] * 3
    assert gained == float(after.vel.norm() - before.vel.norm())


def test_a_reward_that_is_no_number_is_refused() -> None:
    env = WorldEnv(NBody(bodies=3), reward=lambda before, forces, after: float("nan"))
    env.reset(seed=1)
    with pytest.raises(PhysimError, match="the reward is nan, wanted a finite number"):
        env.step(env.action_space.sample())


@pytest.mark.parametrize(("world", "engine"), CASES, ids=str)
def test_a_blow_up_ends_the_episode_at_its_last_finite_state(world: World, engine: str) -> None:
    env = WorldEnv(world, engine=engine, max_force=3e38)
    env.reset(seed=1)
    terminated, steps = False, 0
    while not terminated:
        observation, reward, terminated, truncated, info = env.step(env.action_space.high)
        steps += 1
        assert env.observation_space.contains(observation)
        assert np.isfinite(reward)
        assert not truncated
    assert info["blow_up"] == f"the rollout blew up: body {info['body']} is no longer finite at step {steps}"
    env.reset(seed=1)
    assert not env.step(0 * env.action_space.high)[2]


HELD = 2000
"""Steps by which the largest force makes bodies faster than any number of float32."""


@pytest.mark.parametrize("force", [0.5, 3e38])
def test_forces_are_held_for_as_many_steps_and_rewards_are_their_mean(force: float) -> None:
    """Up to where the scene blows up, if it does."""
    held, plain = (WorldEnv(NBody(bodies=4), max_force=3e38, hold=hold) for hold in (HELD, 1))
    for env in (held, plain):
        env.reset(seed=1)
    action = np.full(plain.action_space.shape, force)
    observation, reward, terminated, _, info = held.step(action)
    rewards, over = list[float](), False
    while len(rewards) < HELD and not over:
        wanted, each, over, _, told = plain.step(action)
        rewards.append(each)
    assert terminated == over == (force > 1)
    assert reward == pytest.approx(np.mean(rewards))
    assert all(np.array_equal(observation[name], wanted[name]) for name in wanted)
    assert info == told
    with pytest.raises(PhysimError, match="hold is 0, wanted a whole number, 1 or more"):
        WorldEnv(Balls(), hold=0)


def test_any_function_that_fills_a_space_is_an_environment(falling: Any) -> None:
    env = WorldEnv(falling, bodies=2)
    env.reset(seed=0)
    env.step([[0, 0], [0, 20]])
    assert env.scene.vel[:, 1].tolist() == pytest.approx([-10 / 60, 0])


def test_worlds_of_many_sizes_are_refused(crowds: Any) -> None:
    env = WorldEnv(crowds)
    other = next(k for k in range(30) if world_from(crowds, {}).scene(k).num_bodies != env.action_space.shape[0])
    with pytest.raises(PhysimError, match=r"objects, .* an environment wants scenes that are all of one size"):
        env.reset(seed=other)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"engine": "newton"}, "unknown engine 'newton': the known ones are truth, learned, hybrid, hybrid_c"),
        ({"engine": "learned", "weights": "strings"}, r"shape: these weights know .*, the scene has \['point'\] too"),
        ({"engine": "learned", "dt": 2e-3}, "dt: the engine learned takes steps of 0.001 s, the world's are 0.002 s"),
        ({"stars": 3}, "unknown parameter 'stars' of world nbody: the known ones are"),
        ({"render_mode": "ansi"}, "render_mode must be human or rgb_array, got 'ansi'"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        WorldEnv("nbody", **settings)


def test_steps_and_pictures_want_an_episode() -> None:
    env = WorldEnv("nbody")
    for use in (env.render, lambda: env.scene, lambda: env.step(env.action_space.sample())):
        with pytest.raises(PhysimError, match="no episode has begun: call reset first"):
            use()


def test_an_action_of_the_wrong_shape_is_refused() -> None:
    env = WorldEnv("nbody", bodies=5)
    env.reset(seed=1)
    with pytest.raises(PhysimError, match=r"action has shape \(4, 2\), wanted \(5, 2\)"):
        env.step(np.zeros((4, 2)))


def test_anybodys_engine_serves(tmp_path: Path) -> None:
    code = "from physim.engines.truth import PymunkEngine\n\ndef slow(world):\n    return PymunkEngine(world.dt)\n"
    (tmp_path / "mine.py").write_text(code)
    env = WorldEnv(Balls(), engine=f"{tmp_path}/mine.py:slow")
    truth = WorldEnv(Balls())
    for each in (env, truth):
        each.reset(seed=1)
        each.step(np.ones(each.action_space.shape))
    assert torch.equal(env.scene.vel, truth.scene.vel)


def test_wrappers_work() -> None:
    env = gymnasium.make("physim/Balls-v0", balls=2, max_episode_steps=5)
    wrapped = RecordEpisodeStatistics(FlattenObservation(RescaleAction(env, np.float32(-1), np.float32(1))))
    observation, _ = wrapped.reset(seed=1)
    total = 0.0
    for _ in range(5):
        observation, reward, _, truncated, info = wrapped.step(wrapped.action_space.sample())
        total += float(reward)
    assert wrapped.observation_space.contains(observation)
    assert truncated
    assert info["episode"]["l"] == 5
    assert info["episode"]["r"] == pytest.approx(total)


def test_pictures_need_no_display_and_follow_the_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    env = WorldEnv(Balls(), render_mode="rgb_array")
    assert env.metadata["render_fps"] == 1000
    assert WorldEnv.metadata["render_fps"] == 60
    env.reset(seed=1)
    first = env.render()
    for _ in range(50):
        env.step(env.action_space.sample())
    assert first is not None
    assert (first.shape, first.dtype) == ((480, 640, 3), np.uint8)
    assert (env.render() != first).any()
    env.close()


def test_a_window_shows_the_scenes_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[float] = []
    monkeypatch.setattr(Window, "present", lambda self: shown.append(1) or 0.0)
    env = WorldEnv(Balls(), render_mode="human")
    env.reset(seed=1)
    for _ in range(100):
        env.step(env.action_space.sample())
    assert len(shown) == 1 + 100 // 17
    assert env.render() is None
    env.close()
    env.close()


def test_a_list_of_pictures_is_collected() -> None:
    env = gymnasium.make("physim/NBody-v0", render_mode="rgb_array_list")
    env.reset(seed=1)
    env.step(env.action_space.sample())
    frames: Any = env.render()
    assert len(frames) == 2


def test_a_users_world_passes_gymnasiums_check(falling: Any) -> None:
    check_env(WorldEnv(falling, bodies=2), skip_render_check=True)
