from __future__ import annotations

import math

import numpy as np
import pymunk
import pytest
import torch
from torch import Tensor

from physim.contacts import near
from physim.graph import ModuleGraph
from physim.normalisers import measuring
from physim.rigid import Drag, rigid_bodies
from physim.scene_inputs import graph_inputs, read_by
from physim.scenes.frames import rotated
from physim.scenes.scene import OBJECT_FIELDS, Scene
from physim.scenes.spaces import scene_of

DT = 1 / 60


def heap(gravity: tuple[float, float] = (0, 0), joints: bool = True) -> Scene:
    """Boxes and discs on top of one another, two of them on a rod and a spring, one on a hinge."""
    rng = np.random.default_rng(3)
    space = pymunk.Space()
    space.gravity = gravity
    bodies = []
    for number in range(8):
        body = pymunk.Body(float(rng.uniform(1, 4)), float(rng.uniform(200, 900)))
        body.position = 30 * (number % 3) + float(rng.uniform(-3, 3)), 28 * (number // 3)
        body.velocity, body.angular_velocity = tuple(rng.normal(0, 100, 2).tolist()), float(rng.normal(0, 3))
        body.angle = float(rng.uniform(0, 6))
        shape = pymunk.Poly.create_box(body, (24, 30)) if number % 2 else pymunk.Circle(body, 15)
        shape.friction, shape.elasticity = float(rng.uniform(0, 1)), float(rng.uniform(0, 1))
        space.add(body, shape)
        bodies.append(body)
    if joints:
        space.add(pymunk.PinJoint(bodies[0], bodies[5], (4, 0), (0, -9)))
        space.add(pymunk.DampedSpring(bodies[1], bodies[6], (0, 3), (5, 5), 40, 60, 2))
        space.add(pymunk.PivotJoint(bodies[2], bodies[7], (0, 15), (0, -14)))
        space.add(pymunk.SlideJoint(bodies[3], bodies[4], (0, 0), (0, 0), 10, 45))
    return scene_of(space)


def change(net: ModuleGraph, scene: Scene) -> Tensor:
    output: Tensor = net(read_by(net, near(net, graph_inputs(net, scene, ()))))
    return output.detach()


@pytest.fixture(params=[False, True], ids=["contacts", "joints"])
def joints(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def net(joints: bool) -> ModuleGraph:
    torch.manual_seed(0)
    net = rigid_bodies(dt=DT, reach=5.0, rounds=3, joints=joints).double()
    with measuring(net):
        change(net, heap(joints=joints))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return net


def test_bodies_that_touch_push_one_another(net: ModuleGraph, joints: bool) -> None:
    assert bool((change(net, heap(joints=joints)).abs() > 1e-6).all())


def test_momentum_is_kept(net: ModuleGraph, joints: bool) -> None:
    scene = heap(joints=joints)
    told = change(net, scene)
    momentum = scene.mass[:, None] * told[:, :2]
    scale = momentum.abs().sum()
    assert float(momentum.sum(0).abs().max()) < 1e-12 * float(scale)
    shifts = scene.mass[:, None] * told[:, 3:5]
    assert float(shifts.sum(0).abs().max()) < 1e-12 * float(shifts.abs().sum())


def test_angular_momentum_is_kept_where_nothing_moves_before_it_meets(net: ModuleGraph) -> None:
    scene = heap(joints=False)  # a joint holds two bodies at two places
    scene = scene.moved(vel=0 * scene.vel, angular_velocity=0 * scene.angular_velocity)
    told = change(net, scene)
    push = scene.mass[:, None] * told[:, :2]
    about = scene.pos[:, 0] * push[:, 1] - scene.pos[:, 1] * push[:, 0]
    spin = scene.moment * told[:, 2]
    assert float(spin.abs().max()) > 1e-3
    assert abs(float((about + spin).sum())) < 1e-10 * float(about.abs().sum())


def test_turning_a_scene_turns_what_happens(net: ModuleGraph, joints: bool) -> None:
    scene, angle = heap(joints=joints), torch.tensor(0.7, dtype=torch.float64)
    shifted = rotated(scene.pos, angle) + torch.tensor([500.0, -80.0], dtype=torch.float64)
    turned = scene.moved(pos=shifted, vel=rotated(scene.vel, angle), angle=scene.angle + angle)
    here, there = change(net, scene), change(net, turned)
    wanted = torch.cat([rotated(here[:, :2], angle), here[:, 2:3], rotated(here[:, 3:5], angle), here[:, 5:]], dim=-1)
    torch.testing.assert_close(there, wanted, rtol=1e-7, atol=1e-9)


def test_the_order_of_bodies_says_nothing(net: ModuleGraph) -> None:
    scene = heap(joints=False)
    order = torch.randperm(scene.num_bodies, generator=torch.Generator().manual_seed(1))
    fields = {name: scene[name][order] for name in OBJECT_FIELDS}
    fields |= {"corner": scene.corner, "corner_index": order.argsort()[scene.corner_index]}
    fields |= {"edge_index": scene.edge_index, "gravity": scene.gravity}
    torch.testing.assert_close(change(net, Scene.of(**fields)), change(net, scene)[order], rtol=1e-9, atol=1e-9)


def test_heavier_scenes_of_the_same_shape_move_alike(net: ModuleGraph) -> None:
    scene = heap(joints=False)
    heavy = scene.moved(mass=1000 * scene.mass, moment=1000 * scene.moment)
    torch.testing.assert_close(change(net, heavy), change(net, scene), rtol=1e-7, atol=1e-9)


def test_bodies_that_fall_alone_feel_gravity_alone() -> None:
    torch.manual_seed(0)
    net = rigid_bodies(dt=DT, reach=1.0)
    scene = heap(gravity=(0, 900), joints=False)
    apart = scene.moved(pos=100 * scene.pos)
    torch.nn.init.normal_(net.get_submodule("fall").line.weight)
    told = change(net, apart)
    assert bool((told[:, :2] == told[0, :2]).all())
    assert told[0, 0] == 0 != told[0, 1]
    assert bool((told[:, 2:] == 0).all())


def test_damped_bodies_are_slowed_along_their_motion() -> None:
    net = rigid_bodies(dt=DT, reach=1.0, damped=True)
    scene = heap(joints=False)
    apart = scene.moved(pos=100 * scene.pos)
    drag = net.get_submodule("drag")
    assert isinstance(drag, Drag)
    torch.nn.init.constant_(drag.shares[-1].bias, -0.01)
    told = change(net, apart)
    torch.testing.assert_close(told[:, :2], (-0.01 * scene.vel).float(), rtol=1e-5, atol=0)
    torch.testing.assert_close(told[:, 2], (-0.01 * scene.angular_velocity).float(), rtol=1e-5, atol=0)


def test_what_cannot_move_gets_nothing(net: ModuleGraph, joints: bool) -> None:
    scene = heap(joints=joints)
    kinds, mass, moment = scene.body_type.clone(), scene.mass.clone(), scene.moment.clone()
    kinds[2], mass[2], moment[2] = 2, 0, math.inf
    told = change(net, scene.moved(body_type=kinds, mass=mass, moment=moment))
    assert bool((told[2] == 0).all())
    assert bool((told[[0, 1]] != 0).all())


def test_gradients_reach_every_parameter(net: ModuleGraph, joints: bool) -> None:
    scene = heap(gravity=(0, 900), joints=joints)
    net(read_by(net, near(net, graph_inputs(net, scene, ())))).square().sum().backward()
    assert all(bool((parameter.grad != 0).any()) for parameter in net.parameters() if parameter.grad is not None)
    assert all(parameter.grad is not None for parameter in net.parameters())
