"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from physim.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Run a command line that must fail: with one sentence, exit code 2 and nothing written."""

    def run(command: str) -> str:
        capsys.readouterr()  # what earlier commands of the test printed
        before = sorted(folder.iterdir())
        assert main(command.split()) == 2
        output = capsys.readouterr()
        assert output.out == ""
        sentences = [line for line in output.err.splitlines() if line.startswith("physim: ")]
        assert sentences == output.err.splitlines()[-1:]
        assert [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"] == before
        return sentences[0]

    return run
