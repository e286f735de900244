from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from physim.errors import PhysimError
from physim.graph import LSTM, ModuleGraph, build_graph, builder, builders, delayed, load_graph, load_state, save_graph
from physim.interaction import interaction_network, mlp, paper_interaction_network


@builder("tests.small")
def small(features: int, sizes: Sequence[int] = (2,)) -> ModuleGraph:
    net = ModuleGraph()
    port = delayed(net.input("x"), nn.Parameter(torch.randn(features)))
    shared = nn.Linear(features, features)
    inner = ModuleGraph()
    inner.add("shared", shared, inner.input("value"))
    port = net.add("inner", inner, net.add("shared", shared, port))
    for number, size in enumerate(sizes):
        port = net.add(f"core{number}", LSTM(features, size), port)
        features = size
    return net


X = {"x": torch.randn(2, 4, 3)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_save_and_load_are_bit_exact(tmp_path: Path, dtype: torch.dtype) -> None:
    net = small(features=3, sizes=[4, 5]).to(dtype)
    save_graph(tmp_path / "net.safetensors", net, {"dt": 0.1, "columns": ["mass"]})
    other, metadata = load_graph(tmp_path / "net.safetensors")
    assert metadata == {"dt": 0.1, "columns": ["mass"]}
    assert other.recipe == net.recipe
    for key, value in net.state_dict().items():
        assert torch.equal(other.state_dict()[key], value), key
        assert other.state_dict()[key].dtype == dtype
    x = {"x": X["x"].to(dtype)}
    assert torch.equal(other(x), net(x))


def test_loaded_shared_modules_stay_shared(tmp_path: Path) -> None:
    save_graph(tmp_path / "net", small(features=3))
    other, _ = load_graph(tmp_path / "net")
    assert other.shared is other.inner.shared


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path) -> None:
    net = small(features=3)
    for name in ("one", "two"):
        save_graph(tmp_path / name, net, {"b": 1, "a": 2})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_files_hold_no_pickle_and_other_tools_read_them(tmp_path: Path) -> None:
    save_graph(tmp_path / "net", small(features=3))
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads((tmp_path / "net").read_bytes())
    size = int.from_bytes((tmp_path / "net").read_bytes()[:8], "little")
    header = json.loads((tmp_path / "net").read_bytes()[8 : 8 + size])["__metadata__"]
    assert (header["builder"], json.loads(header["arguments"])) == ("tests.small", {"features": 3, "sizes": [2]})
    assert "core0.core.weight_ih_l0" in load_file(tmp_path / "net")


def by_hand() -> ModuleGraph:
    net = ModuleGraph()
    net.add("line", nn.Linear(3, 1), net.input("x"))
    return net


def test_a_graph_without_a_builder_saves_its_state_only(tmp_path: Path) -> None:
    net, other = by_hand(), by_hand()
    save_graph(tmp_path / "net", net, {"seed": 1})
    with pytest.raises(PhysimError, match="holds a state without a builder: build the graph and use load_state"):
        load_graph(tmp_path / "net")
    assert load_state(tmp_path / "net", other) == {"seed": 1}
    assert torch.equal(other.line.weight, net.line.weight)


def test_an_unknown_builder_is_refused_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "_BUILDERS", {**builders._BUILDERS})
    monkeypatch.setattr(by_hand, "__module__", "__main__")  # a script's: the file names no package
    save_graph(tmp_path / "net", builder("elsewhere.network")(by_hand)())
    del builders._BUILDERS["elsewhere.network"]
    with pytest.raises(
        PhysimError, match=r"unknown builder 'elsewhere.network': install the package 'elsewhere'; known"
    ):
        load_graph(tmp_path / "net")
    with pytest.raises(
        PhysimError, match=r"unknown builder 'nothing': install the package that defines it; .*tests.small"
    ):
        build_graph("nothing", {})


def test_arguments_that_no_file_could_tell_are_refused_before_anything_is_built() -> None:
    with pytest.raises(PhysimError, match=r"builder 'tests\.small': sizes is of type list, wanted JSON .*Tensor"):
        small(3, [torch.tensor(2)])
    with pytest.raises(PhysimError, match=r"builder 'tests\.small': features is of type device, wanted JSON"):
        build_graph("tests.small", {"features": torch.device("cpu")})


def test_arguments_that_a_builder_does_not_take_are_named() -> None:
    with pytest.raises(PhysimError, match=r'builder wants the name that files call it by: @builder\("unnamed"\)'):

        @builder  # type: ignore[arg-type]
        def unnamed() -> ModuleGraph:
            return ModuleGraph()

    with pytest.raises(PhysimError, match=r"builder 'tests.small' does not take these arguments: .*'colour'"):
        build_graph("tests.small", {"features": 2, "colour": 1})


def test_files_that_are_cut_off_or_foreign_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net"
    save_graph(path, small(features=3))
    whole = path.read_bytes()
    for content in (whole[:-7], whole[:40], b"", b"not weights at all, but some words"):
        path.write_bytes(content)
        with pytest.raises(PhysimError, match="is not a safetensors file, or it is cut off"):
            load_graph(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(PhysimError, match="is not a physim weights file: its format is None"):
        load_graph(path)
    with pytest.raises(PhysimError, match=r"there is no weights file '.*nowhere'"):
        load_graph(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (nn.Linear(3, 2), r"tensor 'line.bias' is \[1\], the graph wants \[2\]"),
        (nn.Linear(3, 1, bias=False), "has an unknown tensor 'line.bias'"),
        (nn.Bilinear(3, 1, 1), r"tensor 'line.weight' is \[1, 3\], the graph wants \[1, 3, 1\]"),
        (nn.PReLU(), "has an unknown tensor 'line.bias'"),
        (nn.BatchNorm1d(3), "lacks tensor 'line.num_batches_tracked'"),
    ],
)
def test_a_state_that_does_not_fit_is_named(tmp_path: Path, layer: nn.Module, sentence: str) -> None:
    save_graph(tmp_path / "net", by_hand())
    other = ModuleGraph()
    other.add("line", layer, other.input("x"))
    before = {key: value.clone() for key, value in other.state_dict().items()}
    with pytest.raises(PhysimError, match=sentence):
        load_state(tmp_path / "net", other)
    assert all(torch.equal(other.state_dict()[key], value) for key, value in before.items())


def test_a_path_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match="cannot be written"):
        save_graph(tmp_path / "missing" / "net", by_hand())
    (tmp_path / "folder").mkdir()
    with pytest.raises(PhysimError, match="cannot be written"):
        save_graph(tmp_path / "folder", by_hand())
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_missing_package_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    save_graph(tmp_path / "net", small(features=3))
    package = small.__module__.partition(".")[0]
    content = (tmp_path / "net").read_bytes().replace(b'"builder":"tests.small"', b'"builder":"other.small"')
    (tmp_path / "net").write_bytes(content)
    with pytest.raises(PhysimError, match=f"unknown builder 'other.small': install the package '{package}'"):
        load_graph(tmp_path / "net")


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that finds physim installed with the entry points of this pyproject.toml."""
    root = Path(__file__).parents[3]
    entries = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]["physim.builders"]
    folder = tmp_path / "site" / "physim-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: physim\nVersion: 0\n")
    lines = ["[physim.builders]", *(f"{name} = {value}" for name, value in entries.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder.parent), str(root)])}


def test_a_fresh_process_loads_what_our_builders_made(tmp_path: Path, installed: dict[str, str]) -> None:
    nets = [interaction_network(), paper_interaction_network(), mlp(bodies=3)]
    files = [str(tmp_path / f"net{number}") for number in range(len(nets))]
    for file, net in zip(files, nets, strict=True):
        save_graph(file, net)
    code = (
        "import sys; from physim.graph import load_graph as load; print(*(load(f)[0].recipe[0] for f in sys.argv[1:]))"
    )
    command = [sys.executable, "-P", "-c", code, *files]
    run = subprocess.run(command, env=installed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout.split() == [net.recipe[0] for net in nets], run.stderr
