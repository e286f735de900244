"""The figures of arXiv:1612.00222 that ours are put beside."""

from __future__ import annotations

from physim.worlds import World

_SIZES = {"nbody": ("bodies",), "balls": ("balls",), "strings": ("masses", "pins")}
"""The parameters that say how many objects a scene of each of the paper's worlds has."""
_ERRORS = {
    ("nbody", 3): {"constant_velocity": 45, "paper": 0.052},
    ("nbody", 6): {"constant_velocity": 82, "paper": 0.25, "mlp": 79, "dynamics_only": 76},
    ("nbody", 12): {"constant_velocity": 166, "paper": 7.8},
    ("balls", 3): {"constant_velocity": 0.054, "paper": 0.0053},
    ("balls", 6): {"constant_velocity": 0.074, "paper": 0.0020, "mlp": 0.072, "dynamics_only": 0.074},
    ("balls", 9): {"constant_velocity": 0.084, "paper": 0.004},
    ("strings", 15, 1): {"constant_velocity": 0.018, "paper": 0.0011, "mlp": 0.016, "dynamics_only": 0.017},
    ("strings", 5, 1): {"constant_velocity": 0.0080, "paper": 0.00052},
    ("strings", 30, 1): {"constant_velocity": 0.010, "paper": 0.00074},
    ("strings", 15, 0): {"constant_velocity": 0.020, "paper": 0.0014},
    ("strings", 15, 2): {"constant_velocity": 0.012, "paper": 0.00097},
}
"""One-step errors in (m/s)^2 by world, size and model, trained on 6 bodies, 6 balls, or 15 masses with 1 pin."""


def published_ratio(world: World, model: str) -> float | None:
    """The paper's one-step error over constant velocity's, or None where it has none, as for other parameters.

    `best` stands beside the paper's network too.
    """
    wanted = _SIZES.get(world.name, ())
    if not set(wanted) <= set(world.parameters):
        return None  # somebody else's world of the same name
    sizes = {name: world.parameters[name] for name in wanted}
    errors = _ERRORS.get((world.name, *sizes.values()), {})
    error = errors.get("paper" if model == "best" else model)
    if error is None or world != type(world)(**sizes):
        return None
    return error / errors["constant_velocity"] if model != "constant_velocity" else None
