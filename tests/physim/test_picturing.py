from __future__ import annotations

import math

import numpy as np
import pymunk
import pytest
import torch

from physim import rollout
from physim.errors import PhysimError
from physim.picturing import pixels
from physim.scenes.scene import Scene
from physim.scenes.spaces import scene_of
from physim.scenes.trajectory import Trajectory
from worlds import Balls, Playground, Strings


def still(space: pymunk.Space) -> Trajectory:
    """A scene that does not move."""
    scene = scene_of(space, 0.01)
    state = {name: scene[name][None] for name in ("pos", "vel", "angle", "angular_velocity")}
    return Trajectory(scene, times=torch.zeros(1), **state)


def space_with(*shapes: pymunk.Shape) -> pymunk.Space:
    space = pymunk.Space()
    for shape in shapes:
        space.add(shape.body, shape)
    return space


def body(x: float, y: float) -> pymunk.Body:
    made = pymunk.Body(1, 1)
    made.position = x, y
    return made


WINDOW = (0.0, 0.0, 10.0, 10.0)


def test_brightness_is_the_area_of_shapes() -> None:
    circle = still(space_with(pymunk.Circle(body(4.3, 6.1), 1.7)))
    box = still(space_with(pymunk.Poly.create_box(body(5.2, 4.9), (3.0, 2.0))))
    for trajectory, area in ((circle, math.pi * 1.7**2), (box, 6.0)):
        seen = pixels(trajectory, (100, 100), WINDOW, grey=True)[0] / 255
        assert seen.sum() / 100 == pytest.approx(area, rel=0.01)


def test_pictures_move_as_smoothly_as_bodies() -> None:
    sums = [
        pixels(still(space_with(pymunk.Circle(body(5 + k / 40, 5), 1.0))), (20, 20), WINDOW, grey=True)[0]
        for k in range(9)
    ]
    centres = [(frame * np.arange(20)).sum() / frame.sum() for frame in sums]
    np.testing.assert_allclose(np.diff(centres), 0.05, atol=0.02)


def test_up_is_up_unless_things_fall_towards_larger_y() -> None:
    space = space_with(pymunk.Circle(body(5, 8), 1.0))
    assert pixels(still(space), (10, 10), WINDOW, grey=True)[0][:5].sum() > 0
    assert pixels(still(space), (10, 10), WINDOW, grey=True)[0][5:].sum() == 0
    space.gravity = 0, 900
    assert pixels(still(space), (10, 10), WINDOW, grey=True)[0][5:].sum() > 0


def test_every_kind_of_world_is_drawn_whole() -> None:
    for world in (Balls(), Strings(), Playground(bodies=6, kind="thrown")):
        trajectory = rollout(world.engine(), world.scene(seed=0), steps=20)
        seen = pixels(trajectory, (48, 32))
        assert seen.shape == (21, 32, 48, 3)
        assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 20
        assert (seen[0] != seen[-1]).any()


def test_scenes_of_a_batch_are_those_alone() -> None:
    world = Balls()
    scenes = world.scenes(seed=0, count=3)
    together = pixels(rollout(world.engine(), Scene.batch_of(scenes), steps=5), (24, 24), (-3, -3, 3, 3))
    for number, scene in enumerate(scenes):
        alone = pixels(rollout(world.engine(), scene, steps=5), (24, 24), (-3, -3, 3, 3))
        assert np.array_equal(together[number], alone)


def test_windows_of_other_proportions_are_widened() -> None:
    circle = still(space_with(pymunk.Circle(body(5, 10), 2.0)))
    seen = pixels(circle, (50, 50), (0, 0, 10, 20), grey=True)[0] > 127
    assert abs(seen.any(axis=0).sum() - 10) <= 1
    assert abs(seen.any(axis=1).sum() - 10) <= 1


def test_the_package_gives_the_function_again_and_again() -> None:
    import physim

    circle = still(space_with(pymunk.Circle(body(5, 5), 1.0)))
    assert np.array_equal(physim.pixels(circle), physim.pixels(circle))


def test_windows_and_sizes_that_show_nothing_are_told() -> None:
    trajectory = still(space_with(pymunk.Circle(body(5, 5), 1.0)))
    with pytest.raises(PhysimError, match="window is"):
        pixels(trajectory, (10, 10), (1, 0, 1, 5))
    with pytest.raises(PhysimError, match="height must be"):
        pixels(trajectory, (10, 0))
