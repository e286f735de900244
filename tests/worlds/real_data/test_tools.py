from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from physim.errors import PhysimError
from worlds.real_data.tools import run


def test_output_goes_to_a_file_and_the_client_works_in_the_folder(tmp_path: Path) -> None:
    run(sys.executable, "-c", "import os; print(os.getcwd())", folder=tmp_path, out=tmp_path / "out")
    assert (tmp_path / "out").read_text().strip() == str(tmp_path.resolve())


def test_variables_are_the_users_but_for_those_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("DROPPED", "dropped")
    code = "import os; print([os.environ.get(name) for name in ('KEPT', 'DROPPED', 'NEW')])"
    run(sys.executable, "-c", code, folder=tmp_path, out=tmp_path / "out", changed={"DROPPED": "", "NEW": "new"})
    assert (tmp_path / "out").read_text().strip() == "['kept', None, 'new']"
    assert "NEW" not in os.environ


def test_a_client_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"^no-such-client is not installed$"):
        run("no-such-client", folder=tmp_path)


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        ("WARNING: slow\\nERROR: no such package\\nERROR: none at all", "^ERROR: no such package$"),
        ("npm error code E404\\nnpm error see the log", "^npm error code E404$"),
        ("E: Unable to locate package", "^E: Unable to locate package$"),
        ("first\\nlast\\n", "^last$"),
        ("", "^exit code 3$"),
    ],
)
def test_what_fails_says_why(tmp_path: Path, complaint: str, sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        run(sys.executable, "-c", f"import sys; sys.stderr.write('{complaint}'); sys.exit(3)", folder=tmp_path)
