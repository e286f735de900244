from __future__ import annotations

import torch

from learners.physics.shaken import LATER, shaken
from physim.scenes.scene import STATE_FIELDS, Scene
from worlds.playground import Playground

WORLD = Playground(kind="stacks", bodies=5)


def same(first: Scene, second: Scene) -> bool:
    return all(torch.equal(first[name], second[name]) for name in STATE_FIELDS)


def test_every_second_scene_is_shaken_and_the_others_are_the_worlds() -> None:
    plain = WORLD.scenes(3, 4)
    changed = [not same(*both) for both in zip(plain, shaken(WORLD.scenes(3, 4), WORLD, 3), strict=True)]
    assert changed == [False, True, False, True]


def test_the_same_seed_shakes_alike() -> None:
    assert all(map(same, shaken(WORLD.scenes(3, 4), WORLD, 3), shaken(WORLD.scenes(3, 4), WORLD, 3)))


def test_shaken_bodies_are_near_where_they_were_and_walls_stay() -> None:
    """Stacks that stand move by the shaking alone, whatever time has passed."""
    scenes = WORLD.scenes(5, 8)
    plain, changed = scenes[1::2], shaken(scenes, WORLD, 5)[1::2]
    for before, after in zip(plain, changed, strict=True):
        moves = before.inverse_mass > 0
        apart = (after.pos - before.pos).norm(dim=-1)
        assert 0 < float(apart[moves].max()) < 20
        assert bool((apart[~moves] == 0).all())
        assert bool((after.vel[moves] != 0).any())
        assert LATER * WORLD.dt < 3  # a stack that was not at rest would have fallen
