from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from physim.errors import PhysimError
from physim.graph import (
    Edges,
    ModuleGraph,
    Port,
    added,
    averaged,
    delayed,
    detached,
    exchanged,
    joined,
    largest,
    pooled,
    receivers,
    scattered,
    senders,
    spread,
    summed,
)

OBJECTS, RELATIONS, SCENES = 6, 9, 3
BATCH = torch.tensor([0, 0, 1, 1, 1, 2])
INDEX = torch.tensor([[0, 1, 2, 3, 4, 2, 3, 0, 0], [1, 0, 3, 2, 3, 4, 4, 1, 1]])
SENDERS, RECEIVERS = INDEX.tolist()
TICKS = torch.tensor([0, 0, 1, 1, 1, 1, 3, 3, 3])


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(len(shape)))


def on(place: str, wire: Callable[..., Port], pairs: bool = False) -> ModuleGraph:
    """A graph of one wire that reads the input 'x' on a place."""
    net = ModuleGraph()
    x, relations = net.input("x"), net.relations("pairs")
    if place == "relations":
        x = added(x, relations.attributes)
    elif place == "objects":
        pooled(x)
    else:
        spread(x)
    net.returns(wire(x, relations) if pairs else wire(x))
    return net


def run(net: ModuleGraph, x: Tensor, ticks: Tensor | None = None) -> Tensor:
    attributes = torch.zeros(RELATIONS, x.shape[-1], dtype=x.dtype)
    result: Tensor = net({"x": x, "pairs": Edges(INDEX, attributes, ticks), "batch": BATCH})
    return result


def incoming(x: Tensor, receiver: int) -> list[Tensor]:
    return [x[relation] for relation in range(RELATIONS) if RECEIVERS[relation] == receiver]


def sum_of(rows: list[Tensor]) -> Tensor:
    return torch.stack([torch.zeros(2, dtype=torch.float64), *rows]).sum(0)


def outgoing(x: Tensor, sender: int) -> list[Tensor]:
    return [x[relation] for relation in range(RELATIONS) if SENDERS[relation] == sender]


def largest_of(rows: list[Tensor]) -> Tensor:
    return torch.stack(rows).amax(0) if rows else torch.zeros(2, dtype=torch.float64)


class Flipped(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flip(-1)


def at_both_ends(x: Port) -> Port:
    """As it is at the sender, turned round at the receiver."""
    return scattered(x, x.graph.add("flipped", Flipped(), x))


WIRES: dict[str, tuple[ModuleGraph, int, Callable[[Tensor], list[Tensor]]]] = {
    "senders": (on("objects", senders, True), OBJECTS, lambda x: [x[sender] for sender in SENDERS]),
    "receivers": (on("objects", receivers, True), OBJECTS, lambda x: [x[receiver] for receiver in RECEIVERS]),
    "summed": (on("relations", summed), RELATIONS, lambda x: [sum_of(incoming(x, o)) for o in range(OBJECTS)]),
    "averaged": (
        on("relations", averaged),
        RELATIONS,
        lambda x: [sum_of(incoming(x, o)) / max(1, len(incoming(x, o))) for o in range(OBJECTS)],
    ),
    "largest": (on("relations", largest), RELATIONS, lambda x: [largest_of(incoming(x, o)) for o in range(OBJECTS)]),
    "exchanged": (
        on("relations", exchanged),
        RELATIONS,
        lambda x: [sum_of(incoming(x, o)) - sum_of(outgoing(x, o)) for o in range(OBJECTS)],
    ),
    "scattered": (
        on("relations", at_both_ends),
        RELATIONS,
        lambda x: [sum_of(outgoing(x, o)) + sum_of([row.flip(0) for row in incoming(x, o)]) for o in range(OBJECTS)],
    ),
    "pooled": (on("objects", pooled), OBJECTS, lambda x: [x[scene == BATCH].sum(0) for scene in range(SCENES)]),
    "spread": (on("scene", spread), SCENES, lambda x: [x[scene] for scene in BATCH]),
    "joined": (on("objects", lambda x: joined(x, x)), OBJECTS, lambda x: [torch.cat([row, row]) for row in x]),
    "added": (on("objects", lambda x: added(x, x, x)), OBJECTS, lambda x: [row + row + row for row in x]),
}


@pytest.mark.parametrize("wire", WIRES)
def test_a_wire_is_its_definition(wire: str) -> None:
    net, items, definition = WIRES[wire]
    x = normal(items, 2)
    torch.testing.assert_close(run(net, x), torch.stack(definition(x)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("wire", WIRES)
def test_a_wire_carries_gradients_as_finite_differences_say(wire: str) -> None:
    net, items, _ = WIRES[wire]
    assert torch.autograd.gradcheck(lambda x: run(net, x), normal(items, 2).requires_grad_())


@pytest.mark.parametrize("wire", WIRES)
def test_a_wire_keeps_the_ticks_of_a_sequence_apart(wire: str) -> None:
    net, items, definition = WIRES[wire]
    x = normal(items, 4, 2)
    sequence = net.run({"x": x, "pairs": edges_of(None), "batch": BATCH}, None, None, 4)[0]
    for tick in range(4):
        torch.testing.assert_close(sequence[:, tick], torch.stack(definition(x[:, tick])), rtol=0, atol=1e-12)


def edges_of(ticks: Tensor | None) -> Edges:
    return Edges(INDEX, torch.zeros(RELATIONS, 2, dtype=torch.float64), ticks)


@pytest.mark.parametrize("wire", WIRES)
def test_a_wire_follows_relations_that_change_each_tick(wire: str) -> None:
    net, items, _ = WIRES[wire]
    x = normal(items, 2) if items == RELATIONS else normal(items, 4, 2)
    sequence = net.run({"x": x, "pairs": edges_of(TICKS), "batch": BATCH}, None, None, 4)[0]
    for tick in range(4):
        now = x[tick == TICKS] if items == RELATIONS else x[:, tick]
        expected = net({"x": now, "pairs": edges_of(TICKS).at(tick), "batch": BATCH})
        got = sequence[tick == TICKS] if wire in ("senders", "receivers") else sequence[:, tick]
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


def test_exchanged_messages_sum_to_zero() -> None:
    assert run(WIRES["exchanged"][0], normal(RELATIONS, 2)).sum(0).abs().max() < 1e-12


def test_one_scene_needs_no_batch() -> None:
    net = on("objects", lambda x: spread(pooled(x)))
    x = normal(4, 2)
    result = net({"x": x, "pairs": Edges(INDEX)})
    torch.testing.assert_close(result, x.sum(0).expand(4, 2))


@pytest.mark.parametrize("wire", [summed, averaged, largest, exchanged])
def test_no_relations_send_nothing(wire: Callable[[Port], Port]) -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    net.returns(wire(senders(x, pairs)))
    nothing = Edges(torch.zeros(2, 0, dtype=torch.int64))
    assert net({"x": normal(3, 2), "pairs": nothing}).tolist() == [[0, 0]] * 3


def test_detached_carries_the_value_without_its_gradient() -> None:
    net = on("objects", lambda x: added(x, detached(x)))
    x = normal(OBJECTS, 2).requires_grad_()
    result = run(net, x)
    result.sum().backward()
    assert torch.equal(result, 2 * x)
    assert torch.equal(x.grad, torch.ones_like(x))


def test_permuting_objects_permutes_results() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    effects = net.add("relation_model", nn.Linear(4, 3), joined(senders(x, pairs), receivers(x, pairs)))
    total = net.add("abstraction_model", nn.Linear(2, 2), pooled(x))
    net.returns(joined(x, summed(effects), averaged(effects), largest(effects), exchanged(effects), spread(total)))
    net.double()
    x, order = normal(OBJECTS, 2), torch.tensor([3, 5, 0, 2, 4, 1])
    straight = net({"x": x, "pairs": Edges(INDEX), "batch": BATCH})
    permuted = net({"x": x[order], "pairs": Edges(order.argsort()[INDEX]), "batch": BATCH[order]})
    torch.testing.assert_close(permuted, straight[order], rtol=0, atol=1e-12)


def test_only_the_scene_that_starts_anew_forgets() -> None:
    net = on("objects", lambda x: delayed(x, -1.0))
    reset = torch.tensor([[False, False], [False, True], [False, False]])
    result = net({"x": torch.ones(OBJECTS, 2, 1), "pairs": Edges(INDEX), "batch": BATCH}, None, reset)
    assert result[:, 1, 0].tolist() == [1, 1, -1, -1, -1, 1]


def test_relations_start_anew_with_their_receivers_scene() -> None:
    net = on("relations", lambda x: delayed(x, -1.0))
    reset = torch.tensor([[False, False], [False, True], [False, False]])
    given = {"x": torch.ones(RELATIONS, 2, 1), "pairs": Edges(INDEX, torch.zeros(RELATIONS, 1)), "batch": BATCH}
    expected = [-1 if BATCH[receiver] == 1 else 1 for receiver in RECEIVERS]
    assert net(given, None, reset)[:, 1, 0].tolist() == expected


def test_nothing_on_changing_relations_can_be_delayed() -> None:
    net = on("relations", delayed)
    with pytest.raises(PhysimError, match="relations 'pairs' change from tick to tick, so nothing can be delayed"):
        net.run({"x": normal(RELATIONS, 2), "pairs": edges_of(TICKS)}, None, None, 4)


@pytest.mark.parametrize("wire", [summed, averaged, largest, exchanged])
def test_aggregation_wants_a_port_on_relations(wire: Callable[[Port], Port]) -> None:
    net = ModuleGraph()
    x = net.input("x")
    pooled(x)
    with pytest.raises(PhysimError, match=r"wants a port on relations, but 'x' lives on the objects"):
        wire(x)


@pytest.mark.parametrize("wire", [senders, receivers])
def test_gathering_wants_objects_and_relations(wire: Callable[..., Port]) -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    spread(x)
    with pytest.raises(PhysimError, match=r"\('x'\) wants a port on the objects, but 'x' lives on the scene"):
        wire(x, pairs)
    with pytest.raises(PhysimError, match=r"follows relations, got Port <port 'x' on the scene>"):
        wire(x, x)


def test_pooled_and_spread_go_between_objects_and_scene() -> None:
    net = ModuleGraph()
    x, pairs = net.input("x"), net.relations("pairs")
    with pytest.raises(
        PhysimError, match=r"pooled\('pairs'\) wants a port on the objects, but 'pairs' lives on the rel"
    ):
        pooled(pairs.attributes)
    with pytest.raises(PhysimError, match=r"spread\('x'\) wants a port on the scene, but 'x' lives on the objects"):
        pooled(x), spread(x)


@pytest.mark.parametrize(("shape", "wanted"), [((3,), r"\[items, features\]"), ((3, 4), r"\[items, ticks, features\]")])
def test_joined_wants_a_feature_axis(shape: tuple[int, ...], wanted: str) -> None:
    net = ModuleGraph()
    x, y = net.input("x"), net.input("y")
    both = joined(x, y)
    net.returns(delayed(both) if len(shape) == 2 else both)
    with pytest.raises(PhysimError, match=rf"joined\(x, y\) wants {wanted}, but 'y' has the shape \[3"):
        net({"x": torch.zeros(*shape, 1), "y": torch.zeros(shape)})
