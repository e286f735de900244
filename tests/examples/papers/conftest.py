"""The scripts of the papers as modules, and digits that need no fetching."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from learners.decoupled.classify import Digits

PAPERS = Path(__file__).parents[3] / "examples" / "papers"


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import the script of a paper by its name."""

    monkeypatch.syspath_prepend(str(PAPERS))

    def imported(name: str) -> ModuleType:
        specification = importlib.util.spec_from_file_location(f"{name}_script", PAPERS / f"{name}.py")
        module = importlib.util.module_from_spec(specification)
        monkeypatch.setitem(sys.modules, specification.name, module)
        specification.loader.exec_module(module)
        return module

    return imported


@pytest.fixture
def few() -> Callable[[str], Digits]:
    """A few images of noise around one pattern a class, whatever the part."""
    random = torch.Generator().manual_seed(0)
    patterns, kinds = torch.rand(10, 784, generator=random), torch.arange(300) % 10
    digits = Digits((patterns[kinds] + 0.1 * torch.randn(300, 784, generator=random)).clamp(0, 1), kinds)
    return lambda part: digits
