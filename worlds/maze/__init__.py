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
    from worlds.maze.explorer import Explorer as Explorer
    from worlds.maze.families import FAMILIES as FAMILIES
    from worlds.maze.layout import Layout as Layout
    from worlds.maze.maze import Maze as Maze
    from worlds.maze.oracle import Oracle as Oracle
    from worlds.maze.raycaster import Mazes as Mazes
    from worlds.maze.replays import RecordWalk as RecordWalk
    from worlds.maze.replays import Replay as Replay
    from worlds.maze.replays import load_replay as load_replay
    from worlds.maze.replays import save_replay as save_replay
    from worlds.maze.task import Task as Task
    from worlds.maze.topology import Topology as Topology
    from worlds.maze.vector_env import MazeVectorEnv as MazeVectorEnv
    from worlds.maze.walk import MazeWalk as MazeWalk
    from worlds.maze.wrappers import LastActionAndReward as LastActionAndReward
    from worlds.maze.wrappers import SingleObservation as SingleObservation

_HOMES = {
    "Camera": "worlds.maze.cameras",
    "Explorer": "worlds.maze.explorer",
    "FAMILIES": "worlds.maze.families",
    "Frames": "worlds.maze.cameras",
    "LastActionAndReward": "worlds.maze.wrappers",
    "Layout": "worlds.maze.layout",
    "Maze": "worlds.maze.maze",
    "MazeEnv": "worlds.maze.env",
    "MazeVectorEnv": "worlds.maze.vector_env",
    "MazeWalk": "worlds.maze.walk",
    "Mazes": "worlds.maze.raycaster",
    "SingleObservation": "worlds.maze.wrappers",
    "Oracle": "worlds.maze.oracle",
    "RecordWalk": "worlds.maze.replays",
    "Replay": "worlds.maze.replays",
    "Task": "worlds.maze.task",
    "Topology": "worlds.maze.topology",
    "camera": "worlds.maze.cameras",
    "drawn": "worlds.maze.cameras",
    "euclidean": "worlds.maze.cameras",
    "load_replay": "worlds.maze.replays",
    "save_replay": "worlds.maze.replays",
}
__all__ = list(_HOMES)

__getattr__ = on_first_use(__name__, _HOMES)
