"""What ships says what it is, and by today's code."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from safetensors import safe_open

from learners.physics.contestants import FOLDERS
from physim import plugins
from physim.engines.learned import LearnedEngine
from worlds import Balls, Charges, NBody, Playground, Strings, Swirl

SHIPPED = sorted(path for folder in FOLDERS for path in folder.glob("*.safetensors"))
WORLDS = {world.__name__.lower(): world for world in (Balls, Charges, NBody, Playground, Strings, Swirl)}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_weights_tell_every_argument_of_their_builder(path: Path) -> None:
    with safe_open(path, "pt") as file:  # type: ignore[no-untyped-call]
        header = file.metadata()
    wanted = inspect.signature(plugins.load(plugins.BUILDERS, header["builder"])).parameters
    assert set(json.loads(header["arguments"])) == set(wanted)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_weights_are_of_todays_worlds(path: Path) -> None:
    told = LearnedEngine.load(path).terms.provenance["world"]
    world = WORLDS[told["name"]](**told["parameters"])
    assert told["source"] == world.metadata["source"]
