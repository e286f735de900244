"""Which engines are judged on a world."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from learners.physics.checksums import LENGTH
from physim.engines.base import Engine
from physim.engines.contract import check_engine
from physim.engines.learned import LearnedEngine
from physim.engines.named import WITH_WEIGHTS, engine_named
from physim.errors import PhysimError
from physim.scenes.scene import Scene
from physim.worlds import World

FOLDERS = tuple(Path(str(resources.files(package))) / "weights" for package in ("physim", "learners.physics"))


def contestants(world: World, weights: Sequence[str], seed: int, alone: bool = True) -> dict[str, LearnedEngine]:
    """The engines of `weights`, or of those that ship for the world, by model; they fit scenes of the seed.

    A model is its config, or the weights themselves where several share a config or none is known. Of the weights that
    ship, those that do not fit are left out.
    Raises: PhysimError where weights asked for do not fit the world, or none that ship do and they are judged alone.
    """
    scene = world.scene(seed)
    found: dict[str, LearnedEngine] = {}
    refused = f"no weights ship for the world {world.name}: name some with --weights"
    for name in weights or shipping_for(world):
        engine = engine_of(name)
        try:
            engine.start(scene)
        except PhysimError as reason:
            refused = f"weights '{name}' do not fit the world {world.name}: {reason}"
            if weights:
                raise PhysimError(refused) from None
            continue
        found[name] = engine
    if not found and alone:
        raise PhysimError(refused)
    configs = Counter(map(_config, found.values()))
    models = {name: _config(engine) for name, engine in found.items()}
    return {model if model and configs[model] == 1 else name: found[name] for name, model in models.items()}


def guests(world: World, names: Sequence[str], seed: int, weights: Sequence[str] = ()) -> dict[str, Engine[Any]]:
    """Engines by name, anybody's among them (`engine_named`); they keep the contract on a batch of the seed.

    Those that have weights take the world's own, or each of `weights`.

    Raises: PhysimError where one breaks the contract, or has another dt than the world.
    """
    found = {}
    for name in names:
        for one in weights if weights and name in WITH_WEIGHTS else (None,):
            label = name if one is None or len(weights) == 1 else f"{name}({one})"
            found[label] = engine_named(name, world, one and str(_shipped(one) or one))
    for name, engine in found.items():
        try:
            check_engine(engine, Scene.batch_of(world.scenes(seed, 2)))
        except PhysimError as reason:
            raise PhysimError(f"engine {name} cannot be judged on the world {world.name}: {reason}") from None
    return found


def engine_of(weights: str) -> LearnedEngine:
    """The engine of weights that ship, with the core or with this learner, or of a file."""
    return LearnedEngine.load(_shipped(weights) or weights)


def shipping_for(world: World) -> list[str]:
    """The names of the weights that ship for a world: its own, and those that begin with it and an underscore."""
    stems = (file.stem for folder in FOLDERS for file in sorted(folder.glob(f"{world.name}*.safetensors")))
    return [stem for stem in stems if stem == world.name or stem.startswith(f"{world.name}_")]


def fingerprint(weights: Sequence[str]) -> str:
    """The first digits of the sha256 of weights that ship, or of files, one after the other."""
    content = hashlib.sha256()
    for name in weights:
        content.update(Path(_shipped(name) or name).read_bytes())
    return content.hexdigest()[:LENGTH]


def _config(engine: LearnedEngine) -> str | None:
    return engine.terms.provenance.get("config")


def _shipped(name: str) -> Path | None:
    files = (folder / f"{name}.safetensors" for folder in FOLDERS)
    return next((file for file in files if file.exists()), None)
