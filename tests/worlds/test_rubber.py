from __future__ import annotations

import pytest
import torch

from physim.engines.rollout import rollout
from physim.errors import PhysimError
from physim.measures import energies
from physim.worlds.contract import check_world
from worlds.chains import REST_LENGTH
from worlds.rubber import Rubber
from worlds.strings import Strings


def test_the_contract_holds() -> None:
    check_world(Rubber())


@pytest.mark.parametrize("stretch", [-0.01, 0.02, 0.05])
def test_springs_pull_harder_than_hookes_as_they_stretch(stretch: float) -> None:
    """The pull of a spring between two masses, as the momentum that it gives in one step from rest."""
    pulls = []
    for world in (Strings(masses=2, pins=0), Rubber(masses=2, pins=0, onset=0.02)):
        scene = world.scene(seed=3)
        scene = scene.moved(gravity=torch.zeros(1, 2, dtype=torch.float64))
        scene.pos[1] = scene.pos[0] + torch.tensor([REST_LENGTH + stretch, 0.0])
        pulls.append(float(rollout(world.engine(), scene, steps=1).vel[1, 0, 0]))
    assert pulls[0] * stretch > 0
    assert pulls[1] / pulls[0] == pytest.approx(1 + (stretch / 0.02) ** 2)


def test_bad_onset_is_refused() -> None:
    with pytest.raises(PhysimError, match="onset must be above 0, got 0"):
        Rubber(onset=0.0)


def test_the_energy_is_that_of_the_law() -> None:
    """Two masses on a stretched spring alone keep its energy, and not the one that Hooke's law would give."""
    world = Rubber(masses=2, pins=0, damping=0.0, dt=1e-4)
    scene = world.scene(seed=3)
    scene = scene.moved(gravity=torch.zeros(1, 2, dtype=torch.float64))
    scene.pos[1, 0] += 0.04
    run = rollout(world.engine(), scene, steps=1000)
    own, hookes = world.energies(run), energies(run)
    assert own is not None
    assert hookes is not None
    spread = [float(sum(each)[:, 0].std() / sum(each)[0, 0]) for each in (own, hookes)]
    assert spread[0] < 0.02
    assert spread[1] > 0.1
