from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from learners.agents.graphs import agent
from learners.agents.methods import heads_of
from learners.agents.training import Training
from physim.errors import PhysimError
from physim.graph import load_graph, save_graph
from physim.scripts import run_script


@pytest.fixture
def script(example: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example, with small mazes and short episodes."""
    module = example("maze_agent")
    monkeypatch.setattr(module, "MAZE", module.MAZE | {"seconds": 2.0, "away": 1})
    return module


@pytest.fixture
def weights(script: ModuleType, tmp_path: Path) -> Path:
    """An agent that has learned nothing."""
    sees = {"image": [42, 42, 3], "velocity": [3]}
    save_graph(
        tmp_path / "agent.safetensors", agent(sees=sees, actions=8, cores=[8, 16], heads=list(heads_of(script.ADDED)))
    )
    return tmp_path / "agent.safetensors"


def test_an_agent_is_shown_with_what_it_thinks_the_same_every_time(
    script: ModuleType, weights: Path, tmp_path: Path
) -> None:
    films = []
    for name in ("one", "two"):
        rows = script.Args(headless=True, steps=12, weights=weights, record=tmp_path / name, size=(640, 360)).run()
        assert {row["name"] for row in rows} >= {"reward", "episodes"}
        films.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert len(films[0]) == 12
    assert films[0] == films[1]


def test_an_agent_is_judged_beside_chance_and_an_oracle(script: ModuleType, weights: Path) -> None:
    rows = script.Args(weights=weights, episodes=4).run()
    assert [row["against"] for row in rows[:4]] == ["chance", "oracle", "explorer", "chance"]
    assert 0 <= rows[0]["value"] <= 1


@pytest.mark.parametrize("name", ["episodes", "steps"])
def test_none_of_what_is_shown_is_refused(script: ModuleType, name: str) -> None:
    with pytest.raises(PhysimError, match=f"{name} must be above 0, got 0"):
        script.Args(**{name: 0}).run()


def test_without_weights_a_sentence_says_so(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="there is no weights file"):
        script.Args(weights=tmp_path / "none.safetensors", episodes=2).run()


def test_the_weights_that_ship_are_not_trained_over(script: ModuleType) -> None:
    with pytest.raises(PhysimError, match="train writes into --weights: name a file"):
        script.Args(train=10_000_000).run()


def test_it_is_trained_stage_by_stage_and_goes_on_where_it_was(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "REPLAY", 45)
    weights = tmp_path / "agent.safetensors"
    with pytest.raises(PhysimError, match="train is 7000, wanted at least 7200"):
        script.Args(train=7000, weights=weights).run()
    script.Args(train=8000, weights=weights).run()
    _, told = load_graph(weights)
    assert told["decisions"] == 8000
    curves = sorted(tmp_path.glob("agent.training/8000/*/curve.csv"))
    assert [path.parent.name for path in curves] == [f"stage_{number}" for number in range(4)]
    first = weights.read_bytes()
    script.Args(train=8000, weights=weights).run()  # nothing is left to do
    assert weights.read_bytes() == first
    with pytest.raises(PhysimError, match=r"train is 9000, but .*agent\.training holds a training of 8000 decisions"):
        script.Args(train=9000, weights=weights).run()


def test_the_help_tells_the_least_training(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PhysimError) as refused:
        script.Args(train=100, weights=Path("agent.safetensors")).run()
    least = re.search(r"at least (\d+)", str(refused.value))
    monkeypatch.setattr("sys.argv", ["maze_agent.py", "--help"])
    with pytest.raises(SystemExit):
        run_script(script.Args.run, script.Args)
    assert f"at least {least[1]}" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_an_interrupt_tells_what_is_kept(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Training) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "run", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"agent\.training keeps what is learned, and the same command goes on"):
        script.Args(train=320_000, weights=tmp_path / "agent.safetensors").run()
