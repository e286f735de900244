from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import imageio.v3
import pytest

from physim.errors import PhysimError

Example = Callable[[str], ModuleType]


def test_a_headless_run_draws_the_balls_it_was_asked_for(example: Example, tmp_path: Path) -> None:
    film = tmp_path / "last.png"
    arguments = {
        "headless": True,
        "engines": ("truth",),
        "steps": 12,
        "balls": 3,
        "restitution": 1.0,
        "size": (320, 240),
    }
    rows = example("balls").Args(**arguments, record=film).play()
    assert imageio.v3.imread(film).shape == (240, 320, 3)
    assert all((row["world"], row["bodies"]) == ("balls", 3) for row in rows)
    assert next(row["value"] for row in rows if row["name"] == "energy_drift") < 1e-6


@pytest.mark.parametrize("arguments", [{"balls": 0}, {"restitution": 1.5}])
def test_bad_arguments_are_refused(example: Example, arguments: dict[str, float]) -> None:
    with pytest.raises(PhysimError, match=next(iter(arguments))):
        example("balls").Args(headless=True, engines=("truth",), **arguments).play()
