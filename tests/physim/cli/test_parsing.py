from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from physim.cli.parsing import parse
from physim.errors import PhysimError


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_complaint_is_one_sentence_in_any_terminal(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "physim", "generate", "--scenes", "x", "nbody"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "physim: Error parsing --scenes: invalid literal for int() with base 10: 'x'\n"


def test_parsing_does_no_work(capsys: pytest.CaptureFixture[str]) -> None:
    work = parse(["worlds"])
    assert capsys.readouterr().out == ""
    work()
    assert capsys.readouterr().out.startswith("name")


def test_world_parameter_that_is_a_flag_already_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clash.py").write_text("def scene(rng, seed: int = 0):\n    ...\n")
    with pytest.raises(PhysimError, match="the world's parameter seed is a flag of physim generate already"):
        parse(["generate", f"{tmp_path}/clash.py:scene"])
