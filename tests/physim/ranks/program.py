"""What each process of the tests runs: python program.py '{"ranks": ..., ...}'."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import LSTM, Loss, ModuleGraph, Port, State, decoupled, imagined
from physim.graph.nodes import ModuleNode
from physim.graph.synthesizers import LinearSynthesizer
from physim.ranks import Batch, Placed

CLASSES = 3


class CrossEntropy(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0].flatten(0, -2), targets["class"].flatten())


class Kinds(nn.Module):
    """The number of an item's largest feature."""

    def forward(self, value: Tensor) -> Tensor:
        return value.argmax(1)


class Deaf(nn.Module):
    """Reads a value, and ignores it."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(4, CLASSES)

    def forward(self, value: Tensor, image: Tensor) -> Tensor:
        return self.line(image)


def crossed(graph: ModuleGraph, value: Port, wire: str) -> Port:
    """A port, behind a "plain", "cut" or "imagined" wire."""
    if wire != "plain":
        value = decoupled(value, LinearSynthesizer(6, CLASSES), given=graph["label"])
    return imagined(value, nn.Linear(4, 6), graph["image"]) if wire == "imagined" else value


def chain(wires: Sequence[str], heads: int = 1) -> ModuleGraph:
    """Layers one after the other, joined by a "plain", "cut" or "imagined" wire each; several heads read the last."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    image, _ = graph.input("image"), graph.input("label")
    value = graph.add("layer_0", nn.Sequential(nn.Linear(4, 6), nn.Tanh()), image)
    for number, wire in enumerate(wires, 1):
        value = crossed(graph, value, wire)
        if number < len(wires):
            value = graph.add(f"layer_{number}", nn.Sequential(nn.Linear(6, 6), nn.Tanh()), value)
    for head in range(heads):
        graph.add(f"layer_{len(wires) + head}", nn.Linear(6, CLASSES), value)
    return graph.double()


def kinds() -> ModuleGraph:
    """Whole numbers between a layer that learns by a head beside them and one that reads them."""
    graph = chain(["plain"])
    graph.add("layer_3", nn.Embedding(6, CLASSES), graph.add("layer_2", Kinds(), graph["layer_0"]))
    return graph.double()


def deaf() -> ModuleGraph:
    """A layer whose reader ignores it."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    image, _ = graph.input("image"), graph.input("label")
    graph.add("layer_1", Deaf(), graph.add("layer_0", nn.Linear(4, 6), image), image)
    return graph.double()


def remembering() -> ModuleGraph:
    """A layer below an LSTM."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    image, _ = graph.input("image"), graph.input("label")
    below = graph.add("layer_0", nn.Sequential(nn.Linear(4, 6), nn.Tanh()), image)
    graph.add("layer_2", nn.Linear(5, CLASSES), graph.add("layer_1", LSTM(6, 5), below))
    return graph.double()


def network(setting: Mapping[str, Any]) -> ModuleGraph:
    """The graph that a setting tells of."""
    built: dict[str, Callable[[], ModuleGraph]] = {"kinds": kinds, "deaf": deaf, "remembering": remembering}
    return built[setting["net"]]() if "net" in setting else chain(setting["wires"], setting.get("heads", 1))


def losses_of(graph: ModuleGraph) -> list[Loss]:
    """A loss for each head."""
    return [CrossEntropy(f"class_{number}", port) for number, port in enumerate(graph.outputs)]


def ranks_of(graph: ModuleGraph, ranks: Sequence[int]) -> dict[str, int]:
    """The rank of each layer, in the order in which they were added."""
    return dict(zip((node.name for node in graph.nodes if isinstance(node, ModuleNode)), ranks, strict=True))


def batch(version: int, ticks: int = 0) -> Batch:
    """The batch of a version; windows of so many ticks begin with some memory."""
    random = torch.Generator().manual_seed(version)
    shape = (32, ticks) if ticks else (32,)
    image = torch.randn(*shape, 4, generator=random, dtype=torch.float64)
    wanted = (image[..., 0] > 0).long() + (image[..., 1] > 0).long()
    hidden, cell = torch.randn(2, 32, 5, generator=random, dtype=torch.float64)
    state: State | None = {"layer_1": (hidden, cell)} if ticks else None
    return Batch({"image": image, "label": functional.one_hot(wanted, CLASSES).double()}, {"class": wanted}, state)


def optimiser(parameters: Any) -> torch.optim.Optimizer:
    """What every group learns with."""
    return torch.optim.Adam(parameters, 1e-2)


def main(setting: dict[str, Any]) -> None:
    """Train, and tell what came of it in files."""
    torch.set_num_threads(1)
    graph, out, rank = network(setting), Path(setting["out"]), int(os.environ["RANK"])
    made: list[int] = []
    taught: list[nn.Module] = []
    killed, when = setting.get("kill", [-1, 0])

    def batches(version: int) -> Any:
        if rank == killed and version >= when:  # a slow reader may never see the very version
            (out / "killed").write_text(str(time.time()))
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(setting["pause"][rank] if "pause" in setting else 0)
        made.append(version)
        return batch(version, setting.get("ticks", 0))

    parts = partial(Placed, graph, losses_of(graph), optimiser, ranks_of(graph, setting["ranks"]), batches)
    try:
        with parts(bound=setting.get("bound", 4), survive=setting.get("survive", False)) as placed:
            learn = placed.stepper.learn
            placed.stepper.learn = lambda synthesizer, loss: (taught.append(synthesizer), learn(synthesizer, loss))
            last = placed.train(setting["updates"], setting.get("folder"), setting.get("every", 5))
            told = {name: float(loss) for name, loss in last.items()}
            told |= {"version": placed.version, "dropped": sum(placed.post.dropped.values()), "updates": len(made)}
            told |= {"first": made[0] if made else None, "taught": len(taught)}
            (out / f"rank_{rank}.json").write_text(json.dumps(told))
            if not placed.watch.lost or setting.get("gather"):
                placed.gather()
                torch.save(graph.state_dict(), out / f"rank_{rank}.pt")
    except PhysimError as error:
        (out / f"rank_{rank}.error").write_text(f"{time.time()} {error}")
        sys.exit(3)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
