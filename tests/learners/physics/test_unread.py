from __future__ import annotations

import math

import pymunk
import pytest

from learners.physics.unread import unread
from physim.graph import ModuleGraph
from physim.scenes.scene import Scene
from physim.scenes.space_reading import scene_of


def scene(friction: float = 0.0, moment: float = math.inf, box: bool = False, anchor: float = 0.0) -> Scene:
    """A body over a floor, from which it hangs by a spring."""
    space = pymunk.Space()
    body = pymunk.Body(1.0, moment)
    body.position, body.angular_velocity = (0, 1), 0.0 if math.isinf(moment) else 1.0
    shape = pymunk.Poly.create_box(body) if box else pymunk.Circle(body, 0.5)
    floor = pymunk.Segment(space.static_body, (-1, 0), (1, 0), 0.1)
    shape.friction = floor.friction = friction
    space.add(body, shape, floor, pymunk.DampedSpring(body, space.static_body, (anchor, 0), (0, 0), 1, 1, 0))
    return scene_of(space)


def network(*inputs: str) -> ModuleGraph:
    net = ModuleGraph()
    for name in inputs:
        net.input(name)
    return net


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (scene(), []),
        (scene(moment=1.0), []),  # a disc that nothing rubs on moves the same however it turns
        (scene(friction=0.5), ["friction"]),
        (scene(friction=0.5, moment=1.0), ["friction", "spin"]),
        (scene(box=True), []),
        (scene(box=True, moment=1.0), ["spin"]),
        (scene(moment=1.0, anchor=0.3), ["spin"]),
    ],
)
def test_friction_and_spin_are_named_where_they_act(seen: Scene, wanted: list[str]) -> None:
    assert unread(network("pos", "vel"), ("friction",), seen) == wanted
    assert unread(network("pos", "vel", "friction", "angular_velocity"), (), seen) == []
    assert "friction" not in unread(network("columns"), ("mass", "friction"), seen)
