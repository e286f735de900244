from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymunk
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physim.scenes.scene import PAIR, Scene
from physim.scenes.space_editing import edit_space
from physim.scenes.spaces import scene_of, space_of

RandomSpace = Callable[..., pymunk.Space]
SEEDS = st.integers(0, 2**32 - 1)


def running(scene: Scene, steps: int = 60) -> pymunk.Space:
    space = space_of(scene)
    for _ in range(steps):
        space.step(1 / 120)
    return space


def motion(bodies: list[pymunk.Body]) -> np.ndarray:
    return np.array([(*body.position, body.angle, *body.velocity, body.angular_velocity) for body in bodies])


@given(one=SEEDS, other=SEEDS, kept=SEEDS)
@settings(max_examples=60, deadline=None)
def test_any_space_becomes_that_of_any_other_scene(random_space: RandomSpace, one: int, other: int, kept: int) -> None:
    before, after = scene_of(random_space(one)), scene_of(random_space(other))
    space = running(before, steps=5)
    places = np.random.default_rng(kept).permutation(max(before.num_bodies, after.num_bodies))[: after.num_bodies]
    bodies = edit_space(space, list(space.bodies), before, after, [p if p < before.num_bodies else -1 for p in places])
    assert {body.id for body in bodies} == {body.id for body in space.bodies}
    assert len(bodies) == after.num_bodies
    read = scene_of(ordered(space, bodies))
    for name in set(after.keys()) - {"dt"}:
        assert torch.equal(read[name], after[name]), name


def ordered(space: pymunk.Space, bodies: list[pymunk.Body]) -> pymunk.Space:
    """The same Space with its bodies, and shapes, in this order."""
    shapes = [shape for body in bodies for shape in body.shapes]
    joints = list(space.constraints)
    space.remove(*joints, *shapes, *bodies)
    space.add(*bodies, *shapes, *joints)
    return space


@pytest.mark.parametrize("seed", range(8))
def test_an_edit_that_changes_nothing_is_not_felt(random_space: RandomSpace, seed: int) -> None:
    before = scene_of(random_space(seed))
    one, other = running(before), running(before)
    for _ in range(20):
        bodies = list(other.bodies)
        now = scene_of(other)
        edited = edit_space(other, bodies, now, now, range(len(bodies)))
        assert edited == bodies
        one.step(1 / 120)
        other.step(1 / 120)
    np.testing.assert_allclose(motion(list(other.bodies)), motion(list(one.bodies)), rtol=1e-6, atol=1e-9)


def test_contacts_of_what_stays_go_on_beside_what_comes_and_goes() -> None:
    before = scene_of(stack())
    one, other = running(before, 200), running(before, 200)
    bodies, now = list(other.bodies), scene_of(other)
    visitor = pymunk.Body(1, 1)
    visitor.position = 50, 50
    for touched in (visitor, pymunk.Circle(visitor, 3)):
        other.add(touched)
    edited = edit_space(other, list(other.bodies), scene_of(other), now, range(now.num_bodies))
    assert edited == bodies == list(other.bodies)
    one.step(1 / 120)
    other.step(1 / 120)
    np.testing.assert_array_equal(motion(bodies[:3]), motion(list(one.bodies)[:3]))
    anew = space_of(now)
    anew.step(1 / 120)
    assert not np.array_equal(motion(list(anew.bodies)[:3]), motion(bodies[:3]))


def stack() -> pymunk.Space:
    space = pymunk.Space()
    space.gravity = 0, -9.8
    for number in range(3):
        body = pymunk.Body(1, 0.2)
        body.position = 0.02 * number, 0.5 + number
        box = pymunk.Poly.create_box(body, (1, 1))
        box.friction = 0.8
        space.add(body, box)
    floor = pymunk.Segment(space.static_body, (-5, -0.1), (5, -0.1), 0.1)
    floor.friction = 0.8
    space.add(floor)
    return space


def test_what_changes_its_outline_is_another_body_and_what_changes_its_surface_is_not() -> None:
    before = scene_of(stack())
    space = space_of(before)
    bodies = list(space.bodies)
    friction, radius, pos = (before[name].clone() for name in ("friction", "radius", "pos"))
    friction[0], radius[1], pos[3, 1] = 0.1, 0.2, -1.0
    edited = edit_space(space, bodies, before, before.moved(friction=friction, radius=radius, pos=pos), range(4))
    assert [one is other for one, other in zip(edited, bodies, strict=True)] == [True, False, True, False]
    assert next(iter(edited[0].shapes)).friction == 0.1
    assert next(iter(edited[1].shapes)).radius == 0.2


def test_joints_that_stay_keep_their_impulses_and_their_order(random_space: RandomSpace) -> None:
    before = scene_of(random_space(3))
    space = running(before)
    joints, bodies, now = list(space.constraints), list(space.bodies), scene_of(space)
    first = (now.edge_kind != PAIR).nonzero().ravel()[:2]
    stays = torch.ones(len(now.edge_kind), dtype=torch.bool)
    stays[first] = False
    fields = {name: now[name][stays] for name in ("edge_kind", "edge_attr", "edge_anchor")}
    impulses = [joint.impulse for joint in joints[1:]]
    edit_space(space, bodies, now, now.moved(**fields, edge_index=now.edge_index[:, stays]), range(len(bodies)))
    assert list(space.constraints) == joints[1:]
    assert [joint.impulse for joint in space.constraints] == impulses
