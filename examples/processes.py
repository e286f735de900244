"""Two parts of a network in two processes, joined by a wire that waits, by one that does not, or by torch's pipeline.

python examples/processes.py
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.pipelining import PipelineStage, Schedule1F1B
from torch.nn import functional
from torch.optim import Adam
from tqdm import trange

from learners.decoupled.classify import Batch, Digits, error
from learners.decoupled.counting import CORE, COUNT, ENCODER, Counted, Counting
from learners.decoupled.graphs import CLASSES
from learners.decoupled.losses import CrossEntropy
from learners.decoupled.relations import EFFECTS, OBJECT_MODEL, RELATION_MODEL, Relating
from physim.checks import check_positive
from physim.errors import PhysimError
from physim.graph import LinearSynthesizer, Loss, ModuleGraph
from physim.graph.unlocked import Unlocked
from physim.ranks import Placed, launch
from physim.reports import Row, check_report, report, row
from physim.scripts import run_script
from worlds.nbody import NBody
from worlds.real_data import mnist

LOWER, UPPER = "lower", "upper"
RATE = 1e-4
WARM = 5
"""Updates before the first that is timed."""


RESULTS = Path(__file__).parent / "results" / "processes"
JOINTS = {
    "halves": (("one", 1), ("plain", 1), ("cut", 1), ("pipeline", 4), ("pipeline", 8)),
    "interaction": (("one", 1), ("plain", 1), ("cut", 1)),
    "encoder": (("one", 1), ("plain", 1), ("cut", 1)),
}
"""What is compared of each network: how its parts are joined, and into how many parts a pipeline takes a batch."""


@dataclass(frozen=True)
class Args:
    """Count the updates a second that two parts of a network make on two cores, joined in several ways: two equal
    halves of a classifier, the two models of an interaction network, and an encoder with its recurrent core. Of the
    halves, compare what they have learned of MNIST after as many updates in one process and in two.
    """

    updates: int = 45
    """Updates of which each training of the halves is timed; the others are smaller, and make ten times as many."""
    rounds: int = 3
    """How often every training is timed; medians count."""
    judged: int = 1500
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
    rows = speeds("halves", args.updates, args.rounds)
    rows += [found for name in ("interaction", "encoder") for found in speeds(name, 10 * args.updates, args.rounds)]
    if args.judged:
        rows += errors(args.judged)
    report(rows, args.json)


def speeds(name: str, updates: int, rounds: int) -> list[Row]:
    """A row for each way to join the parts of a network, beside the plain wire: medians over rounds."""
    rates: dict[tuple[str, int], list[float]] = {joint: [] for joint in JOINTS[name]}
    for _ in trange(rounds, desc=f"timing {name}", unit="round", disable=None):
        for (arm, parts), found in rates.items():
            found.append(min(each["rate"] for each in measured(Joint(arm, updates, name, parts))))
    plain = median(rates["plain", 1])
    return [
        row("updates", median(found), "1/s", "plain", plain) | {"network": name, "joint": arm, "parts": parts}
        for (arm, parts), found in rates.items()
    ]


def errors(updates: int) -> list[Row]:
    """The test errors after so many updates, in one process by backpropagation and in two across a cut wire."""
    alone, parted = (measured(Joint(arm, updates, judged=True)) for arm in ("one", "cut"))
    told: Row = {"network": "halves", "joint": "cut", "updates": updates}
    dropped: Row = {"dropped": sum(each["dropped"] for each in parted)}
    return [row("test_error", parted[0]["error"], "share", "one", alone[0]["error"]) | told | dropped]


@dataclass(frozen=True)
class Joint:
    """How two parts of a network are joined: in "one" process; across two by a "plain" or a "cut" wire; or as a
    "pipeline" of so many `parts` of each batch (one forward, one backward).

    `layers` of `width` units make a half, beside those that read images and give classes.
    """

    arm: str
    updates: int
    network: str = "halves"
    parts: int = 1
    layers: int = 8
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
            raise PhysimError(f"{joint.network}, joined as {joint.arm}, ended with {codes}, wanted 0")
        return [json.loads((Path(folder) / str(rank)).read_text()) for rank in range(joint.processes)]


class Block(nn.Module):
    """x + A relu(norm(x)): a code [B, width] keeps what it knows, whatever a young synthesizer says of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, code: Tensor) -> Tensor:
        added: Tensor = self.layers(code)
        return code + added


def blocks(joint: Joint) -> list[nn.Module]:
    """The blocks of a half, and what brings their codes to one size."""
    return [*(Block(joint.width) for _ in range(joint.layers)), nn.LayerNorm(joint.width)]


@dataclass(frozen=True)
class Work:
    """What is trained: a graph, its losses, the process of each of its modules, the batch of each update, the same in
    all processes, and how to judge it.
    """

    net: ModuleGraph
    losses: Sequence[Loss]
    ranks: Mapping[str, int]
    batches: Callable[[int], Batch]
    error: Callable[[ModuleGraph], float]


def halves(joint: Joint) -> Work:
    """Two halves of a classifier."""
    torch.manual_seed(joint.seed)
    net = ModuleGraph()
    image, label = net.input("image"), net.input("label")
    lower = net.add(LOWER, nn.Sequential(nn.Linear(28 * 28, joint.width), *blocks(joint)), image)
    upper = net.add(UPPER, nn.Sequential(*blocks(joint), nn.Linear(joint.width, CLASSES)), lower)
    net.returns(upper)
    if joint.arm == "cut":
        net.cut(lower, into=upper, synthesizer=LinearSynthesizer(joint.width, CLASSES), given=label)
    digits, test = (Digits.of(*mnist(train=train)) for train in (True, False))
    batches = partial(draw, joint, digits)
    return Work(net, [CrossEntropy(upper)], {LOWER: 0, UPPER: 1}, batches, lambda net: error(net, test))


def interaction(joint: Joint) -> Work:
    """The relation model and the object model of an interaction network."""
    relating = Relating(NBody(), joint.updates, "cdni" if joint.arm == "cut" else "backprop", scenes=50, steps=100)
    net = relating.network()
    ranks = {"differences": 0, RELATION_MODEL: 0, EFFECTS: 0, OBJECT_MODEL: 1}
    return Work(net, relating.losses(net), ranks, partial(relating.draw, net), relating.error)


def encoder(joint: Joint) -> Work:
    """An encoder of digits and the LSTM that counts them."""
    counting = Counting("cdni" if joint.arm == "cut" else "backprop")
    net, digits = counting.network(), Digits.of(*mnist(train=True))
    ranks = {ENCODER: 0, CORE: 1, COUNT: 1}
    batches = partial(counting.draw, digits)
    return Work(net, [Counted(net[COUNT])], ranks, batches, lambda net: counting.error(net, digits))


WORKS = {"halves": halves, "interaction": interaction, "encoder": encoder}


def draw(joint: Joint, digits: Digits, version: int) -> Batch:
    """The batch of an update of the halves."""
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
    work, optimiser = WORKS[joint.network](joint), partial(Adam, lr=RATE, fused=True)
    if joint.arm == "one":
        unlocked, versions = Unlocked(work.net, work.losses, optimiser), iter(range(joint.updates))
        rate, dropped = timed(joint.updates, lambda: unlocked.update(*work.batches(next(versions)))), 0
    elif joint.arm == "pipeline":
        rate, dropped = timed(joint.updates, pipelined(joint, work, optimiser)), 0
        dist.destroy_process_group()
    else:
        with Placed(work.net, work.losses, optimiser, work.ranks, work.batches) as placed:
            rate = timed(joint.updates, placed.update)
            placed.finish()
            placed.gather()
            dropped = sum(placed.post.dropped.values())
    return {"rate": rate, "dropped": dropped, "error": work.error(work.net) if joint.judged else None}


def pipelined(joint: Joint, work: Work, optimiser: Any) -> Callable[[], object]:
    """One update after the other of this process's half, in torch's own pipeline."""
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    part = work.net.get_submodule((LOWER, UPPER)[rank])
    stage = PipelineStage(part, rank, 2, torch.device("cpu"))
    schedule = Schedule1F1B(stage, joint.parts, functional.cross_entropy)
    steps, versions = optimiser(part.parameters()), iter(range(joint.updates))

    def update() -> list[Tensor]:
        inputs, targets = work.batches(next(versions))
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
        run_script(main, Args, __doc__)
