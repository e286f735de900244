"""The Gymnasium ids of mazes: the families of UNREAL (arXiv:1611.05397) and of Learning to Navigate (arXiv:1611.03673),
and mazes in which things move.
"""

from __future__ import annotations

from typing import Any

from physim.environments.registration import with_gymnasium

SIZES = {"01": (10, 5, 60.0), "02": (15, 9, 150.0), "03": (20, 13, 300.0)}
"""Corridors side by side and behind one another, and seconds, as in DeepMind Lab's levels."""
GOALS: dict[str, dict[str, Any]] = {
    "Static": {"goal": "maze"},
    "RandomGoal": {"goal": "episode"},
    "AllRandom": {"goal": "episode", "fresh": True},
}
SMALL = {"width": 10, "height": 5, "braid": 1.0, "seconds": 60.0, "goal": "episode"}
FAMILIES: dict[str, dict[str, Any]] = {
    f"physim/NavMaze{name}{size}-v0": {"width": width, "height": height, "braid": 1.0, "seconds": seconds, **goal}
    for name, goal in GOALS.items()
    for size, (width, height, seconds) in SIZES.items()
} | {
    "physim/IMaze-v0": {"kind": "i_maze", "goal": "episode", "apples": 0.0, "strawberries": 0.0},
    "physim/SeekAvoidArena01-v0": {
        "kind": "arena", "width": 6, "height": 6, "goal": None, "fresh": True, "seconds": 20.0,
        "apples": 0.1, "strawberries": 0.0, "lemons": 0.1,
    },
    "physim/NavMazeDoors01-v0": {**SMALL, "doors": 6},
    "physim/NavMazeKeys01-v0": {**SMALL, "doors": 1, "keys": 1, "braid": 0.0, "fresh": True, "seconds": 120.0},
    "physim/NavMazeBlocks01-v0": {**SMALL, "kind": "rooms", "width": 5, "height": 3, "blocks": 6},
    "physim/NavMazeObstacles01-v0": {**SMALL, "kind": "rooms", "width": 5, "height": 3, "obstacles": 4},
}  # fmt: skip
"""The settings of each (see Game.of). Fruit lies in a tenth of the cells, apples and strawberries alike."""
OWN = "physim/Maze-v0"
"""The id of mazes of one's own: all settings are given, a layout, say."""


def register() -> None:
    """Make the ids known to Gymnasium, which is not imported for it."""
    for name, settings in {OWN: {}, **FAMILIES}.items():
        with_gymnasium(
            id=name,
            entry_point="worlds.maze.env:MazeEnv",
            vector_entry_point="worlds.maze.vector_env:MazeVectorEnv",
            kwargs=settings,
        )
