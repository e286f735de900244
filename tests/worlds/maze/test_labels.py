from __future__ import annotations

import math

import numpy as np

from worlds.maze.env import MazeEnv
from worlds.maze.labels import LABELS, loop_closures


def slow(places: list[tuple[float, float]], near: float, far: float) -> int:
    """The definition: somebody was within `near` of here before, and in between farther than `far` from here."""
    now = len(places) - 1
    return int(
        any(
            math.dist(places[before], places[now]) <= near
            and any(math.dist(places[between], places[now]) >= far for between in range(before + 1, now))
            for before in range(now)
        )
    )


def test_loop_closures_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    closed = 0
    for _ in range(20):
        steps = rng.normal(size=(80, 2)) * 0.5 + rng.normal(size=2) * 0.1
        places = np.concatenate([np.cumsum(steps[:60], axis=0), np.cumsum(steps, axis=0)[60::-1]])[:100]
        for tick in range(len(places)):
            want = slow([tuple(place) for place in places[: tick + 1]], 1.0, 2.0)
            assert loop_closures(places[None], np.array([tick]), 1.0, 2.0)[0] == want
            closed += want
    assert 50 < closed < 1950


def test_labels_of_a_walk_are_what_can_be_seen_from_outside() -> None:
    env = MazeEnv(width=4, height=4, seconds=40.0, apples=0, strawberries=0, size=(8, 6), labels=LABELS, seed=2)
    rng = np.random.default_rng(1)
    _, info = env.reset(seed=4)
    ground = env.episodes.beginnings[0].ground
    goal = next(cell for cell, symbol in env.episodes.beginnings[0].items.items() if symbol == "G")
    places, visited = [], set()
    for _ in range(400):
        cell = tuple(info["cell"].tolist())
        assert cell == tuple(np.floor(info["position"]).astype(int).tolist())
        assert info["distance"] == len(ground.topology.path(cell, goal)) - 1
        assert info["junction"] == ground.topology.junctions[cell[1], cell[0]]
        assert info["first_visit"] == (cell not in visited)
        assert 0 <= info["heading"] < 2 * math.pi
        visited.add(cell)
        places.append(tuple(info["position"].tolist()))
        assert info["loop_closure"] == slow(places, 1.0, 2.0)
        *_, info = env.step(int(rng.choice([0, 1, 2, 2, 2, 6])))
    assert len(visited) > 5


def test_a_new_episode_remembers_nothing() -> None:
    env = MazeEnv(width=3, height=3, seconds=2.0, size=(8, 6), labels=["first_visit", "loop_closure"])
    for _ in range(3):
        _, info = env.reset(seed=1)
        assert info["first_visit"]
        assert not info["loop_closure"]
        for _ in range(30):
            *_, info = env.step(2)
