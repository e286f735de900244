from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import imageio.v3
import pytest

from physim.errors import PhysimError

Example = Callable[[str], ModuleType]


def test_a_headless_run_draws_the_string_it_was_asked_for(example: Example, tmp_path: Path) -> None:
    film = tmp_path / "last.png"
    arguments = {"headless": True, "engines": ("truth",), "steps": 12, "masses": 4, "pins": 2, "size": (320, 240)}
    rows = example("strings").Args(**arguments, record=film).play()
    assert imageio.v3.imread(film).shape == (240, 320, 3)
    assert all((row["world"], row["bodies"]) == ("strings", 4) for row in rows)


@pytest.mark.parametrize("arguments", [{"masses": 0}, {"pins": 3}, {"stiffness": -1.0}])
def test_bad_arguments_are_refused(example: Example, arguments: dict[str, float]) -> None:
    with pytest.raises(PhysimError, match=next(iter(arguments))):
        example("strings").Args(headless=True, engines=("truth",), **arguments).play()
