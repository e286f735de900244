from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pymunk
import pytest
import torch
from matplotlib import pyplot
from matplotlib.patches import Circle, Polygon

from learners.physics.baselines import ConstantVelocity
from learners.physics.pictures import INSTANTS, bars, error_curves, limits_of, strobe
from physim.engines.rollout import rollout
from physim.engines.truth import PymunkEngine
from physim.scenes.scene import SEGMENT, Scene
from physim.scenes.spaces import scene_of
from physim.worlds import World
from worlds.balls import Balls
from worlds.nbody import NBody
from worlds.strings import Strings


@pytest.fixture
def axes() -> Iterator[Any]:
    figure, axes = pyplot.subplots()
    yield axes
    pyplot.close(figure)


@pytest.mark.parametrize("world", [NBody(bodies=3), Balls(balls=2), Strings(masses=3)])
def test_a_strobe_shows_every_round_body_at_every_instant(world: World, axes: Any) -> None:
    run = rollout(world.engine(), world.scene(3), 20)
    drawn = strobe(run, axes, limits_of(run)).patches
    round_bodies = int((run.scene.shape != 2).sum())
    assert sum(isinstance(patch, Circle) for patch in drawn) == INSTANTS * round_bodies
    assert sum(isinstance(patch, Polygon) for patch in drawn) == INSTANTS * (run.scene.num_bodies - round_bodies)


def test_a_strobe_shows_polygons_as_they_turn_and_links_where_they_hold(axes: Any) -> None:
    space = pymunk.Space()
    body = pymunk.Body(1.0, 1.0)
    body.position, body.angular_velocity = (3.0, 0.0), 2.0
    space.add(body, pymunk.Poly.create_box(body, (2.0, 1.0)))
    space.add(pymunk.SlideJoint(space.static_body, body, (0, 0), (-1, 0), 0, 9))
    run = rollout(PymunkEngine(0.1), scene_of(space), 20)
    left, right, bottom, top = limits_of(run, margin=0)
    assert (left, bottom) < (0.0, -1.0)
    assert (right, top) > (4.0, 1.0)
    box = [patch for patch in strobe(run, axes).patches if isinstance(patch, Polygon)]
    assert len(box) == INSTANTS
    np.testing.assert_allclose(box[0].get_xy()[:4], [[4, -0.5], [4, 0.5], [2, 0.5], [2, -0.5]])
    assert not np.allclose(box[5].get_xy(), box[0].get_xy())
    assert sorted(axes.lines[0].get_xydata().tolist()) == [[0.0, 0.0], [2.0, 0.0]]


@pytest.mark.parametrize("world", [NBody(bodies=3), Balls(balls=2), Strings(masses=3)])
def test_what_is_lost_is_not_drawn_and_the_rest_is(world: World, axes: Any) -> None:
    run = rollout(world.engine(), world.scene(3), 20)
    whole = len(strobe(run, axes, limits_of(run)).patches)
    lost = run.pos.clone()
    lost[-1, 0], lost[-3, 0] = torch.nan, torch.inf  # two of the instants drawn
    axes.clear()
    assert len(strobe(replace(run, pos=lost), axes, limits_of(run)).patches) == whole - 2


def test_a_turned_segment_is_drawn_as_it_lies(axes: Any) -> None:
    scene = Scene.of(
        torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1), shape=torch.tensor([SEGMENT]),
        radius=torch.tensor([0.1]), extent=torch.tensor([[2.0, 0.0]]), angle=torch.tensor([torch.pi / 2]),
    )  # fmt: skip
    run = rollout(ConstantVelocity(0.1), scene, 1)
    assert limits_of(run, margin=0.0) == pytest.approx((-0.1, 0.1, -2.1, 2.1))
    corners = strobe(run, axes).patches[0].get_xy()
    assert (corners[:, 0].max(), corners[:, 1].max()) == pytest.approx((0.1, 2.0))


def test_the_limits_hold_walls_and_balls(axes: Any) -> None:
    run = rollout(Balls(balls=2).engine(), Balls(balls=2).scene(3), 20)
    left, right, bottom, top = limits_of(run)
    for patch in strobe(run, axes).patches:
        corners = patch.get_path().transformed(patch.get_patch_transform()).vertices
        assert left <= corners[:, 0].min() <= corners[:, 0].max() <= right
        assert bottom <= corners[:, 1].min() <= corners[:, 1].max() <= top


def test_bars_stand_side_by_side_and_only_where_there_is_a_figure(axes: Any) -> None:
    bars({"3": {"best": 0.1, "paper": 1.0}, "6": {"paper": 2.0}}, axes, "error")
    assert sorted(bar.get_height() for bar in axes.patches) == [0.1, 1.0, 2.0]
    places = [bar.get_x() for bar in axes.patches]
    assert len(set(places)) == 3


def test_error_curves_have_a_line_for_each_model(axes: Any) -> None:
    error_curves({"best": [0.0, 1.0], "still": [0.0, 2.0]}, 0.5, axes)
    assert [line.get_xdata().tolist() for line in axes.lines] == [[0.0, 0.5]] * 2
