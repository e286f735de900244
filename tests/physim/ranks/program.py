"""What each process of the tests runs: python program.py '{"ranks": ..., ...}'."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from physim.errors import PhysimError
from physim.graph import Loss, ModuleGraph, decoupled, imagined
from physim.graph.synthesizers import LinearSynthesizer
from physim.ranks import Placed

CLASSES = 3


class CrossEntropy(Loss):
    def value(self, values: tuple[Tensor, ...], targets: Mapping[str, Tensor]) -> Tensor:
        return functional.cross_entropy(values[0], targets["class"])


def chain(wires: list[str]) -> ModuleGraph:
    """Layers one after the other, joined by a "plain", "cut" or "imagined" wire each."""
    torch.manual_seed(0)
    graph = ModuleGraph()
    image, label = graph.input("image"), graph.input("label")
    value = graph.add("layer_0", nn.Sequential(nn.Linear(4, 6), nn.Tanh()), image)
    for number, wire in enumerate(wires, 1):
        if wire != "plain":
            value = decoupled(value, LinearSynthesizer(6, CLASSES), given=label)
        if wire == "imagined":
            value = imagined(value, nn.Linear(4, 6), image)
        layer = nn.Linear(6, CLASSES) if number == len(wires) else nn.Sequential(nn.Linear(6, 6), nn.Tanh())
        value = graph.add(f"layer_{number}", layer, value)
    return graph.double()


def batch(version: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The batch of a version."""
    random = torch.Generator().manual_seed(version)
    image = torch.randn(32, 4, generator=random, dtype=torch.float64)
    wanted = (image[:, 0] > 0).long() + (image[:, 1] > 0).long()
    return {"image": image, "label": functional.one_hot(wanted, CLASSES).double()}, {"class": wanted}


def optimiser(parameters: Any) -> torch.optim.Optimizer:
    """What every group learns with."""
    return torch.optim.Adam(parameters, 1e-2)


def main(setting: dict[str, Any]) -> None:
    """Train, and tell what came of it in files."""
    torch.set_num_threads(1)
    graph, out, rank = chain(setting["wires"]), Path(setting["out"]), int(os.environ["RANK"])
    made: list[int] = []
    killed, when = setting.get("kill", [-1, 0])
    ranks = {f"layer_{number}": place for number, place in enumerate(setting["ranks"])}

    def batches(version: int) -> Any:
        if rank == killed and version >= when:  # a slow reader may never see the very version
            (out / "killed").write_text(str(time.time()))
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(setting["pause"][rank] if "pause" in setting else 0)
        made.append(version)
        return batch(version)

    losses = [CrossEntropy("class", graph.outputs[0])]
    parts = partial(Placed, graph, losses, optimiser, ranks, batches)
    try:
        with parts(bound=setting.get("bound", 4), survive=setting.get("survive", False)) as placed:
            last = placed.train(setting["updates"], setting.get("folder"), setting.get("every", 5))
            told = {name: float(loss) for name, loss in last.items()}
            told |= {"version": placed.version, "dropped": sum(placed.post.dropped.values()), "updates": len(made)}
            (out / f"rank_{rank}.json").write_text(json.dumps(told))
            if not placed.watch.lost:
                placed.gather()
                torch.save(graph.state_dict(), out / f"rank_{rank}.pt")
    except PhysimError as error:
        (out / f"rank_{rank}.error").write_text(f"{time.time()} {error}")
        sys.exit(3)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
