from __future__ import annotations

import pickle
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics

import worlds  # noqa: F401 (registers the ids)
from physim.errors import PhysimError
from worlds.maze.env import MazeEnv
from worlds.maze.families import FAMILIES
from worlds.maze.wrappers import LastActionAndReward, SingleObservation

CORRIDOR = """
#########
#P      #
#########
"""


@pytest.mark.parametrize("name", FAMILIES)
def test_every_id_is_what_gymnasium_wants(name: str) -> None:
    env = gymnasium.make(name, render_mode="rgb_array", size=(16, 12))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*alternative render modes.*")
        check_env(env.unwrapped)
    env.close()


def walked(env: Any, steps: int) -> list[Any]:
    env.reset(seed=5)
    actions = np.random.default_rng(0).integers(env.action_space.n, size=steps)
    return [env.step(int(action)) for action in actions]


@pytest.mark.parametrize("name", ["physim/NavMazeAllRandom01-v0", "physim/NavMazeBlocks01-v0"])
def test_same_seed_and_actions_give_the_same_bytes(name: str) -> None:
    one, other = (walked(gymnasium.make(name, size=(16, 12)), 200) for _ in range(2))
    for (seen, *rest, _), (seen_again, *rest_again, _) in zip(one, other, strict=True):
        assert rest == rest_again
        assert all(np.array_equal(seen[key], seen_again[key]) for key in seen)


def test_an_apple_a_goal_and_a_lemon_bring_their_rewards_and_only_the_goal_sets_one_down_elsewhere() -> None:
    for symbol, reward in (("A", 1.0), ("S", 2.0), ("L", -1.0), ("G", 10.0)):
        layout = CORRIDOR.replace("P      ", f"P  {symbol}   ")
        goal = "maze" if symbol == "G" else None
        env = MazeEnv(
            layout, goal=goal, apples=0, strawberries=0, away=0, actions="three", size=(8, 6), labels=["position"]
        )
        env.reset(seed=0)
        env.episodes.heading[:] = 0.0
        rewards, before = [], np.zeros(2)
        while not any(rewards):
            _, got, *_, info = env.step(0)
            rewards.append(got)
            jump, before = info["position"] - before, info["position"]
        assert rewards[-1] == reward
        assert (np.hypot(*jump) > 1) == (symbol == "G")


def test_an_episode_without_goal_ends_when_all_is_gathered_and_any_when_its_time_is_up() -> None:
    env = MazeEnv(
        CORRIDOR.replace("P      ", "P  A   "), goal=None, apples=0, strawberries=0, actions="three", size=(8, 6)
    )
    env.reset(seed=0)
    env.episodes.heading[:] = 0.0
    steps = [env.step(0) for _ in range(40)]
    ends = [step[2] for step in steps]
    assert True in ends
    assert [step[1] for step in steps].index(1.0) == ends.index(True)
    short = MazeEnv(CORRIDOR, goal=None, apples=0, strawberries=0, seconds=1.0, size=(8, 6))
    short.reset(seed=0)
    assert [short.step(0)[3] for _ in range(15)] == [False] * 14 + [True]


def test_a_walker_turns_and_goes_where_its_actions_say() -> None:
    env = MazeEnv(CORRIDOR, goal=None, apples=0, strawberries=0, size=(8, 6))
    env.reset(seed=0)
    env.episodes.heading[:] = 0.0
    left = env.step(0)[0]["velocity"]
    assert left[2] > 0
    assert env.episodes.heading[0] == pytest.approx(np.radians(10))
    env.episodes.heading[:] = 0.0
    ahead = env.step(2)[0]["velocity"]
    assert ahead[0] > 0
    assert ahead[1:] == pytest.approx([0, 0])
    aside = env.step(4)[0]["velocity"]
    assert aside[1] > 0


def test_the_goal_of_an_i_maze_is_in_one_of_its_alcoves_and_moves_between_episodes() -> None:
    env = gymnasium.make("physim/IMaze-v0", size=(8, 6))
    goals = set()
    for seed in range(30):
        env.reset(seed=seed)
        items = env.unwrapped.episodes.beginnings[0].items  # type: ignore[attr-defined]
        goals |= {cell for cell, symbol in items.items() if symbol == "G"}
        assert list(items.values()).count("G") == 1
    assert len(goals) == 4


def test_static_mazes_keep_their_goal_and_fruit_and_others_do_not() -> None:
    def items(name: str, seed: int) -> Any:
        env = gymnasium.make(name, size=(8, 6))
        _, info = env.reset(seed=seed)
        beginning = env.unwrapped.episodes.beginnings[0]  # type: ignore[attr-defined]
        return dict(beginning.items), beginning.ground.layout.text, info["maze"]

    assert items("physim/NavMazeStatic01-v0", 1) == items("physim/NavMazeStatic01-v0", 2)
    one, other = items("physim/NavMazeRandomGoal01-v0", 1), items("physim/NavMazeRandomGoal01-v0", 2)
    assert one[0] != other[0]
    assert one[1:] == other[1:]
    one, other = items("physim/NavMazeAllRandom01-v0", 1), items("physim/NavMazeAllRandom01-v0", 2)
    assert one[1] != other[1]


def test_mazes_of_training_and_of_tests_are_never_the_same() -> None:
    for test, low, high in ((False, 0, 90_000), (True, 90_000, 100_000)):
        env = gymnasium.make("physim/NavMazeAllRandom01-v0", test=test, size=(8, 6))
        seeds = [env.reset(seed=seed)[1]["maze"] for seed in range(20)]
        assert all(low <= seed < high for seed in seeds)


def test_a_maze_that_stays_is_another_one_in_tests() -> None:
    for name in ("NavMazeStatic01", "NavMazeRandomGoal01"):
        train, test = (gymnasium.make(f"physim/{name}-v0", test=test, size=(8, 6)) for test in (False, True))
        assert (train.reset(seed=0)[1]["maze"], test.reset(seed=0)[1]["maze"]) == (0, 90_000)
        layouts = [env.unwrapped.episodes.beginnings[0].ground.layout.text for env in (train, test)]  # type: ignore[attr-defined]
        assert layouts[0] != layouts[1]


def test_an_option_chooses_the_maze() -> None:
    env = MazeEnv(fresh=True, size=(8, 6))
    assert env.reset(seed=1, options={"maze": 17})[1]["maze"] == 17
    for options, sentence in (({"level": 3}, "options: got 'level'"), ({"maze": 1.5}, "options: maze is 1.5")):
        with pytest.raises(PhysimError, match=sentence):
            env.reset(options=options)


def test_only_what_is_asked_for_is_observed() -> None:
    env = MazeEnv(observe=("depth",), size=(8, 6))
    seen, _ = env.reset(seed=0)
    assert list(seen) == ["depth"]
    assert env.observation_space.contains(seen)


def test_a_key_lies_before_the_door_and_the_goal_behind() -> None:
    env = gymnasium.make("physim/NavMazeKeys01-v0", size=(8, 6)).unwrapped
    for seed in range(10):
        env.reset(seed=seed)
        beginning = env.episodes.beginnings[0]  # type: ignore[attr-defined]
        where = {symbol: cell for cell, symbol in beginning.items.items()}
        assert where["K"] in {*beginning.ground.near, *beginning.ground.layout.of("K")}
        assert where["G"] not in beginning.ground.near


@pytest.mark.parametrize(
    ("layout", "sentence"),
    [
        ("########\n#P D K #\n########", "got 'K' in cell|got 'P' in cell"),
        ("######\n#P   #\n# D  #\n######", r"got a door in cell \(2, 1\), wanted a wall on either side"),
        ("####\n#PA#\n## #\n####", None),
        ("####\n#PG#\n####", None),
        (3, "layout is int, wanted a Layout or its text"),
    ],
)
def test_layouts_without_a_way_are_told_and_small_ones_are_played(layout: Any, sentence: str | None) -> None:
    def begin() -> None:
        MazeEnv(layout, apples=0, strawberries=0, size=(8, 6)).reset(seed=0)

    if sentence is None:
        begin()
    else:
        with pytest.raises(PhysimError, match=sentence):
            begin()


def test_goals_are_never_out_of_reach() -> None:
    env = MazeEnv(
        "#######\n#   # #\n#######", goal="episode", apples=0, strawberries=0, labels=["distance"], size=(8, 6)
    )
    assert all(env.reset(seed=seed)[1]["distance"] >= 0 for seed in range(20))


def test_every_start_of_a_layout_is_used() -> None:
    env = MazeEnv("#########\n#P    PG#\n#########", apples=0, strawberries=0, labels=["cell"], size=(8, 6))
    assert {env.reset(seed=seed)[1]["cell"][0] for seed in range(20)} == {1, 6}


def test_after_its_end_an_episode_takes_no_more_steps() -> None:
    env = MazeEnv(seconds=0.2, size=(8, 6), labels=["loop_closure"])
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]
    with pytest.raises(PhysimError, match="the episode is over after 3 decisions: call reset"):
        env.step(0)


def test_an_episode_in_which_nothing_lies_goes_on_until_its_time_is_up() -> None:
    env = MazeEnv(goal=None, apples=0, strawberries=0, size=(8, 6))
    env.reset(seed=0)
    assert not any(env.step(0)[2] for _ in range(10))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"observe": ("smell",)}, "observe is .*smell.*wanted some of image"),
        ({"actions": "nine"}, "actions is 'nine', wanted one of eight"),
        ({"labels": ("mood",)}, "labels: got mood, wanted some of loop_closure"),
        ({"colour": 3}, "unknown setting 'colour': the known ones are layout, actions"),
        ({"goal": "never"}, "goal must be None or one of maze, episode, got 'never'"),
        ({"kind": "spiral"}, "kind: got 'spiral'"),
        ({"size": (0, 4)}, "width must be"),
        ({"size": 84}, "size is 84, wanted a tuple"),
        ({"size": (84, 84, 3)}, r"size is \(84, 84, 3\), wanted \(width, height\)"),
        ({"size": (84.5, 84)}, "size is .*, wanted a tuple"),
        ({"width": "6"}, "width is '6', wanted a whole number"),
        ({"blocks": 1.5}, "blocks is 1.5, wanted a whole number"),
        ({"braid": "x"}, "braid is 'x', wanted a number"),
        ({"fresh": "no"}, "fresh is 'no', wanted True or False"),
        ({"labels": "distance"}, "labels is 'distance', wanted a tuple"),
        ({"observe": 5}, "observe is 5, wanted a tuple"),
        ({"keys": 2}, "keys is 2, but there are no doors"),
        ({"kind": "rooms", "blocks": 500}, "blocks: got 500, but this maze has room for"),
        ({"layout": "###\n#P#\n###", "apples": 0.0, "strawberries": 0.0}, "goal: this maze has no free cell"),
        ({"layout": "####\n#PG#\n####", "goal": None}, r"got a goal in cell \(2, 1\), but goal=None"),
        ({"layout": "####\n#PG#\n####", "width": 3}, "width is a setting of mazes that are carved"),
        ({"width": 1, "height": 1}, "goal|room|free"),
        ({"dt": 1.0, "substeps": 1}, "dt / substeps is 1.0 s, wanted less than 0.04 s"),
        ({"doors": 500}, "doors: got 500, but this maze has room for"),
        ({"apples": 0.8, "lemons": 0.9}, "the task lays .* pieces of fruit"),
    ],
)
def test_settings_out_of_range_are_told(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        MazeEnv(**settings).reset(seed=0)


@pytest.mark.parametrize("action", [8, -1, 1.5, "left", [1, 2]])
def test_what_is_no_action_is_told(action: Any) -> None:
    env = MazeEnv(size=(8, 6))
    with pytest.raises(PhysimError, match="no episode has begun"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(PhysimError, match="action"):
        env.step(action)


def test_wrappers_of_gymnasium_and_ours_work() -> None:
    env = LastActionAndReward(RecordEpisodeStatistics(MazeEnv(seconds=1.0, size=(8, 6))))
    seen, _ = env.reset(seed=0)
    assert not seen["last_action"].any()
    for action in range(15):
        seen, reward, _, truncated, info = env.step(action % 8)
        assert seen["last_action"].argmax() == action % 8
        assert seen["last_reward"] == reward
    assert truncated
    assert info["episode"]["l"] == 15
    assert env.observation_space.contains(seen)
    image = SingleObservation(gymnasium.make("physim/NavMazeStatic01-v0", size=(8, 6)))
    assert image.spec is not None
    assert isinstance(gymnasium.make(image.spec), SingleObservation)
    assert image.reset(seed=0)[0].shape == (6, 8, 3)
    with pytest.raises(PhysimError, match="name is 'smell'"):
        SingleObservation(MazeEnv(), "smell")


def test_the_maze_that_is_seen_is_the_scene_that_is_read() -> None:
    env = MazeEnv(kind="rooms", width=3, height=2, blocks=2, doors=1, obstacles=1, size=(8, 6))
    env.reset(seed=3)
    for _ in range(20):
        env.step(2)
    scene, things = env.scene, env.episodes.mazes.things[0]
    assert float(scene.angle[0]) == env.episodes.heading[0]
    assert scene.pos[0].tolist() == env.episodes.motion[0, :2].tolist()
    assert scene.vel[0].tolist() == env.episodes.motion[0, 2:4].tolist()
    kinds = scene.thing.tolist()
    assert [kinds.count(kind) for kind in (1.0, 2.0, 3.0, 4.0, 5.0)] == [1, 1, 2, 1, 1]
    blocks = scene.pos[scene.thing == 3.0]
    assert {tuple(place) for place in blocks.tolist()} <= {tuple(place) for place in things[:, 1:3].tolist()}
    pickle.dumps(scene)
