from __future__ import annotations

import json
from math import inf
from pathlib import Path

import pytest

from learners.physics import kept, report
from learners.physics.baselines import ConstantVelocity
from learners.physics.report import markdown_report, save_pictures, save_report
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError
from physim.reports import Row, row
from physim.worlds import World
from worlds.balls import Balls
from worlds.nbody import NBody

PLACE: Row = {"world": "balls", "size": "6 balls"}


def one_step(ratio: float, arm: str = "shipped", model: str = "best", **more: object) -> Row:
    labels: Row = {"arm": arm, "model": model, **PLACE, **more}  # type: ignore[dict-item]
    return row("one_step_mse", ratio * 0.5, "m2/s2", "constant_velocity", 0.5) | labels


def lines(report: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in report.splitlines() if line[:1] == "|"]


def column(report: str, name: str) -> list[str]:
    """The cells under a name in the first table."""
    head, _, *rest = lines(report.split("\n## ")[1])
    return [line[head.index(name)] for line in rest]


LARGE: list[Row] = [
    row("penetration", 0.5, "share") | {**PLACE, "model": "best"},
    row("deepest_penetration", inf, "share") | {**PLACE, "model": "best"},
]
ROLLOUTS: list[Row] = [
    row("rollout_position_error", 0.1, "m") | {**PLACE, "model": "best", "step": 10},
    row("rollout_position_error", inf, "m") | {**PLACE, "model": "best", "step": 1000},
    row("steps_under_5_percent", 700.0, "steps") | {**PLACE, "model": "best", "share_to_the_end": 0.25},
    row("blown_up", 3, "scenes") | {**PLACE, "model": "best"},
]
ENERGY: list[Row] = [row("energy_mse", 2.0, "J2", "mlp", 4.0) | {"world": "nbody", "quantity": "kinetic"}]
INVERSE: list[Row] = [row("inverse_error", 0.01, "share", "guess", 0.5) | {"arm": "mass", "of": "all"}]
PARTS = {
    "sizes": ([one_step(0.25), *ROLLOUTS], ("One step", "Free rollouts")),
    "large": (LARGE, ("Large scenes, long rollouts",)),
    "candidates": ([one_step(0.25, arm="best", updates=10)], ("Candidates",)),
    "unseen": ([one_step(0.25, minutes=4)], ("Laws on which nothing was designed",)),
    "energy": (ENERGY, ("Energy and momentum",)),
    "inverse": (INVERSE, ("Inverse",)),
}


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_its_tables_and_the_others_are_left_out(part: str) -> None:
    rows, titles = PARTS[part]
    report = markdown_report({name: [] for name in PARTS} | {part: rows})
    assert [line[3:] for line in report.splitlines() if line.startswith("## ")] == list(titles)
    assert len(lines(report)) >= 3


def test_a_report_of_all_parts_is_that_of_each() -> None:
    whole = markdown_report({part: rows for part, (rows, _) in PARTS.items()})
    for part, (rows, _) in PARTS.items():
        assert set(markdown_report({part: rows}).splitlines()) <= set(whole.splitlines())


def test_the_papers_figure_stands_in_brackets_beside_ours() -> None:
    report = markdown_report({"sizes": [one_step(0.25, paper=0.027), one_step(0.5, model="mlp")]})
    assert [column(report, model) for model in ("best", "mlp", "paper")] == [["0.25 (0.027)"], ["0.5"], [""]]


def test_what_is_infinite_is_shown() -> None:
    assert column(markdown_report({"sizes": [one_step(inf)]}), "best") == ["inf"]
    assert column(markdown_report({"large": LARGE}), "deepest_penetration") == ["inf"]
    assert column(markdown_report({"candidates": [one_step(inf, arm="best")]}), "balls, 6 balls") == ["inf"]


def test_a_rollout_is_told_by_its_last_step() -> None:
    (line,) = lines(markdown_report({"sizes": ROLLOUTS}))[-1:]
    assert line == ["balls", "6 balls", "best", "700", "25 %", "inf", "3"]


def test_candidates_have_means_with_intervals_over_seeds_and_their_updates() -> None:
    rows = [one_step(ratio, arm="best", seed=seed, updates=90 + seed) for seed, ratio in enumerate((0.1, 0.2, 0.3))]
    alone = one_step(0.5, arm="mlp", model="mlp", seed=0, updates=7)
    others = one_step(9.0, arm="best", model="constant_velocity")
    report = markdown_report({"candidates": [*rows, alone, others]})
    assert column(report, "arm") == ["best", "mlp"]
    assert column(report, "balls, 6 balls") == ["0.2 [-0.0484, 0.448]", "0.5"]
    assert column(report, "updates on balls") == ["91", "7"]


def test_long_rollouts_are_judged_by_all_that_can_be_kept() -> None:
    assert set(kept.UNITS) < set(report.KEPT)


def test_a_law_that_was_not_judged_has_an_empty_cell() -> None:
    unjudged: Row = {name: value for name, value in one_step(0.5).items() if name != "ratio"}
    assert column(markdown_report({"unseen": [unjudged]}), "one-step ratio") == [""]


def test_a_candidate_that_was_not_judged_on_a_size_has_an_empty_cell() -> None:
    rows = [one_step(0.5, arm="best"), one_step(0.5, arm="best", size="9 balls"), one_step(0.5, arm="mlp", model="mlp")]
    assert column(markdown_report({"candidates": rows}), "balls, 9 balls") == ["0.5", ""]


def test_the_report_is_written_whole_as_valid_json_and_markdown(tmp_path: Path) -> None:
    rows = {"sizes": [one_step(inf)], "large": []}
    save_report(tmp_path, rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "rows.json"]
    assert (tmp_path / "README.md").read_text() == markdown_report(rows)
    written = json.loads((tmp_path / "rows.json").read_text(), parse_constant=pytest.fail)
    assert [row["ratio"] for row in written["sizes"]] == ["inf"]
    assert written["large"] == []


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "rows.json").mkdir()
    with pytest.raises(PhysimError, match=r"rows\.json cannot be written"):
        save_report(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["rows.json"]


def test_a_ratio_that_no_bar_can_show_has_none_and_harms_nothing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    save_pictures(tmp_path, {}, {"sizes": [one_step(inf), one_step(0.25, model="paper")]})
    assert (tmp_path / "one_step.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STEPS": 20, "SCENES": 2}.items():
        monkeypatch.setattr(report, name, value)


@pytest.mark.usefixtures("short")
def test_each_world_has_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    save_pictures(tmp_path, {"balls": Balls(balls=2)}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["balls.png"]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("name", "world"), [("balls", Balls(balls=2)), ("nbody", NBody(bodies=3))])
def test_an_engine_that_blows_up_harms_no_picture(
    name: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(LearnedEngine, "load", lambda weights: ConstantVelocity(inf))
    save_pictures(tmp_path, {name: world}, {})
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.png"]
