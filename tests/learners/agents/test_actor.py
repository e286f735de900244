from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Text
from gymnasium.vector import AutoresetMode

from learners.agents.actor import Actor
from learners.agents.environments import Environments, acted, named, recipe_of
from learners.agents.graphs import POLICY, agent
from learners.agents.learning import values_on
from learners.agents.mind import Mind
from learners.agents.modules import DEVIATION, chance
from learners.agents.transports import Playing
from learners.agents.unrolls import ACTION, BEHAVIOUR, LAST, RESET, REWARD, begun
from physim.checks import TEST_SEEDS_FROM
from physim.errors import PhysimError


@pytest.mark.parametrize("cores", [(), (8,), (4, 8)])
def test_what_was_decided_by_is_what_the_unroll_gives(playing: Callable[..., Playing], cores: tuple[int, ...]) -> None:
    actor = playing(cores=cores).actor()
    for _ in range(3):  # over the end of an episode, and from a memory
        unroll = actor.unroll(10)
        with torch.no_grad():
            policy = actor.graph[POLICY]
            logits = values_on(actor.graph, [policy], unroll.ticks, unroll.state or None)[policy]
        told = unroll.ticks[BEHAVIOUR]
        torch.testing.assert_close(logits.log_softmax(-1)[:, :-1], told[:, :-1], atol=1e-5, rtol=1e-4)


def test_memories_that_are_told_are_those_of_every_tick(playing: Callable[..., Playing]) -> None:
    """A sequence that begins with the memory of its first tick decides as it was decided, wherever it begins."""
    actor = replace(playing(cores=(4, 8)), remembered=True).actor()
    ticks = actor.unroll(25).ticks
    policy = actor.graph[POLICY]
    for start in (0, 7, 20):
        rest = {name: value[:, start:] for name, value in ticks.items()}
        with torch.no_grad():
            logits = values_on(actor.graph, [policy], rest, begun(rest))[policy]
        told = rest[BEHAVIOUR][:, :-1]
        torch.testing.assert_close(logits.log_softmax(-1)[:, :-1], told, atol=1e-5, rtol=1e-4)


def test_unrolls_follow_one_another(playing: Callable[..., Playing]) -> None:
    actor = playing().actor()
    first, second = actor.unroll(10), actor.unroll(10)
    for name, value in first.ticks.items():
        if name not in (ACTION, BEHAVIOUR):  # what is not known yet at the tick after an unroll
            assert torch.equal(value[:, -1], second.ticks[name][:, 0]), name
    assert (first.number, second.number, first.decisions) == (0, 1, 30)


def test_episodes_begin_after_they_ended(playing: Callable[..., Playing]) -> None:
    ticks = playing().actor().unroll(40).ticks
    assert torch.equal(ticks[RESET][:, 1:], ticks[LAST][:, :-1])
    assert ticks[RESET][:, 0].all()
    assert ticks[LAST][:, 15].all()
    assert not ticks[REWARD][ticks[RESET]].any()


def test_the_same_seed_plays_the_same(playing: Callable[..., Playing]) -> None:
    torch.manual_seed(0)
    net = agent(**playing().recipe)
    one, two, other = (playing(seed=seed).actor(net).unroll(20) for seed in (1, 1, 2))
    assert all(torch.equal(value, two.ticks[name]) for name, value in one.ticks.items())
    assert not torch.equal(one.ticks["image"], other.ticks["image"])


def test_an_actor_goes_on_from_where_it_was_saved(playing: Callable[..., Playing]) -> None:
    actor = playing().actor()
    actor.unroll(22)
    other = playing().actor(actor.graph)
    other.restore(actor.saved())
    one, two = actor.unroll(20), other.unroll(20)
    assert all(torch.equal(value, two.ticks[name]) for name, value in one.ticks.items())
    assert one.number == two.number


def test_other_environments_are_played_too() -> None:
    env = Environments("CartPole-v1", 2).make()
    unroll = Actor(env, agent(**recipe_of(env), cores=(4,), features=8)).unroll(5)
    assert unroll.ticks["vector"].shape == (2, 6, 4)
    assert unroll.ticks["vector"].dtype == torch.float32


def test_what_is_no_box_is_not_seen() -> None:
    space = Dict({"image": Box(0, 255, (24, 20, 3), np.uint8), "mission": Text(9)})
    found = named({"image": np.zeros((2, 24, 20, 3), np.uint8), "mission": ("go", "stay")}, space)
    assert list(found) == ["image"]


def test_environments_begin_with_seeds_that_are_given(playing: Callable[..., Playing]) -> None:
    setting = replace(playing(), episodes=50)
    other = setting.environments.make()
    image = torch.from_numpy(other.reset(seed=[50, 51, 52])[0]["image"])
    assert torch.equal(setting.actor().now["image"], image)
    assert not torch.equal(playing().actor().now["image"], image)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_no_training_begins_with_what_is_for_tests(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environments("CartPole-v1", 3).make()
    begun_with: list[int] = []
    reset = env.reset

    def heard(seed: int) -> object:
        begun_with.append(seed)
        return reset(seed=seed)

    monkeypatch.setattr(env, "reset", heard)
    net = agent(**recipe_of(env), cores=(), features=8)
    Actor(env, net, 2**32 - 1 - seed)
    Actor(env, net, TEST_SEEDS_FROM - 1 - seed)
    Actor(env, net, seed)
    assert all(first >= 0 and first + env.num_envs <= TEST_SEEDS_FROM for first in begun_with)
    assert begun_with[2] == seed


def test_bytes_that_are_no_image_are_read_from_0_to_1() -> None:
    space = Box(0, 255, (2, 3), np.uint8)
    seen = np.array([[[0, 51, 102], [153, 204, 255]]], np.uint8)
    np.testing.assert_allclose(named(seen, space)["vector"], [[0, 0.2, 0.4, 0.6, 0.8, 1]], rtol=1e-6)


def test_what_environments_use_again_stays_as_it_was_seen() -> None:
    """Vectors may hand out one array, again and again."""
    env = gymnasium.make_vec("CartPole-v1", 2, vectorization_mode="sync", vector_kwargs={"copy": False})
    seen = Actor(env, agent(**recipe_of(env), cores=(), features=8)).unroll(5).ticks["vector"]
    assert all((seen[:, tick] != seen[:, tick + 1]).any() for tick in range(5))


@pytest.mark.parametrize("cores", [(), (8,), (4, 8)])
def test_a_mind_decides_as_an_actor_does(playing: Callable[..., Playing], cores: tuple[int, ...]) -> None:
    setting = playing(count=1, cores=cores)
    actor = setting.actor()
    mind = Mind(actor.graph)
    mind.random.set_state(actor.random.get_state())
    ticks = actor.unroll(12).ticks
    for tick in range(12):
        seen = {name: value[0, tick].numpy() for name, value in ticks.items()}
        thought = mind.decide(seen, float(ticks[REWARD][0, tick]))
        assert thought.action == ticks[ACTION][0, tick]
        torch.testing.assert_close(torch.tensor(thought.probabilities).log(), ticks[BEHAVIOUR][0, tick])


def test_a_mind_expects_what_its_action_values_say() -> None:
    """Who learns these learns no value beside."""
    net = agent(sees={"vector": (3,)}, actions=2, cores=(), features=4, heads=("action_values",))
    seen = np.ones(3, np.float32)
    told = net(
        {"vector": torch.ones(1, 3), "chance": torch.full((1, 2), 0.5)}, outputs=(net["policy"], net["action_values"])
    )
    wanted = float((told[0].softmax(-1) * told[1]).sum().detach())
    assert Mind(net).decide(seen).value == pytest.approx(wanted, abs=1e-6)


def test_a_mind_refuses_what_its_agent_cannot_read() -> None:
    vectors = Mind(agent(sees={"vector": (3,)}, actions=2, cores=(), features=4))
    images = Mind(agent(sees={"image": (42, 42, 3)}, actions=2, cores=(), features=4))
    image = np.zeros((42, 42, 3), np.uint8)
    assert images.decide(image[::-1]).action in {0, 1}
    for mind, seen, told in (
        (images, image / 255, "the image is float64, wanted uint8"),
        (vectors, np.full(3, np.nan, np.float32), "'vector' is not finite"),
        (vectors, np.zeros(4, np.float32), r"the agent cannot read what it is shown, vector \[4\]"),
        (vectors, np.array(["a", "b", "c"]), "'vector' is <U1, wanted numbers"),
    ):
        with pytest.raises(PhysimError, match=told):
            mind.decide(seen)
    with pytest.raises(PhysimError, match="reward is nan, wanted a finite number"):
        vectors.decide(np.zeros(3, np.float32), math.nan)
    with pytest.raises(PhysimError, match="reward is 'x', wanted a number"):
        vectors.decide(np.zeros(3, np.float32), "x")  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="seen is a tuple, wanted an observation"):  # what `reset` gives
        vectors.decide((np.zeros(3, np.float32), {}))  # type: ignore[arg-type]


def test_what_are_no_environments_for_agents_is_refused() -> None:
    for env in (Environments("CartPole-v1"), gymnasium.make("CartPole-v1")):
        with pytest.raises(PhysimError, match=r"the environments are a .*, wanted what Environments\(\.\.\.\)\.make"):
            recipe_of(env)  # type: ignore[arg-type]
    whole = gymnasium.spaces.Box(-2, 2, (1,), np.int64)
    env = Environments("Pendulum-v1", 1).make()
    env.single_action_space = whole
    with pytest.raises(PhysimError, match="wanted a Discrete space, or a Box of one row of floats"):
        recipe_of(env)


def test_numbers_are_spread_between_their_bounds() -> None:
    env = Environments("Pendulum-v1", 2).make()
    ticks = Actor(env, agent(**recipe_of(env), cores=(4,), features=8)).unroll(5).ticks
    assert ticks[ACTION].shape == (2, 6, 1)
    assert ticks[ACTION].dtype == torch.float32
    space = env.single_action_space
    torques = acted(np.array([[-1.0], [0.5], [7.0]], np.float32), space)
    assert torques.tolist() == [[-2.0], [1.0], [2.0]]


@pytest.mark.parametrize("cores", [(), (4,)])
def test_numbers_are_told_as_they_were_drawn_and_with_the_means_they_were_drawn_about(cores: tuple[int, ...]) -> None:
    """Only what the environment gets is cut off; that of an agent whose means are near a bound often is."""
    env = Environments("worlds:physim/Reacher-v0", 3, {"seconds": 1.0}).make()
    net = agent(**recipe_of(env) | {"cores": cores, "features": 8})
    with torch.no_grad():
        net.get_parameter("policy.bias").fill_(1.0)
    got, step = [], env.step

    def heard(action: np.ndarray) -> object:
        got.append(torch.as_tensor(action))
        return step(action)

    actor, random = Actor(env, net, seed=5), torch.Generator().manual_seed(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(env, "step", heard)
        for _ in range(2):  # from a memory, too
            unroll = actor.unroll(8)
            with torch.no_grad():
                means = values_on(net, [net[POLICY]], unroll.ticks, unroll.state or None)[net[POLICY]][:, :-1]
            told, action = (unroll.ticks[name][:, :-1] for name in (BEHAVIOUR, ACTION))
            torch.testing.assert_close(told, means, atol=1e-5, rtol=1e-4)
            drawn = torch.stack([torch.special.ndtri(chance(3, actor.actions, random)) for _ in range(8)], 1)
            torch.testing.assert_close(action, means + DEVIATION * drawn, atol=1e-5, rtol=1e-4)
            assert (action.abs() > 1).any()
    assert (torch.stack(got).abs() <= 1).all()


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_what_was_decided_by_stays_when_the_weights_move(name: str) -> None:
    """And the next unroll tells of the weights that are."""
    env = Environments(name, 3).make()
    net = agent(**recipe_of(env), cores=(), features=8)
    actor, policy = Actor(env, net), net[POLICY]
    before = deepcopy(net)
    first = actor.unroll(6).ticks
    with torch.no_grad():
        net.get_parameter("policy.bias").add_(torch.linspace(0.5, 1.0, actor.actions))
        told = {net: actor.unroll(6).ticks, before: first}
        for graph, ticks in told.items():
            found = values_on(graph, [graph[POLICY]], ticks)[graph[POLICY]]
            wanted = found if actor.continuous else found.log_softmax(-1)
            torch.testing.assert_close(ticks[BEHAVIOUR][:, :-1], wanted[:, :-1], atol=1e-5, rtol=1e-4)
        now = values_on(net, [policy], first)[policy]
        now = now if actor.continuous else now.log_softmax(-1)
    assert ((first[BEHAVIOUR] - now)[:, :-1].abs() > 0.01).all()


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(PhysimError, match="there are no environments 'Nowhere-v0'"):
        Environments("Nowhere-v0").make()
    with pytest.raises(PhysimError, match="wanted a Box or a dictionary of them"):
        recipe_of(gymnasium.make_vec("Blackjack-v1", 1))
    with pytest.raises(PhysimError, match="sees: got vectr, wanted some of image, depth, vector"):
        recipe_of(gymnasium.make_vec("CartPole-v1", 1), ("vectr",))
    modes = {"autoreset_mode": AutoresetMode.SAME_STEP}
    same = gymnasium.make_vec("CartPole-v1", 1, vectorization_mode="sync", vector_kwargs=modes)
    with pytest.raises(PhysimError, match="wanted NEXT_STEP"):
        recipe_of(same)


def test_objects_are_seen_where_they_are_shown() -> None:
    mazes = Environments("worlds:physim/NavMazeRandomGoal01-v0", 2, {"observe": ("image", "objects"), "size": (24, 20)})
    assert set(recipe_of(mazes.make())["sees"]) == {"image", "objects"}


def test_a_graph_that_sees_other_images_is_refused(playing: Callable[..., Playing]) -> None:
    setting = playing()
    sees = {**setting.recipe["sees"], "image": (30, 30, 3)}
    with pytest.raises(PhysimError, match=r"shape \(30, 30, 3\), but it is shown \(20, 24, 3\)"):
        replace(setting, recipe={**setting.recipe, "sees": sees}).actor()


def test_a_graph_that_decides_about_something_else_is_refused() -> None:
    env = Environments("CartPole-v1", 2).make()
    with pytest.raises(PhysimError, match="decides about 3 actions, but the environments want 2 actions"):
        Actor(env, agent(sees={"vector": (4,)}, actions=3, cores=()))
    with pytest.raises(PhysimError, match="decides about 2 numbers, but the environments want 2 actions"):
        Actor(env, agent(sees={"vector": (4,)}, actions=2, cores=(), continuous=True))


class Advising(gymnasium.Env[np.ndarray, int]):
    """Advises in every second step, or in words."""

    observation_space, action_space = Box(0, 1, (2,), np.float32), gymnasium.spaces.Discrete(2)

    def __init__(self, advice: object, always: bool) -> None:
        self.advice, self.always, self.steps = advice, always, 0

    def reset(self, *, seed: int | None = None, options: object = None) -> tuple[np.ndarray, dict[str, object]]:
        return self.step(0)[0], {"advice": self.advice}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, object]]:
        self.steps += 1
        told = self.always or self.steps % 2 == 0
        return np.zeros(2, np.float32), 0.0, False, False, {"advice": self.advice} if told else {}


@pytest.mark.parametrize(
    ("advice", "always", "told"),
    [(1, False, "some infos lack 'advice'"), ("left", True, "'advice' is 'left', wanted numbers")],
)
def test_labels_that_are_no_numbers_or_not_always_there_are_refused(advice: object, always: bool, told: str) -> None:
    env = gymnasium.vector.SyncVectorEnv([lambda: Advising(advice, True), lambda: Advising(advice, always)])
    net = agent(**recipe_of(env), cores=(), features=8)
    with pytest.raises(PhysimError, match=told):
        Actor(env, net, labels=("advice",)).unroll(4)


def test_images_of_numbers_are_refused() -> None:
    for shape, dtype in (((24, 24, 3), np.float32), ((24, 24), np.uint8)):
        space = Dict({"image": Box(0, 1, shape, dtype)})
        with pytest.raises(PhysimError, match=rf"images are {np.dtype(dtype)} \[24, 24.*, wanted uint8 \[rows"):
            named({"image": np.zeros((1, *shape), dtype)}, space)
