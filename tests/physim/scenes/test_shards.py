from __future__ import annotations

from pathlib import Path

import pytest

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.scenes.files import pack
from physim.scenes.scene import Scene
from physim.scenes.shards import is_folder, missing, shards_of, write_shard
from worlds.nbody import NBody

MADE_OF = {"name": "nbody", "seed": 3, "columns": ("mass",)}
RANGES = [range(4), range(4, 8), range(8, 10)]


def write(folder: Path, numbers: range, **changes: object) -> None:
    world = NBody(bodies=2)
    scenes = Scene.batch_of(world.scenes(3, len(numbers), numbers.start))
    write_shard(folder, MADE_OF | changes, 4, numbers, pack(rollout(world.engine(), scenes, 5)))


def test_a_folder_is_one_that_exists_or_a_new_name_without_a_suffix(tmp_path: Path) -> None:
    (tmp_path / "old.v2").mkdir()
    (tmp_path / "plain").touch()
    wanted = {"new": True, "old.v2": True, "plain": False, "new.h5": False}
    assert {name: is_folder(tmp_path / name) for name in wanted} == wanted


def test_what_is_missing_is_what_was_not_written(tmp_path: Path) -> None:
    assert missing(tmp_path, MADE_OF, RANGES) == RANGES
    for number in (1, 2):
        write(tmp_path, RANGES[number])
    (tmp_path / ".draft").touch()
    assert missing(tmp_path, MADE_OF, RANGES) == RANGES[:1]
    write(tmp_path, RANGES[0])
    assert missing(tmp_path, MADE_OF, RANGES) == []


def test_shards_come_in_the_order_of_their_numbers_with_their_size(tmp_path: Path) -> None:
    for numbers in reversed(RANGES):
        write(tmp_path, numbers)
    shards = shards_of(tmp_path)
    assert [shard.path.name for shard in shards] == ["0000.h5", "0001.h5", "0002.h5"]
    assert [(shard.metadata["first"], shard.metadata["scenes"]) for shard in shards] == [(0, 4), (4, 4), (8, 2)]
    states = 6 * 8 * (2 + 2 + 1 + 1) * 8  # instants, objects, values, bytes
    assert states < shards[0].size < 2 * states
    assert shards[2].size == pytest.approx(shards[0].size / 2, rel=0.05)


def test_folders_that_are_no_whole_data_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="there are no shards in"):
        shards_of(tmp_path)
    write(tmp_path, RANGES[0])
    write(tmp_path, RANGES[2])
    with pytest.raises(PhysimError, match=r"there is no trajectory file .*0001\.h5"):
        shards_of(tmp_path)
    write(tmp_path, RANGES[1], seed=4)
    with pytest.raises(PhysimError, match=r"0001\.h5 was made with seed 4, wanted 3"):
        shards_of(tmp_path)
    (tmp_path / "0001.h5").write_bytes((tmp_path / "0000.h5").read_bytes()[:-3000])
    with pytest.raises(PhysimError, match=r"0001\.h5 is no whole HDF5 file"):
        shards_of(tmp_path)
