"""First-person mazes: layouts, what moves in them, what is seen of them, and what they ask.

Names are loaded on first use, so that `import worlds` loads neither gymnasium nor numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from physim.lazy import on_first_use

if TYPE_CHECKING:
    from worlds.maze.cameras import Camera as Camera
    from worlds.maze.cameras import Frames as Frames
    from worlds.maze.cameras import camera as camera
    from worlds.maze.cameras import drawn as drawn
    from worlds.maze.cameras import euclidean as euclidean
    from worlds.maze.env import MazeEnv as MazeEnv
    from worlds.maze.families import FAMILIES as FAMILIES
    from worlds.maze.layout import Layout as Layout
    from worlds.maze.maze import Maze as Maze
    from worlds.maze.oracle import Oracle as Oracle
    from worlds.maze.raycaster import Mazes as Mazes
    from worlds.maze.task import Task as Task
    from worlds.maze.topology import Topology as Topology
    from worlds.maze.vector_env import MazeVectorEnv as MazeVectorEnv
    from worlds.maze.wrappers import LastActionAndReward as LastActionAndReward
    from worlds.maze.wrappers import One as One

_HOMES = {
    "Camera": "worlds.maze.cameras",
    "FAMILIES": "worlds.maze.families",
    "Frames": "worlds.maze.cameras",
    "LastActionAndReward": "worlds.maze.wrappers",
    "Layout": "worlds.maze.layout",
    "Maze": "worlds.maze.maze",
    "MazeEnv": "worlds.maze.env",
    "MazeVectorEnv": "worlds.maze.vector_env",
    "Mazes": "worlds.maze.raycaster",
    "One": "worlds.maze.wrappers",
    "Oracle": "worlds.maze.oracle",
    "Task": "worlds.maze.task",
    "Topology": "worlds.maze.topology",
    "camera": "worlds.maze.cameras",
    "drawn": "worlds.maze.cameras",
    "euclidean": "worlds.maze.cameras",
}
__all__ = list(_HOMES)

__getattr__ = on_first_use(__name__, _HOMES)
