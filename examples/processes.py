"""Two halves of a network in two processes, joined by a wire that waits, by one that does not, or by torch's pipeline.

python examples/processes.py
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
import tyro
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.pipelining import PipelineStage, Schedule1F1B
from torch.nn import functional
from torch.optim import Adam
from tqdm import trange

from learners.decoupled.classify import Batch, Digits, error
from learners.decoupled.graphs import CLASSES
from learners.decoupled.losses import CrossEntropy
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.graph import LinearSynthesizer, ModuleGraph
from physim.graph.unlocked import Unlocked
from physim.ranks import Placed, launch
from physim.reports import Row, check_report, report, row
from worlds.real_data import mnist

LOWER, UPPER = "lower", "upper"
RANKS = {LOWER: 0, UPPER: 1}
RATE = 3e-4
WARM = 5
"""Updates before the first that is timed."""


RESULTS = Path(__file__).parent / "results" / "processes"
JOINTS = (("one", 1), ("plain", 1), ("cut", 1), ("pipeline", 4), ("pipeline", 8))
"""What is compared: how halves are joined, and into how many parts a pipeline takes a batch."""


@dataclass(frozen=True)
class Args:
    """Count the updates a second that two halves of a network make on two cores, joined in several ways, and compare
    what they have learned of MNIST after as many updates in one process and in two.
    """

    updates: int = 45
    """Updates of which each training is timed."""
    rounds: int = 3
    """How often every training is timed; medians count."""
    judged: int = 2000
    """Updates after which test errors are compared; 0: not at all."""
    json: str | None = str(RESULTS / "processes.json")
    """Where the rows are written."""


def main(args: Args) -> None:
    """Time all in turn, round by round, and print the rows."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    check_report(args.json)
    check_positive(rounds=args.rounds)
    if args.updates <= WARM:
        raise PhysimError(f"--updates is {args.updates}, wanted more than the {WARM} before the first that is timed")
    rates: dict[tuple[str, int], list[float]] = {joint: [] for joint in JOINTS}
    for _ in trange(args.rounds, desc="timing", unit="round", disable=None):
        for arm, parts in JOINTS:
            told = measured(Joint(arm, args.updates, parts))
            rates[arm, parts].append(min(each["rate"] for each in told))
    rows = speeds({joint: median(values) for joint, values in rates.items()})
    if args.judged:
        rows += errors(args.judged)
    report(rows, args.json)


def speeds(rates: dict[tuple[str, int], float]) -> list[Row]:
    """A row for each way to join halves, beside the plain wire."""
    plain = rates["plain", 1]
    return [
        row("updates", rate, "1/s", "plain", plain) | {"joint": arm, "parts": parts}
        for (arm, parts), rate in rates.items()
    ]


def errors(updates: int) -> list[Row]:
    """The test errors after so many updates, in one process by backpropagation and in two across a cut wire."""
    alone, parted = (measured(Joint(arm, updates, judged=True)) for arm in ("one", "cut"))
    dropped: Row = {"joint": "cut", "updates": updates, "dropped": sum(each["dropped"] for each in parted)}
    return [row("test_error", parted[0]["error"], "share", "one", alone[0]["error"]) | dropped]


@dataclass(frozen=True)
class Joint:
    """How two halves are joined: in "one" process; across two by a "plain" or a "cut" wire; or as a "pipeline" of so
    many `parts` of each batch (one forward, one backward).

    `layers` of `width` units make a half, ReLU after each; the output is a layer more.
    """

    arm: str
    updates: int
    parts: int = 1
    layers: int = 6
    width: int = 1024
    batch: int = 256
    seed: int = 0
    judged: bool = False
    out: str = ""

    @property
    def processes(self) -> int:
        """How many processes it takes."""
        return 1 if self.arm == "one" else 2


def measured(joint: Joint) -> list[dict[str, Any]]:
    """What each process tells of its training: updates a second, messages dropped and, if `judged`, the test error."""
    with tempfile.TemporaryDirectory() as folder:
        told = json.dumps(asdict(replace(joint, out=folder)))
        codes = launch([__file__, told], joint.processes)
        if any(codes):
            raise PhysimError(f"the {joint.arm} halves ended with {codes}, wanted 0")
        return [json.loads((Path(folder) / str(rank)).read_text()) for rank in range(joint.processes)]


def half(joint: Joint, features: int, outputs: int | None = None) -> nn.Sequential:
    """Layers with ReLU, drawn as He et al. do, and perhaps a linear one after them."""
    layers: list[nn.Module] = []
    for _ in range(joint.layers):
        layer = nn.Linear(features, joint.width)
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
        features = joint.width
    return nn.Sequential(*layers, *([] if outputs is None else [nn.Linear(features, outputs)]))


def halves(joint: Joint) -> ModuleGraph:
    """The graph of both halves."""
    torch.manual_seed(joint.seed)
    net = ModuleGraph()
    image, label = net.input("image"), net.input("label")
    lower = net.add(LOWER, half(joint, 28 * 28), image)
    upper = net.add(UPPER, half(joint, joint.width, CLASSES), lower)
    net.returns(upper)
    if joint.arm == "cut":
        net.cut(lower, into=upper, synthesizer=LinearSynthesizer(joint.width, CLASSES), given=label)
    return net


def draw(joint: Joint, digits: Digits, version: int) -> Batch:
    """The batch of an update, the same in all processes."""
    random = torch.Generator().manual_seed(joint.seed * 1_000_003 + version)
    return digits.batch(torch.randint(len(digits.kind), (joint.batch,), generator=random))


def timed(updates: int, update: Callable[[], object]) -> float:
    """Updates a second, after some that are not counted."""
    done, begun = 0, time.perf_counter()
    while update() is not None:
        done += 1
        if done == WARM:
            begun = time.perf_counter()
        if done == updates:
            break
    return (done - WARM) / (time.perf_counter() - begun)


def train(joint: Joint) -> dict[str, Any]:
    """Train as one of the processes."""
    digits, test = (Digits.of(*mnist(train=train)) for train in (True, False))
    batches, optimiser = partial(draw, joint, digits), partial(Adam, lr=RATE, fused=True)
    net = halves(joint)
    losses = [CrossEntropy(net["upper"])]
    if joint.arm == "one":
        unlocked, versions = Unlocked(net, losses, optimiser), iter(range(joint.updates))
        rate, dropped = timed(joint.updates, lambda: unlocked.update(*batches(next(versions)))), 0
    elif joint.arm == "pipeline":
        rate, dropped = timed(joint.updates, pipelined(joint, net, batches, optimiser)), 0
    else:
        with Placed(net, losses, optimiser, RANKS, batches) as placed:
            rate = timed(joint.updates, placed.update)
            placed.finish()
            placed.gather()
            dropped = sum(placed.post.dropped.values())
    return {"rate": rate, "dropped": dropped, "error": error(net, test) if joint.judged else None}


def pipelined(joint: Joint, net: ModuleGraph, batches: Callable[[int], Batch], optimiser: Any) -> Callable[[], object]:
    """One update after the other of this process's half, in torch's own pipeline."""
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    part = net.get_submodule((LOWER, UPPER)[rank])
    stage = PipelineStage(part, rank, 2, torch.device("cpu"))
    schedule = Schedule1F1B(stage, joint.parts, functional.cross_entropy)
    steps, versions = optimiser(part.parameters()), iter(range(joint.updates))

    def update() -> list[Tensor]:
        inputs, targets = batches(next(versions))
        found: list[Tensor] = []
        steps.zero_grad()
        if rank:
            schedule.step(target=targets["class"], losses=found)
        else:
            schedule.step(inputs["image"])
        steps.step()
        return found

    return update


def serve(told: str) -> None:
    """Be one of the processes."""
    joint = Joint(**json.loads(told))
    torch.set_num_threads(3 - joint.processes)  # one process has both cores
    (Path(joint.out) / os.environ["RANK"]).write_text(json.dumps(train(joint)))


if __name__ == "__main__":
    if "RANK" in os.environ:
        serve(sys.argv[1])
    else:
        try:
            main(tyro.cli(Args, description=__doc__))
        except PhysimError as failure:
            print(f"{Path(__file__).name}: {failure}", file=sys.stderr)
            sys.exit(2)
