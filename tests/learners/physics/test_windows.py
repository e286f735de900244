from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from learners.physics import windows
from learners.physics.train import train
from learners.physics.windows import GIB, Windows, windows_of
from physim import generate
from physim.errors import PhysimError
from physim.learner import TrainSettings
from physim.scenes.shards import Shard, shards_of
from worlds.nbody import NBody

Settings = Callable[..., TrainSettings]
Tensors = Callable[[Path], dict[str, torch.Tensor]]
WORLD = NBody(bodies=3)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """26 scenes in seven shards, the last with two; windows last for three updates a shard."""
    monkeypatch.setattr(generate, "CHUNK", 4)
    monkeypatch.setattr(windows, "UPDATES", 3)
    monkeypatch.setattr(windows, "PROGRAM", 0.0)
    monkeypatch.setattr(windows, "ROW", 0)
    generate.generate(WORLD, scenes=26, steps=12, seed=0, workers=1, out=tmp_path / "data")
    return tmp_path / "data"


def room_for(shards: list[Shard], count: int) -> float:
    """The limit in GiB within which the held-out shard and `count` others fit."""
    cost = windows.COPIES * shards[0].size + windows.SCENE * shards[0].metadata["scenes"]
    return (count + 1.5) * cost / GIB


def test_shards_that_fit_train_to_the_weights_of_one_file(
    folder: Path, settings: Settings, tensors_of: Tensors, tmp_path: Path
) -> None:
    generate.generate(WORLD, scenes=26, steps=12, seed=0, workers=1, out=tmp_path / "a.h5")
    one = tensors_of(train(WORLD, settings(data=tmp_path / "a.h5", out=tmp_path / "one.safetensors")))
    many = tensors_of(train(WORLD, settings(data=folder, out=tmp_path / "many.safetensors")))
    assert all(torch.equal(one[name], many[name]) for name in one)


def test_every_window_has_its_share_and_the_first_shard_is_in_none(folder: Path) -> None:
    shards = shards_of(folder)
    parts = Windows(WORLD, shards, together=2, seed=5)
    assert [parts.number(update) for update in (0, 5, 6, 11, 12)] == [0, 0, 1, 1, 2]
    starts = [shard.metadata["first"] for shard in shards]
    wanted = {start: WORLD.scene(seed=0, index=start).pos.tolist() for start in starts}
    seen: list[int] = []
    for number in range(6):
        data = parts.read(number)
        first = [data.pos[0, row : row + 3].tolist() for row in data.starts]
        seen += [start for start in starts if wanted[start] in first]
    assert sorted(seen) == sorted(starts[1:] * 2)
    assert seen[:6] == seen[6:]
    assert parts.held.pos[0, :3].tolist() == wanted[0]


def test_the_order_comes_from_the_seed(folder: Path) -> None:
    shards = shards_of(folder)
    orders = [Windows(WORLD, shards, 2, seed).order for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_a_window_of_all_shards_is_never_read_again(folder: Path) -> None:
    assert Windows(WORLD, shards_of(folder), together=9, seed=0).number(10**6) == 0


def test_what_is_held_at_a_time_is_what_the_limit_allows(folder: Path, settings: Settings) -> None:
    shards = shards_of(folder)
    for count in (1, 2, 4):
        made = windows_of(WORLD, shards, settings(memory=room_for(shards, count)))
        assert made is not None
        assert made.together == count
    assert windows_of(WORLD, shards, settings(memory=room_for(shards, 6))) is None
    assert windows_of(WORLD, shards, settings()) is None
    with pytest.raises(PhysimError, match=r"memory: 0\.00 GiB are too few for a training on these shards, wanted 0"):
        windows_of(WORLD, shards, settings(memory=room_for(shards, 0)))


def test_without_a_limit_it_is_half_of_the_machines_memory_for_all_processes_of_it(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = shards_of(folder)
    half = 2 * room_for(shards, 4) * GIB

    class Machine:
        total = 2 * half

    monkeypatch.setattr(psutil, "virtual_memory", Machine)
    assert windows_of(WORLD, shards, settings()) is None
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    made = windows_of(WORLD, shards, settings())
    assert made is not None
    assert made.together == 4


@pytest.mark.parametrize("stopped_at", [4, 6, 7, 20])
def test_after_ctrl_c_windows_go_on_as_if_it_had_never_come(
    stopped_at: int,
    folder: Path,
    settings: Settings,
    tensors_of: Tensors,
    tmp_path: Path,
    stop_after: Callable[[int], None],
) -> None:
    limited = {"data": folder, "memory": room_for(shards_of(folder), 2), "updates": 20}
    whole = tensors_of(train(WORLD, settings(**limited, out=tmp_path / "whole.safetensors")))
    stop_after(stopped_at)
    with pytest.raises(KeyboardInterrupt):
        train(WORLD, settings(**limited))
    resumed = tensors_of(train(WORLD, settings(**limited, resume=True)))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    losses = [tmp_path / f"{name}.losses.csv" for name in ("whole", "a")]
    assert losses[0].read_text() == losses[1].read_text()


def test_a_training_of_other_windows_is_not_gone_on_with(
    folder: Path, settings: Settings, stop_after: Callable[[int], None]
) -> None:
    shards = shards_of(folder)
    stop_after(2)
    with pytest.raises(KeyboardInterrupt):
        train(WORLD, settings(data=folder, memory=room_for(shards, 1)))
    with pytest.raises(PhysimError, match="with scenes 4, not"):
        train(WORLD, settings(data=folder, memory=room_for(shards, 2), resume=True))


def test_weights_say_how_many_scenes_there_were(folder: Path, settings: Settings, tensors_of: Tensors) -> None:
    from physim.engines.learned import LearnedEngine

    path = train(WORLD, settings(data=folder, memory=room_for(shards_of(folder), 2)))
    provenance = LearnedEngine.load(path).terms.provenance
    assert (provenance["scenes"], provenance["steps"], provenance["world"]) == (26, 12, WORLD.metadata)


def test_a_limit_for_what_is_no_folder_is_refused(settings: Settings) -> None:
    with pytest.raises(PhysimError, match="memory: only data in a folder can be kept within a limit, but data is None"):
        train(WORLD, settings(memory=1.0))


def test_shards_of_test_seeds_and_of_other_worlds_are_refused(settings: Settings, tmp_path: Path) -> None:
    for name, seed in (("test", 90_000), ("data", 0)):
        generate.generate(WORLD, scenes=2, steps=2, seed=seed, workers=1, out=tmp_path / name)
    with pytest.raises(PhysimError, match=r"data: .*test was made with seed 90000; from 90000 on they are for tests"):
        train(WORLD, settings(data=tmp_path / "test"))
    with pytest.raises(PhysimError, match=r"comes from a world whose dt is 0.001, wanted 0.002"):
        train(NBody(bodies=3, dt=2e-3), settings(data=tmp_path / "data"))


PEAK = """
import sys
from pathlib import Path

from learners.physics import windows
from learners.physics.train import train
from physim.learner import TrainSettings
from worlds.nbody import NBody

folder, memory, updates = sys.argv[1:]
windows.UPDATES = 4
out = Path(folder).with_suffix(".safetensors")
train(NBody(), TrainSettings(out, Path(folder), float(memory), updates=int(updates), threads=1))
status = Path("/proc/self/status").read_text()  # what getrusage tells begins with what the parent took
print(int(status.partition("VmHWM:")[2].split()[0]) / 2**20)
"""


def peak_of_training(folder: Path, memory: float, updates: int) -> float:
    """What a training in a process of its own takes of memory at most, in GiB."""
    command = [sys.executable, "-c", PEAK, str(folder), str(memory), str(updates)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shards", "memory", "updates"), [pytest.param(7, 0.95, 26, id="small"), pytest.param(32, 1.1, 160, id="large")]
)
def test_a_training_stays_under_its_limit_of_memory(shards: int, memory: float, updates: int, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    generate.generate(NBody(), scenes=generate.CHUNK * shards, steps=1000, seed=0, workers=1, out=folder)
    size = sum(shard.path.stat().st_size for shard in shards_of(folder)) / GIB
    peak = peak_of_training(folder, memory, updates)
    print(f"{size:.2f} GiB of files, limit {memory} GiB, peak {peak:.2f} GiB")
    assert peak < memory
    assert memory < (size if shards > 10 else peak_of_training(folder, 9.0, 1))
