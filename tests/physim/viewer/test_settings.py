from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path

import pytest

from physim.errors import PhysimError
from physim.viewer import PlaySettings
from physim.viewer import settings as module


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("engines", ()),
        ("engines", ("truth",) * 10),
        ("seed", -1),
        ("steps", 0),
        ("steps_per_frame", 0),
        ("size", (100, 700)),
        ("record", Path("film.avi")),
        ("record", Path("nowhere/at/all.gif")),
        ("record", Path("nowhere/at/all")),
    ],
)
def test_bad_settings_are_refused_by_name(settings: Callable[..., PlaySettings], field: str, value: object) -> None:
    with pytest.raises(PhysimError, match=field.removesuffix("s")):
        settings(**{field: value})


def test_a_gif_too_long_to_hold_is_refused(settings: Callable[..., PlaySettings], tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="1500 frames"):
        settings(record=tmp_path / "film.gif", steps=100_000)


def test_an_mp4_without_its_extra_is_refused(
    settings: Callable[..., PlaySettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(PhysimError, match="extra video"):
        settings(record=tmp_path / "film.mp4")
    assert util.find_spec("imageio")


def test_settings_need_neither_pygame_nor_torch() -> None:
    code = "import sys, physim.viewer; sys.exit(bool({'pygame', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
