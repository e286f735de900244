from __future__ import annotations

import math
from itertools import pairwise

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import worlds  # noqa: F401 (registers the ids)
from physim.errors import PhysimError
from worlds.control.arm import REACH, Arm
from worlds.control.cart_pole import GRAVITY, LENGTH, POLE, TRACK, CartPole
from worlds.control.env import ControlEnv
from worlds.control.families import FAMILIES


@pytest.mark.parametrize("name", FAMILIES)
def test_gymnasium_finds_nothing_wrong(name: str) -> None:
    check_env(gymnasium.make(name, render_mode="rgb_array").unwrapped)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_seed_and_actions_give_the_same_bytes(name: str) -> None:
    runs = []
    for _ in range(2):
        env = gymnasium.make(name).unwrapped
        env.reset(seed=3)
        rng = np.random.default_rng(0)
        runs.append([env.step(rng.uniform(-1, 1, env.action_space.shape))[:2] for _ in range(100)])
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(*runs, strict=True))


def test_episodes_are_cut_short_and_rewards_lie_between_0_and_1() -> None:
    env = ControlEnv("chain", seconds=1.0)
    env.reset(seed=0)
    steps = [env.step(np.ones(6)) for _ in range(15)]
    assert [step[3] for step in steps] == [False] * 14 + [True]
    assert all(0 <= step[1] <= 1 for step in steps)
    with pytest.raises(PhysimError, match="no episode is under way: call reset first"):
        env.step(np.ones(6))


@pytest.mark.parametrize("name", FAMILIES)
def test_what_moves_is_drawn_and_drawing_changes_nothing(name: str) -> None:
    drawn, plain = (gymnasium.make(name, render_mode=mode).unwrapped for mode in ("rgb_array", None))
    frames, seen = [], []
    for env in (drawn, plain):
        env.reset(seed=3)
        for _ in range(5):
            seen.append(env.step(np.ones(env.action_space.shape))[0])
            frames.append(env.render())
    assert np.array_equal(seen[:5], seen[5:])
    assert frames[0].shape == (480, 640, 3)
    assert not np.array_equal(frames[0], frames[4])
    assert frames[5] is None
    drawn.close()


def test_a_pole_alone_swings_with_the_period_of_a_pendulum() -> None:
    """On a cart too heavy to move, by small swings: 2 pi sqrt(2 L / 3 g) for a rod."""
    plant = CartPole()
    plant.reset(np.random.default_rng(0))
    plant.cart.mass, plant.space.damping = 1e6, 1.0
    plant.pole.angle = math.pi + 0.05
    plant.pole.position = plant.cart.position + np.array([0, LENGTH / 2]) @ _turn(plant.pole.angle)
    crossings, before = [], 0.05
    for step in range(4000):
        plant.space.step(1 / 1000)
        now = plant.pole.angle - math.pi
        if before > 0 >= now:
            crossings.append(step / 1000)
        before = now
    assert np.diff(crossings).mean() == pytest.approx(2 * math.pi * math.sqrt(2 * LENGTH / (3 * GRAVITY)), rel=0.02)


def _turn(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


def test_a_pole_can_be_swung_up_and_held() -> None:
    """By its energy until it is nearly upright, then by a linear law."""
    env = ControlEnv("cart_pole", seconds=20.0)
    env.reset(seed=1)
    rewards = []
    for _ in range(600):
        plant = env.plant
        assert isinstance(plant, CartPole)
        angle, rate = math.remainder(plant.pole.angle, math.tau), plant.pole.angular_velocity
        x, v = plant.cart.position.x, plant.cart.velocity.x
        if math.cos(angle) > 0.9:
            force = -(30 * angle + 6 * rate) * -1 - (-1.5 * x - 3 * v)
        else:
            energy = POLE * (LENGTH**2 * rate**2 / 6 + GRAVITY * LENGTH / 2 * (math.cos(angle) - 1))
            force = 40 * energy * math.copysign(1, rate * math.cos(angle)) - 2 * x - v
        rewards.append(env.step(np.array([np.clip(-force / 15, -1, 1)]))[1])
    assert max(np.convolve(rewards, np.ones(60) / 60, "valid")) > 0.8


@pytest.mark.parametrize("links", [2, 6])
def test_an_arm_keeps_together_and_reaches_by_its_jacobian(links: int) -> None:
    env = ControlEnv("reacher" if links == 2 else "chain", seconds=20.0)
    scores = []
    for seed in range(5):
        env.reset(seed=seed)
        plant = env.plant
        assert isinstance(plant, Arm)
        for _ in range(env.ticks):
            joints = np.array([body.local_to_world((-REACH / links / 2, 0)) for body in plant.bodies])
            away = plant.end - joints
            wanted = 2 * (plant.target - plant.end)
            torques = wanted[1] * away[:, 0] - wanted[0] * away[:, 1]
            _, reward, *_ = env.step(torques / plant.strength - plant.rates / 2)
        for before, after in pairwise(plant.bodies):
            gap = before.local_to_world((REACH / links / 2, 0)) - after.local_to_world((-REACH / links / 2, 0))
            assert gap.length < 0.01
        scores.append(reward)
    assert np.median(scores) > 0.9


def test_carts_stay_on_their_track() -> None:
    env = ControlEnv("cart_pole")
    env.reset(seed=0)
    for _ in range(200):
        env.step(np.array([1.0]))
    assert isinstance(env.plant, CartPole)
    assert abs(env.plant.cart.position.x) < 1.05 * TRACK


def test_what_is_no_plant_or_action_is_refused() -> None:
    with pytest.raises(PhysimError, match="plant is 'car', wanted one of cart_pole, reacher, chain"):
        ControlEnv("car")
    env = ControlEnv()
    with pytest.raises(PhysimError, match="call reset first"):
        env.step(np.zeros(1))
    env.reset(seed=0)
    with pytest.raises(PhysimError, match="wanted 1 finite numbers"):
        env.step(np.array([math.nan]))
