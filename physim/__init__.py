"""Physics that is learned, and everything else that is a graph of modules.

Names are loaded on first use, so that `import physim` costs nothing (torch takes seconds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from physim.lazy import on_first_use

if TYPE_CHECKING:
    from physim.attached import Attached as Attached
    from physim.attached import attach as attach
    from physim.engines.base import Engine as Engine
    from physim.engines.contract import check_engine as check_engine
    from physim.engines.learned import LearnedEngine as LearnedEngine
    from physim.engines.rollout import rollout as rollout
    from physim.engines.truth import PymunkEngine as PymunkEngine
    from physim.engines.vectorised import VectorEngine as VectorEngine
    from physim.environments.registration import register_environment as register_environment
    from physim.environments.vector_env import WorldVectorEnv as WorldVectorEnv
    from physim.environments.world_env import WorldEnv as WorldEnv
    from physim.errors import BlowUp as BlowUp
    from physim.errors import PhysimError as PhysimError
    from physim.graph import LSTM as LSTM
    from physim.graph import CausalConv1d as CausalConv1d
    from physim.graph import Edges as Edges
    from physim.graph import Loss as Loss
    from physim.graph import Memory as Memory
    from physim.graph import ModuleGraph as ModuleGraph
    from physim.graph import added as added
    from physim.graph import averaged as averaged
    from physim.graph import builder as builder
    from physim.graph import check_steps as check_steps
    from physim.graph import decoupled as decoupled
    from physim.graph import delayed as delayed
    from physim.graph import detached as detached
    from physim.graph import exchanged as exchanged
    from physim.graph import imagined as imagined
    from physim.graph import joined as joined
    from physim.graph import largest as largest
    from physim.graph import load_graph as load_graph
    from physim.graph import losses_of as losses_of
    from physim.graph import pooled as pooled
    from physim.graph import receivers as receivers
    from physim.graph import save_graph as save_graph
    from physim.graph import senders as senders
    from physim.graph import spread as spread
    from physim.graph import summed as summed
    from physim.picturing import pixels as pixels
    from physim.scenes.scene import Scene as Scene
    from physim.scenes.trajectory import Trajectory as Trajectory
    from physim.worlds import World as World
    from physim.worlds import check_world as check_world
    from physim.worlds import world as world

_GRAPH = (
    "LSTM CausalConv1d Edges Loss Memory ModuleGraph added averaged builder check_steps decoupled delayed detached "
    "exchanged imagined joined largest load_graph losses_of pooled receivers save_graph senders spread summed"
)
_HOMES = {
    "Attached": "physim.attached",
    "attach": "physim.attached",
    **dict.fromkeys(_GRAPH.split(), "physim.graph"),
    "BlowUp": "physim.errors",
    "Engine": "physim.engines.base",
    "LearnedEngine": "physim.engines.learned",
    "PhysimError": "physim.errors",
    "PymunkEngine": "physim.engines.truth",
    "Scene": "physim.scenes.scene",
    "Trajectory": "physim.scenes.trajectory",
    "VectorEngine": "physim.engines.vectorised",
    "World": "physim.worlds",
    "WorldEnv": "physim.environments.world_env",
    "WorldVectorEnv": "physim.environments.vector_env",
    "check_engine": "physim.engines.contract",
    "check_world": "physim.worlds",
    "pixels": "physim.picturing",
    "register_environment": "physim.environments.registration",
    "rollout": "physim.engines.rollout",
    "world": "physim.worlds",
}
__all__ = list(_HOMES)
__version__ = "0.1.0"


__getattr__ = on_first_use(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
