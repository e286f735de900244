"""Assert the figures of the front door: `python .ci/figures.py FRONT_DOOR_JSON EVALUATE_JSON`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ONE_STEP_LIMIT = 0.0003


def main(front_door: str, evaluated: str) -> None:
    """Print what the two files hold and fail where the shipped weights are worse than promised."""
    drawn = json.loads(Path(front_door).read_text())
    print("front door:", json.dumps(drawn))
    assert "rollout_position_error" in {row["name"] for row in drawn}, "the front door showed no learned engine"
    rows = [row for row in json.loads(Path(evaluated).read_text()) if row["name"] == "one_step_mse"]
    ratios = {row.get("model"): row["ratio"] for row in rows if row["against"] == "constant_velocity"}
    best = ratios["best"]
    print(f"one-step error over constant velocity: {best:.3g} of at most {ONE_STEP_LIMIT} (all: {ratios})")
    assert best <= ONE_STEP_LIMIT, ratios


if __name__ == "__main__":
    main(*sys.argv[1:])
