"""What the tests of training in several processes share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

PROGRAM = str(Path(__file__).parent / "program.py")


@pytest.fixture
def train(forked: Callable[[Sequence[str], int], list[int]], tmp_path: Path) -> Callable[..., list[int]]:
    """Train in as many processes as `ranks` need; gives their exit codes."""

    def train(ranks: list[int], wires: list[str] | None = None, **setting: Any) -> list[int]:
        setting = {"updates": 12, "out": str(tmp_path), "ranks": ranks, "wires": wires, **setting}
        return forked([PROGRAM, json.dumps(setting)], max(ranks) + 1)

    return train
