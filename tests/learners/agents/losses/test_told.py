"""Losses by which agents tell what they do not see: rewards to come, depth, loops, and nothing at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from learners.agents.graphs import agent
from learners.agents.losses import Depth, DepthByNumber, Imitation, LoopClosure, Placebo, RewardPrediction
from learners.agents.losses.depth import EDGES, places
from physim.errors import PhysimError
from worlds.maze.oracle import Oracle
from worlds.maze.vector_env import MazeVectorEnv

NET = agent(
    sees={"image": (40, 40, 3)},
    actions=2,
    cores=(4,),
    features=3,
    heads=("depth_from_core", "depth_from_features", "loop_closure", "placebo", "reward_prediction"),
)


def test_rewards_are_told_by_their_sign() -> None:
    logits = torch.randn(3, 3, 3)
    loss = RewardPrediction(NET).value((logits,), {"next_reward": torch.tensor([0.0, 10.0, -1.0])})
    kinds = [logits[item, -1].log_softmax(0)[kind] for item, kind in enumerate((0, 1, 2))]
    torch.testing.assert_close(loss, -torch.stack(kinds).mean())


def test_depth_is_told_in_classes() -> None:
    depth = torch.rand(2, 3, 40, 40) * 8
    logits = torch.randn(2, 3, 64 * 8)
    found = Depth(NET, "features").value((logits,), {"depth": depth})
    told = logits.unflatten(-1, (64, 8)).log_softmax(-1)
    classes = (places(depth)[..., None] > torch.tensor(EDGES)).sum(-1)
    torch.testing.assert_close(found, -told.gather(-1, classes[..., None]).mean())


def test_the_places_of_depth_are_about_the_horizon() -> None:
    row, column = torch.meshgrid(torch.arange(84.0), torch.arange(84.0), indexing="ij")
    rows, columns = (places(each[None, None])[0, 0].unflatten(0, (4, 16)) for each in (row, column))
    assert (rows.min(), rows.max()) == (33, 50)
    assert torch.equal(rows[:, 0], rows[:, -1])
    torch.testing.assert_close(columns[0] + columns[0].flip(0), torch.full((16,), 84.0), atol=1.0, rtol=0)


def test_classes_of_depth_are_about_equally_filled() -> None:
    env = MazeVectorEnv(num_envs=8, seconds=20.0, size=(42, 42), seed=1)
    env.reset(seed=0)
    oracle, random, seen = Oracle(env.episodes), np.random.default_rng(0), []
    for _ in range(250):
        actions = np.where(random.random(8) < 0.5, oracle.actions(), random.integers(8, size=8))
        seen.append(torch.from_numpy(env.step(actions)[0]["depth"]))
    classes = torch.bucketize(places(torch.stack(seen)), torch.tensor(EDGES))
    shares = classes.flatten().bincount(minlength=8) / classes.numel()
    assert shares.min() > 0.06
    assert shares.max() < 0.25


def test_depth_by_number_tells_its_logarithm() -> None:
    depth = torch.rand(2, 3, 40, 40) + 0.1
    told = torch.zeros(2, 3, 64, 8)
    told[..., 0] = places(depth).log()
    assert float(DepthByNumber(NET).value((told.flatten(-2),), {"depth": depth})) == pytest.approx(0.0, abs=1e-10)
    assert float(DepthByNumber(NET).value((told.flatten(-2) + 1,), {"depth": depth})) == pytest.approx(0.5)


def test_loops_are_told_by_their_probability() -> None:
    closed = torch.tensor([[0, 1, 1]], dtype=torch.int8)
    sure = torch.tensor([[[-9.0], [9.0], [9.0]]])
    assert float(LoopClosure(NET).value((sure,), {"loop_closure": closed})) < 1e-3
    assert float(LoopClosure(NET).value((0 * sure,), {"loop_closure": closed})) == pytest.approx(math.log(2))


def test_a_placebo_tells_so_many_distinct_numbers_as_depth_does() -> None:
    image = torch.randint(256, (2, 3, 20, 20, 3), dtype=torch.uint8)
    told = Placebo(NET, distinct=16).classes(image).unflatten(-1, (4, 16))
    assert (told == told[:, :1]).all()
    assert not torch.equal(told[:, 0, 0], told[:, 0, 1])
    with pytest.raises(PhysimError, match="distinct is 5, wanted a divisor of 64"):
        Placebo(NET, distinct=5)


def test_depth_is_told_from_features_or_from_the_core() -> None:
    for loss in (Depth, DepthByNumber):
        with pytest.raises(PhysimError, match="the source of depth is 'cor', wanted one of features, core"):
            loss(NET, "cor")  # type: ignore[arg-type]


def test_a_placebo_is_the_same_every_time_and_can_be_learned() -> None:
    image = torch.randint(256, (4, 8, 40, 40, 3), dtype=torch.uint8)
    logits = torch.zeros(4, 8, 64 * 8, requires_grad=True)
    optimiser = torch.optim.Adam([logits], 0.1)
    first = float(Placebo(NET).value((logits,), {"image": image}).detach())
    assert first == pytest.approx(math.log(8))
    for _ in range(50):
        optimiser.zero_grad()
        Placebo(NET).value((logits,), {"image": image}).backward()
        optimiser.step()
    assert float(Placebo(NET).value((logits,), {"image": image}).detach()) < first / 4
    assert float(Placebo(NET, seed=1).value((logits,), {"image": image}).detach()) > first / 2


def test_an_image_is_told_the_same_whatever_is_beside_it() -> None:
    random = torch.Generator().manual_seed(0)
    image, dark, light = (
        torch.randint(low, high, (1, 3, 40, 40, 3), generator=random, dtype=torch.uint8)
        for low, high in ((0, 256), (0, 9), (200, 256))
    )
    beside = [Placebo(NET).classes(torch.cat([image, other], 1))[:3] for other in (dark, light)]
    assert torch.equal(*beside)
    assert not torch.equal(Placebo(NET).classes(dark), Placebo(NET).classes(light))


def test_classes_of_a_placebo_are_about_equally_filled_in_mazes() -> None:
    env = MazeVectorEnv(num_envs=8, seconds=20.0, size=(42, 42), seed=1)
    env.reset(seed=0)
    random = np.random.default_rng(0)
    seen = [torch.from_numpy(env.step(random.integers(8, size=8))[0]["image"]) for _ in range(250)]
    told = Placebo(NET).classes(torch.stack(seen)).flatten()
    shares = told.bincount(minlength=8) / told.numel()
    assert shares.min() > 0.09
    assert shares.max() < 0.16


def test_labels_that_the_environment_does_not_tell_are_asked_for() -> None:
    with pytest.raises(PhysimError, match=r"loop_closure wants 'loop_closure', but unrolls hold .*Playing"):
        LoopClosure(NET).value((torch.zeros(1, 2, 1),), {"depth": torch.zeros(1)})


def test_advice_is_taken_by_its_log_probability() -> None:
    logits = torch.randn(2, 3, 8)
    ticks = {"advice": torch.randint(8, (2, 3), dtype=torch.int8), "last": torch.zeros(2, 3, dtype=torch.bool)}
    ticks["last"][1, 0] = True  # nothing is decided there, nor at the end of an unroll
    told = -logits.log_softmax(-1).gather(-1, ticks["advice"][..., None].long())[..., 0]
    torch.testing.assert_close(Imitation(NET).value((logits,), ticks), (told[0, :2].sum() + told[1, 1]) / 3)
    with pytest.raises(PhysimError, match=r"imitation wants 'advice', but unrolls hold .*Playing"):
        Imitation(NET).value((logits,), {})
