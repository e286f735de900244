"""Which learned engines are judged on a world."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.worlds import World

KINDS = {
    "": "best",
    "_paper": "paper",
    "_dynamics_only": "dynamics_only",
    "_mlp_3": "mlp",
    "_mlp_6": "mlp",
    "_mlp_12": "mlp",
}
"""What follows a world's name in the names of the weights that ship for it, and the model it stands for; the MLP fits
one number of bodies, so it ships for several."""

FOLDERS = tuple(Path(str(resources.files(package))) / "weights" for package in ("physim", "learners.physics"))


def contestants(world: World, weights: Sequence[str], seed: int) -> dict[str, LearnedEngine]:
    """The engines of `weights`, or of those that ship for the world, by model; they fit scenes of the seed.

    Of the weights that ship, those that do not fit are left out.
    Raises: PhysimError where weights asked for do not fit the world, or none that ship do.
    """
    scene = world.scene(seed)
    models = {f"{world.name}{ending}": model for ending, model in KINDS.items()}
    found: dict[str, LearnedEngine] = {}
    refused = f"no weights ship for the world {world.name}: name some with --weights"
    for name in weights or [name for name in models if _shipped(name)]:
        engine = LearnedEngine.load(_shipped(name) or name)
        try:
            engine.start(scene)
        except PhysimError as reason:
            refused = f"weights '{name}' do not fit the world {world.name}: {reason}"
            if weights:
                raise PhysimError(refused) from None
            continue
        found[models.get(name, name)] = engine
    if not found:
        raise PhysimError(refused)
    return found


def _shipped(name: str) -> Path | None:
    files = (folder / f"{name}.safetensors" for folder in FOLDERS)
    return next((file for file in files if file.exists()), None)
