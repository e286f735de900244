from __future__ import annotations

import pytest
import torch

from learners.physics.acting import Acting
from physim.worlds import World
from worlds import Balls, Charges, NBody, Strings


@pytest.mark.parametrize(
    ("world", "relations", "energetic"),
    [
        (NBody(), ("pairs",), ("pairs",)),
        (Balls(), ("contacts",), ("pairs",)),
        (Strings(), ("springs", "contacts"), ("springs",)),
    ],
    ids=lambda value: value.name if isinstance(value, World) else "",
)
def test_relations_are_those_that_act(world: World, relations: tuple[str, ...], energetic: tuple[str, ...]) -> None:
    acting = Acting.of(world, world.scene(0))
    assert (acting.relations, acting.energy_relations) == (relations, energetic)


def test_messages_between_shapes_depend_on_what_contacts_do() -> None:
    assert Acting.of(Balls(), Balls().scene(0)).message_columns == ("mass", "elasticity", "friction")
    assert Acting.of(Charges(), Charges().scene(0)).message_columns == ("mass", "charge")


def test_gravity_and_damping_act_from_outside() -> None:
    assert Acting.of(Strings(), Strings().scene(0)).external
    still = NBody().scene(0)
    assert not Acting.of(NBody(), still).external
    damped = Acting.of(NBody(), still.moved(damping=torch.tensor([0.9], dtype=torch.float64)))
    assert (damped.external, damped.damping, damped.gravity) == (True, True, False)
