from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import torch

from physim.errors import PhysimError
from worlds.real_data.catalogue import MNIST

ITEMS = 64


@pytest.fixture
def _digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few images of noise where digits are looked for."""
    monkeypatch.setenv("PHYSIM_DATA", str(tmp_path / "data"))
    MNIST._folder.mkdir(parents=True)
    images = torch.randint(256, (ITEMS * 784,), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for part in ("train", "t10k"):
        head = bytes((0, 0, 8, 3, 0, 0, 0, ITEMS, 0, 0, 0, 28, 0, 0, 0, 28))
        (MNIST._folder / f"{part}-images-idx3-ubyte").write_bytes(head + bytes(images.tolist()))
        labels = bytes(number % 10 for number in range(ITEMS))
        (MNIST._folder / f"{part}-labels-idx1-ubyte").write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, ITEMS)) + labels)


@pytest.fixture
def script(
    example: Callable[[str], ModuleType],
    forked: Callable[[Sequence[str], int], list[int]],
    monkeypatch: pytest.MonkeyPatch,
    _digits: None,
) -> ModuleType:
    """The example with tiny networks."""
    module = example("processes")
    monkeypatch.setattr(module, "launch", forked)
    monkeypatch.setattr(module, "Joint", partial(module.Joint, layers=1, width=8, batch=16))
    monkeypatch.setitem(module.JOINTS, "halves", (("one", 1), ("plain", 1), ("cut", 1), ("pipeline", 2)))
    return module


def test_every_way_to_join_two_halves_has_its_row(script: ModuleType) -> None:
    rows = script.speeds("halves", updates=20, rounds=1)
    assert [(row["joint"], row["parts"]) for row in rows] == [("one", 1), ("plain", 1), ("cut", 1), ("pipeline", 2)]
    assert all(row["value"] > 0 for row in rows if row["joint"] != "cut")  # a slow reader may miss all that is timed


def test_halves_on_both_sides_of_a_plain_wire_learn_what_one_process_does(script: ModuleType) -> None:
    [alone], parted = (script.measured(script.Joint(arm, 30, judged=True)) for arm in ("one", "plain"))
    assert [each["error"] for each in parted] == [alone["error"]] * 2


def test_what_a_cut_makes_of_the_error_is_told_beside_one_process(script: ModuleType) -> None:
    [row] = script.errors(updates=7)
    assert 0 <= row["value"] <= 1
    assert 0 <= row["against_value"] <= 1


@pytest.mark.parametrize("network", ["interaction", "encoder"])
def test_the_other_networks_train_across_a_cut(script: ModuleType, network: str) -> None:
    source, _ = script.measured(script.Joint("cut", 7, network))
    assert source["rate"] > 0


def test_too_few_updates_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="--updates is 5, wanted more than the 5"):
        script.main(script.Args(updates=5, json=str(tmp_path / "rows.json")))
