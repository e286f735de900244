"""Training a graph whose modules run in several processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import torch
from torch import Tensor
from torch import distributed as dist
from tqdm import tqdm

from physim.errors import PhysimError
from physim.graph.groups import Group, Interface, Values, groups_of
from physim.graph.losses import Loss
from physim.graph.module_graph import Inputs, ModuleGraph
from physim.graph.nodes import Input
from physim.graph.stepper import Optimisers, Stepper, synthesizers_of
from physim.ranks import checkpoints
from physim.ranks.batches import Batch, Batches
from physim.ranks.channels import Message
from physim.ranks.checks import check_guesses, check_launched, check_paces, check_ranks
from physim.ranks.gradients import Gradients
from physim.ranks.links import Link, links_of
from physim.ranks.post import Post
from physim.ranks.watch import Watch

PATIENCE = timedelta(days=30)
"""How long a process waits for another that lives."""
UNDERWAY = 4
"""Messages of one way that no outbox holds: sent, received, held for the reader, and read."""
PATIENCE_AT_END = 5.0
"""Seconds that it waits for others to end, too, where something failed."""


@final
class Placed:
    """Trains a graph of which every module runs on its rank, one process each: `torchrun --nproc-per-node 2 train.py`.

    Every process builds the same graph and calls this in the same way. `batches(version)` gives the inputs and targets
    of each update, and perhaps the memory that its windows begin with, the same in all processes; values and gradients
    that travel have that version. A plain wire between two ranks waits, both ways; a cut one never makes its source
    wait: a synthetic gradient is there at once, and the true one, when it comes, teaches the synthesizer. What reads an
    imagined value waits for nothing at all. A sender that is `bound` messages ahead drops its oldest (`post.dropped`
    counts them); its reader leaves out their batches, as does one that imagines values and hears that the true ones are
    of later batches.

    With `survive` what still can goes on when a process dies: below a cut, with synthetic gradients, and behind an
    imagined value; else all end, with the name of who died. Values travel through the hosts' memory (gloo).

    Raises: PhysimError where ranks do not fit the graph, or would wait for one another for ever, where several ranks
    imagine one value, and as `groups_of` does.
    """

    def __init__(
        self,
        graph: ModuleGraph,
        losses: Sequence[Loss],
        optimiser: Optimisers,
        ranks: Mapping[str, int],
        batches: Batches,
        bound: int = 4,
        survive: bool = False,
    ) -> None:
        if bound < 1:
            raise PhysimError(f"bound is {bound}, wanted a positive number")
        names = {rank: ", ".join(sorted(name for name in ranks if ranks[name] == rank)) for rank in ranks.values()}
        everywhere = groups_of(graph, losses, ranks)
        links = links_of(everywhere)
        check_guesses(everywhere)
        check_paces(links, names)
        self._opened = not dist.is_initialized()
        if self._opened:
            check_launched(max(names) + 1)
            dist.init_process_group("gloo", timeout=PATIENCE)
        check_ranks(everywhere, dist.get_world_size())
        self.graph, self.batches, self.rank = graph, batches, dist.get_rank()
        self.everywhere, self.groups = everywhere, [group for group in everywhere if group.rank == self.rank]
        self.stepper = Stepper(graph, everywhere, self.groups, optimiser)
        self.device = next((p.device for p in graph.parameters()), None)
        self.version = self._newest = -1
        self.watch = Watch(names)
        self.watch.together(dist.barrier)  # nobody begins, and perhaps dies, before all are heard by all
        self.post = Post(links, self.rank, bound, self.watch, survive)
        self._gradients = {
            one: Gradients(readers, 2 * len(readers) * (bound + UNDERWAY)) for one, readers in self._readers().items()
        }
        self._first = [link for link in self.post.values_in if link.first]
        self._later = [link for link in self.post.values_in if link.waited and not link.first]
        self._due: Counter[Interface] = Counter()
        self._finished = False

    # ---- training

    def train(
        self, updates: int, folder: Path | str | None = None, every: int = 1000, progress: bool = False
    ) -> dict[str, Tensor]:
        """Train until every process is through with `updates` batches; gives this rank's last losses by name.

        With a `folder` that all processes share, what is learned is kept there `every` so many updates, and training
        goes on from what it holds.

        Raises: PhysimError where another process died, unless this one survives it, and after `finish`.
        """
        self._check_open()
        holding = {group.rank for group in self.everywhere}
        kept = None if folder is None else checkpoints.Checkpoints(Path(folder), every, holding, self.watch)
        if kept is not None:
            self.version = kept.resume(self.stepper, self._modules(self.rank), self.version)
        losses: dict[str, Tensor] = {}
        with tqdm(initial=self.version + 1, total=updates, disable=None if progress else True) as bar:
            while self.version + 1 < updates:
                before, found = self.version, self.update()
                if found is None:
                    break
                losses = found
                bar.update(self.version - before)
                if kept is not None:
                    kept.keep(self.stepper, self._modules(self.rank), self.version)
        self.finish()
        return losses

    def update(self) -> dict[str, Tensor] | None:
        """One update of this rank's modules; gives its losses by name, or None where no batch follows.

        Raises: PhysimError where another process died, unless this one survives it, and after `finish`.
        """
        self._check_open()
        self.post.check()
        if not self.groups:
            return None
        values = self._aligned()
        if values is None:
            return None
        inputs, targets, state = Batch(*self.batches(self.version))
        values |= self._entered(inputs)
        found: dict[str, Tensor] = {}
        self._due = Counter(interface for group in self.groups for interface in group.enters)
        for group in self.groups:
            self._enter(group, values)
            values |= self.stepper.forward(group, inputs, values, targets.get("reset"), state)
            self._send(group, values)
            if not group.locked:
                found |= self._back(group, values, targets)
        for group in reversed(self.groups):
            if group.locked:
                found |= self._back(group, values, targets)
        self._teach(self.version)
        return found

    def finish(self) -> None:
        """Say to the others that nothing follows, and take what still comes from them; `train` ends with it."""
        self._finished = True
        self.post.close()
        while self.post.waits():
            self._teach(None)
            self.post.discard()

    def gather(self) -> None:
        """Bring what was learned to all processes, once all have finished.

        Raises: PhysimError where a process died, with its name.
        """
        self.watch.together(self._gather)

    def _gather(self) -> None:
        for rank in range(dist.get_world_size()):
            for module in self._modules(rank):
                for value in module.state_dict().values():
                    there = value.cpu()
                    dist.broadcast(there, rank)
                    value.copy_(there)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.watch.leave(well=error is None)
        self.post.abandon(PATIENCE_AT_END)
        self.watch.join(None if error is None else PATIENCE_AT_END)
        well = error is None and not self.watch.lost  # else gloo may wait for who is gone
        if self._opened and well:  # gloo's own threads must not outlive the interpreter either
            dist.destroy_process_group()

    # ---- an update's parts

    def _aligned(self) -> Values | None:
        """The values that this rank waits for, all of one version, which is the update's; None where none follows."""
        held: dict[Link, Message] = {}
        while len(held) < len(self._first):
            link = next(link for link in self._first if link not in held)
            message = self.post.value(link)
            if message is None:
                return None
            held[link] = message
            newest = max(message.version for message in held.values())
            held = {link: message for link, message in held.items() if message.version == newest}
        self.version = next(iter(held.values())).version if held else max(self.version + 1, self._newest)
        return {link.interface.port: self._begun(message.value) for link, message in held.items()}

    def _enter(self, group: Group, values: Values) -> None:
        """Add the values behind the interfaces that enter a group."""
        for interface in group.enters:
            if interface.port in values and interface.port is not interface.source:
                continue
            if interface.imagined is not None:
                values[interface.port] = self._begun(interface.imagine(values))
            elif interface.source in values and interface.decoupled is not None:
                values[interface.port] = self._begun(values[interface.source])
        for link in self._later:
            if link.interface in group.enters and link.interface.port not in values:
                message = self.post.value(link)
                if message is None or message.version != self.version:
                    raise PhysimError(f"'{link.interface.name}' of batch {self.version} never came")
                values[link.interface.port] = self._begun(message.value)

    def _send(self, group: Group, values: Values) -> None:
        for interface in group.leaves:
            # copies: a value may be a view of what the group learns, whose step comes before it is sent
            left = {port: values[port].detach().clone() for port in (interface.source, *interface.given)}
            self._gradients[interface].keep(self.version, left)
            for dropped in self.post.send(interface, Message(self.version, left[interface.source])):
                self._gradients[interface].forget(dropped)

    def _back(self, group: Group, values: Values, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A group's step, and what it has to say to those below it."""
        gradients = {one: self._true(one) for one in group.leaves if one.decoupled is None}
        losses = self.stepper.backward(group, values, targets, gradients)
        for interface in group.enters:
            self._due[interface] -= 1
            if not self._due[interface]:
                self._tell(interface, values)
        return losses

    def _tell(self, interface: Interface, values: Values) -> None:
        """Hand the gradient of what entered to where it came from, if only to say that nothing here depends on it."""
        value = values[interface.port]
        message = Message(self.version, torch.zeros_like(value) if value.grad is None else value.grad)
        if interface in self._gradients:
            self._gradients[interface].heard(self.rank, message)
            self._teach_value(interface, values)
        self.post.tell(interface, message)

    def _true(self, interface: Interface) -> Tensor:
        """The true gradient of what crosses a plain interface, which is waited for."""
        gradients = self._gradients[interface]
        for reader, message in self.post.gradients(interface):
            gradients.heard(reader, self._here(message))
        for version, _, true in gradients.complete():
            if version == self.version:
                return true
        raise PhysimError(f"the gradient of '{interface.name}' for batch {self.version} never came")

    def _teach(self, newest: int | None) -> None:
        """Let synthesizers learn from what came meanwhile, up to the `newest` version."""
        for link, message in self.post.late_gradients(newest):
            self._gradients[link.interface].heard(link.reader, self._here(message))
        for interface, gradients in self._gradients.items():
            if interface.decoupled is not None:
                for version, values, true in gradients.complete():
                    interface.decoupled.regression.staleness = self.version - version
                    self.stepper.learn(interface.decoupled.synthesizer, partial(interface.misjudged, values, true))
        for link, message in self.post.late_values():
            self._newest = max(self._newest, message.version)
            values = self._entered(self.batches(message.version)[0])
            self._teach_value(link.interface, values | {link.interface.source: self._here(message).value})

    def _teach_value(self, interface: Interface, values: Values) -> None:
        """A step of what imagines a value, if anything does, once the true one is there."""
        if interface.imagined is not None:
            self.stepper.learn(interface.imagined.synthesizer, partial(interface.misimagined, values))

    # ---- small things

    def _check_open(self) -> None:
        if self._finished:
            raise PhysimError("this Placed has finished: make a new one, or train for more updates at once")

    def _entered(self, inputs: Inputs) -> Values:
        """What is given to the graph, by port."""
        entries = ((node.ports[0], inputs.get(node.name)) for node in self.graph.nodes if isinstance(node, Input))
        return {port: value for port, value in entries if isinstance(value, Tensor)}

    def _readers(self) -> dict[Interface, set[int]]:
        """The ranks that read what leaves this one."""
        left = [interface for group in self.groups for interface in group.leaves]
        return {one: {group.rank for group in self.everywhere if one in group.enters} for one in left}

    def _modules(self, rank: int) -> list[Any]:
        """What is learned on a rank, in one order everywhere."""
        groups = [group for group in self.everywhere if group.rank == rank]
        return [*(module for group in groups for module in group.modules), *synthesizers_of(groups)]

    def _here(self, message: Message) -> Message:
        return Message(message.version, message.value.to(self.device))

    def _begun(self, value: Tensor) -> Tensor:
        """A value at which gradients begin."""
        return value.detach().to(self.device).requires_grad_(value.is_floating_point())
