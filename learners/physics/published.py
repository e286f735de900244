"""The figures of arXiv:1612.00222 that ours are put beside."""

from __future__ import annotations

from physim.worlds import World

_NBODY = {
    3: {"best": 0.052 / 45, "paper": 0.052 / 45},
    6: {"best": 0.25 / 82, "paper": 0.25 / 82, "mlp": 79 / 82, "dynamics_only": 76 / 82},
    12: {"best": 7.8 / 166, "paper": 7.8 / 166},
}
"""One-step error over constant velocity's by bodies and model, trained on 6 bodies; `best` stands beside the paper's
network too."""


def published_ratio(world: World, model: str) -> float | None:
    """The paper's one-step error over constant velocity's, or None where it has none, as for other parameters."""
    if world.name != "nbody":
        return None
    bodies = {"bodies": world.parameters["bodies"]}
    return _NBODY.get(bodies["bodies"], {}).get(model) if world == type(world)(**bodies) else None
