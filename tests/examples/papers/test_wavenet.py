from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from learners.experiment import read_rows
from physim.errors import PhysimError
from worlds.real_data.parts import Part
from worlds.real_data.speech import RATE, Recording


def spoken(voice: str, part: Part) -> list[Recording]:
    """Recordings that are noise, another for each voice."""
    random = np.random.default_rng([len(voice), len(part)])
    return [Recording(f"{k}", voice, random.normal(0, 0.1, RATE // 8).astype(np.float32)) for k in range(2)]


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("wavenet")
    changes = {"TRAINED": 3000, "TESTED": 2000, "FIELDS": (4, 8), "ECHO_UPDATES": 100, "SOURCE_UPDATES": 100}
    changes |= {"SPEECH_DILATIONS": (1, 2), "SPEECH_UPDATES": 100, "CHANNELS": 4, "SKIPS": 4, "recordings": spoken}
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_every_part_fills_its_table(script: ModuleType, tmp_path: Path) -> None:
    script.main(script.Args(quick=True, workers=1, out=tmp_path))
    folder = tmp_path / "quick"
    lines = {part: (folder / f"{part}.md").read_text().splitlines() for part in script.ALL}
    assert {part: len(text) - 2 for part, text in lines.items()} == {
        "sources": 4, "echo": 2, "speech": 7, "gates": 3, "cut": 3, "speakers": 8, "voices": 6
    }  # fmt: skip
    rows = read_rows(folder / "spoken.csv")
    assert {row["arm"] for row in rows if row["name"] == "shuffled"} == {"coded"}
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    script.main(script.Args(quick=True, workers=1, out=tmp_path))  # nothing is left to do
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


def test_nothing_but_guesses_comes_back_to_the_first_block(script: ModuleType) -> None:
    net = script.network("severed")
    net({"symbol": torch.randint(0, 256, (2, 30))}).square().mean().backward()
    first = [net.get_submodule(name) for name in ("embedding", "stem", "taps_0")]
    assert not any(value.grad.any() for module in first for value in module.parameters() if value.grad is not None)
    assert all(value.grad.any() for value in net.get_submodule("taps_1").parameters() if value.grad is not None)


def test_levels_lie_between_their_edges(script: ModuleType) -> None:
    edges, middles = script.mu_law_bins()
    assert bool((edges[:-1] < middles).all())
    assert bool((middles < edges[1:]).all())


def test_unknown_parts_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--parts: got \['song'\], wanted some of \['sources', 'echo'"):
        script.main(script.Args(parts=("song",), out=tmp_path))
