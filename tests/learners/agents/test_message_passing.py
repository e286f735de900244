from __future__ import annotations

import pytest
import torch

from learners.agents.graphs import agent
from learners.agents.message_passing import KINDS, Messages
from physim.errors import PhysimError
from physim.graph import check_steps


def around(count: int = 5, there: int = 3) -> torch.Tensor:
    """What is around two walkers [2, count, 7]: so many objects."""
    random = torch.Generator().manual_seed(0)
    objects = torch.randn(2, count, 7, generator=random, dtype=torch.float64)
    objects[..., 0] = 1
    objects[..., -1] = torch.randint(KINDS, (2, count), generator=random)
    objects[:, there:] = 0
    return objects


def slowly(net: Messages, objects: torch.Tensor) -> torch.Tensor:
    """The equations, object by object, with the whole first layer of f_R for each pair."""
    present = [row for row in objects if row[0] == 1]
    first = torch.cat([net.receiver.weight, net.sender.weight], dim=1)
    own = []
    for row in present:
        kind = torch.zeros(KINDS, dtype=row.dtype)
        kind[int(row[-1])] = 1
        own.append(net.object(torch.cat([row[1:-1], kind])).relu())
    told = torch.zeros_like(own[0])
    for o_i in own:
        effects = [net.effect((first @ torch.cat([o_i, o_j]) + net.sender.bias).relu()) for o_j in own]
        told += net.update(torch.cat([o_i, sum(effects) / len(own)])).relu() / len(own)  # type: ignore[list-item]
    return told


def test_what_is_told_is_the_equations() -> None:
    net = Messages((5, 7)).double()
    objects = around()
    wanted = torch.stack([slowly(net, each) for each in objects])
    assert torch.allclose(net(objects), wanted, rtol=0, atol=1e-12)


def test_neither_order_nor_what_is_not_there_matters() -> None:
    net = Messages((5, 7)).double()
    objects = around()
    assert torch.allclose(net(objects), net(objects[:, [4, 2, 0, 3, 1]]), rtol=0, atol=1e-12)
    assert torch.allclose(net(objects), net(objects[:, :3]), rtol=0, atol=1e-12)
    assert not torch.allclose(net(objects), net(objects[:, :2]))
    assert torch.isfinite(net(around(there=0))).all()


def test_an_agent_of_objects_acts_tick_by_tick_as_over_unrolls() -> None:
    net = agent(sees={"objects": (5, 7), "velocity": (3,)}, actions=4, cores=(6,), features=6).double()
    random = torch.Generator().manual_seed(1)
    ticks = {
        "objects": torch.stack([around()] * 6, dim=1),
        "velocity": torch.randn(2, 6, 3, generator=random, dtype=torch.float64),
        "reward": torch.randn(2, 6, 1, generator=random, dtype=torch.float64),
        "chance": torch.rand(2, 6, 4, generator=random, dtype=torch.float64),
    }
    net.returns(net["policy"], net["value"], net["choice"])
    check_steps(net, ticks, torch.zeros(2, 6, dtype=torch.bool), split=3)


def test_what_is_no_list_of_objects_is_refused() -> None:
    with pytest.raises(PhysimError, match=r"objects have the shape \[7\], wanted"):
        Messages((7,))
    for kind in (-1, 10):
        objects = around()
        objects[..., -1] = kind
        with pytest.raises(PhysimError, match=f"objects are of the kinds {kind} to {kind}, wanted 0 to 9"):
            Messages((5, 7)).double()(objects)
