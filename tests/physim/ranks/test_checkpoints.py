from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed as dist
from torch import nn

from physim.errors import PhysimError
from physim.ranks.checkpoints import Checkpoints


class Alone:
    """The watch of a rank whose fellows are files."""

    def __init__(self, rank: int, *lost: int) -> None:
        self.rank, self.lost = rank, lost

    def together(self, operation: Any) -> None:
        operation()


class Steps:
    """What optimisers remember."""

    held = 0

    def state_dict(self) -> list[Any]:
        return [{"held": self.held}]

    def load_state_dict(self, states: list[Any]) -> None:
        self.held = states[0]["held"]


@pytest.fixture(autouse=True)
def group() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def kept(folder: Path, rank: int, every: int = 5, ranks: set[int] | None = None, *lost: int) -> Checkpoints:
    watch: Any = Alone(rank, *lost)
    return Checkpoints(folder, every, ranks or {0, 1}, watch)


def run(one: Checkpoints, versions: range) -> None:
    steps: Any = Steps()
    for version in versions:
        steps.held = version
        one.keep(steps, [], version)


def resumed(one: Checkpoints) -> tuple[int, int]:
    """The version to go on from, and that of what the optimisers remember."""
    steps: Any = Steps()
    return one.resume(steps, [], -1), steps.held


def numbers(folder: Path, rank: int) -> list[int]:
    return sorted(int(path.name.split(".")[0]) for path in folder.glob(f"*.rank{rank}.pt"))


def test_training_goes_on_from_what_all_ranks_have(tmp_path: Path) -> None:
    assert resumed(kept(tmp_path, 0)) == (-1, 0)
    run(kept(tmp_path, 0), range(17))
    run(kept(tmp_path, 1), range(12))
    assert resumed(kept(tmp_path, 0)) == (9, 9)


def test_only_what_a_later_checkpoint_replaces_goes(tmp_path: Path) -> None:
    ahead, behind = kept(tmp_path, 0), kept(tmp_path, 1)
    run(ahead, range(40))
    assert numbers(tmp_path, 0) == [*range(5, 41, 5)]
    run(behind, range(22))
    run(ahead, range(40, 45))
    assert numbers(tmp_path, 0) == [20, 25, 30, 35, 40, 45]
    assert resumed(kept(tmp_path, 1)) == (19, 19)


def test_a_survivor_keeps_the_last_checkpoint_and_its_newest_file(tmp_path: Path) -> None:
    run(kept(tmp_path, 1), range(12))
    survivor = kept(tmp_path, 0)
    run(survivor, range(17))
    survivor.watch.lost = (1,)  # type: ignore[misc]
    run(survivor, range(17, 100))
    assert numbers(tmp_path, 0) == [10, 100]
    assert resumed(kept(tmp_path, 0)) == (9, 9)
    assert numbers(tmp_path, 0) == [10]  # the other files belong to a training that nobody goes on with


def test_ranks_that_hold_nothing_are_not_waited_for(tmp_path: Path) -> None:
    ranks = {0, 2}
    for rank in ranks:
        run(kept(tmp_path, rank, ranks=ranks), range(12))
    assert resumed(kept(tmp_path, 2, ranks=ranks)) == (9, 9)
    assert resumed(kept(tmp_path, 1, ranks=ranks)) == (-1, 0)


def test_training_that_goes_on_may_keep_at_other_times(tmp_path: Path) -> None:
    run(kept(tmp_path, 0, every=10, ranks={0}), range(105))
    later = kept(tmp_path, 0, every=40, ranks={0})
    assert resumed(later) == (99, 99)
    run(later, range(100, 170))
    assert numbers(tmp_path, 0) == [160]


def test_weights_come_back(tmp_path: Path) -> None:
    steps: Any = Steps()
    before, after = nn.Linear(2, 2), nn.Linear(2, 2)
    kept(tmp_path, 0, ranks={0}).keep(steps, [before], 4)
    assert kept(tmp_path, 0, ranks={0}).resume(steps, [after], -1) == 4
    assert torch.equal(before.weight, after.weight)


def test_every_no_update_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="every is 0"):
        kept(tmp_path, 0, every=0)


def test_a_folder_of_another_network_is_named(tmp_path: Path) -> None:
    steps: Any = Steps()
    kept(tmp_path, 0, 5, {0}).keep(steps, [nn.Linear(2, 2)], 4)
    for others in ([nn.Linear(3, 2)], [nn.Linear(2, 2), nn.Linear(2, 2)]):
        with pytest.raises(PhysimError, match=r"5\.rank0\.pt is of another network"):
            kept(tmp_path, 0, 5, {0}).resume(steps, others, -1)
