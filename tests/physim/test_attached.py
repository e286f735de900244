from __future__ import annotations

import gc
import math
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pymunk
import pytest

import physim
from physim.engines.base import Engine, Floats
from physim.engines.hybrid import HybridEngine
from physim.engines.learned import LearnedEngine, Terms
from physim.engines.truth import PymunkEngine
from physim.errors import BlowUp, PhysimError
from physim.interaction import interaction_network
from physim.scenes.scene import Scene
from physim.stacks import stack
from worlds import Balls, NBody, Strings

DT = 1 / 60
Change = Callable[[pymunk.Space], object]


def toy(bodies: int = 6) -> pymunk.Space:
    """Discs and boxes that fall on a floor, two of them on a spring, one on a pin, and a kinematic lift."""
    space = pymunk.Space()
    space.gravity = 0, 900
    rng = np.random.default_rng(0)
    for number in range(bodies):
        body = pymunk.Body(1 + number, 300)
        body.position = 60.0 * number, -100 - float(rng.uniform(0, 30))
        body.velocity, body.angular_velocity = tuple(rng.normal(size=2) * 50), float(rng.normal())
        shape = pymunk.Poly.create_box(body, (30, 20)) if number % 2 else pymunk.Circle(body, 15)
        shape.friction, shape.elasticity = 0.6, 0.2
        space.add(body, shape)
    lift = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    lift.position, lift.velocity, lift.angular_velocity = (150, -20), (10, -5), 0.1
    space.add(lift, pymunk.Circle(lift, 20))
    floor = pymunk.Poly(space.static_body, [(-500, 0), (900, 0), (900, 50), (-500, 50)])
    floor.friction = 0.6
    space.add(floor)
    held = list(space.bodies)
    space.add(pymunk.DampedSpring(held[0], held[1], (5, 0), (0, 0), 60, 200, 1))
    space.add(pymunk.PinJoint(held[2], space.static_body, (0, 0), (120, -200)))
    return space


def motion(space: pymunk.Space) -> Floats:
    return np.array([(*b.position, b.angle, *b.velocity, b.angular_velocity) for b in space.bodies]).reshape(-1, 6)


def body_of(space: pymunk.Space, number: int = 0) -> Any:
    return list(space.bodies)[number]


def pull(space: pymunk.Space) -> None:
    body_of(space).apply_force_at_local_point((3e4, -2e4), (3, 4))
    body_of(space, 3).torque = 9e4
    body_of(space, 6).force = 100, 100


def spawn(space: pymunk.Space) -> None:
    body = pymunk.Body(2, 200)
    body.position = 200, -300
    space.add(body, pymunk.Circle(body, 12))


CHANGES: dict[str, Change] = {
    "nothing": lambda space: None,
    "thrown": lambda space: setattr(body_of(space), "velocity", (300, -500)),
    "kicked": lambda space: body_of(space, 1).apply_impulse_at_local_point((500, -900), (5, 5)),
    "carried": lambda space: setattr(body_of(space, 1), "position", (500, -200)),
    "turned": lambda space: setattr(body_of(space, 3), "angle", 0.4),
    "spun": lambda space: setattr(body_of(space, 3), "angular_velocity", 9.0),
    "steered": lambda space: setattr(body_of(space, 6), "velocity", (-20, 4)),
    "pulled": pull,
    "spawned": spawn,
    "freed": lambda space: space.remove(*list(space.constraints)[:1]),
    "removed": lambda space: space.remove(body_of(space, 5), *body_of(space, 5).shapes),
    "heavier": lambda space: setattr(body_of(space), "mass", 30),
    "wider": lambda space: next(iter(body_of(space).shapes)).unsafe_set_radius(25),
    "falling up": lambda space: setattr(space, "gravity", (0, -300)),
    "damped": lambda space: setattr(space, "damping", 0.3),
    "stiffer": lambda space: setattr(next(iter(space.constraints)), "stiffness", 2000),
    "frozen": lambda space: setattr(body_of(space, 4), "body_type", pymunk.Body.KINEMATIC),
}


@pytest.mark.parametrize("change", CHANGES)
def test_with_the_truth_it_does_what_the_spaces_own_step_does(change: str) -> None:
    own, attached = toy(), toy()
    for step in range(80):
        if step == 30:
            CHANGES[change](own)
            CHANGES[change](attached)
        own.step(DT)
        physim.attach(attached, engine="truth").step(DT)
        # a shape or type that is another's has no contacts yet, and pushes itself out of others anew
        tolerance = 1.0 if change in ("wider", "frozen") and step >= 30 else 1e-9
        np.testing.assert_allclose(motion(attached)[:, :3], motion(own)[:, :3], rtol=1e-9, atol=tolerance)


def test_the_truth_takes_steps_of_any_length_and_keeps_contacts() -> None:
    own, attached = toy(), toy()
    engine = physim.attach(attached, engine="truth")
    for step in range(150):
        dt = DT if step % 3 else DT / 2
        own.step(dt)
        engine.step(dt)
    np.testing.assert_array_equal(motion(attached), motion(own))


def test_forces_act_for_one_step() -> None:
    space = toy()
    pull(space)
    physim.attach(space, engine="truth").step(DT)
    assert all((*body.force, body.torque) == (0, 0, 0) for body in space.bodies)


def test_shapes_are_where_the_bodies_are() -> None:
    space = toy()
    engine = physim.attach(space, engine="truth")
    for _ in range(30):
        engine.step(DT)
    for body in space.bodies:
        found = space.point_query_nearest(tuple(body.position), 0, pymunk.ShapeFilter())
        assert found is not None
        assert found.shape in body.shapes


@pytest.mark.parametrize("world", [NBody(bodies=3), Balls(balls=3), Strings(masses=4)], ids=str)
@pytest.mark.parametrize("name", ["learned", "hybrid"])
def test_learned_engines_move_a_space_as_they_move_its_scene(world: Any, name: str) -> None:
    space = world.space(np.random.default_rng(0))
    engine = physim.attach(space, world.name, name)
    scene = physim.scenes.scene_of(space, world.dt, world.columns)
    wanted = physim.rollout(physim.attach(space, world.name, name)._engine_at(world.dt), scene, 30)
    for _ in range(30):
        engine.step(world.dt)
    count = len(space.bodies)
    assert np.allclose(motion(space)[:, :2], wanted.pos[-1, :count], rtol=0, atol=1e-9)
    assert np.allclose(motion(space)[:, 3:5], wanted.vel[-1, :count], rtol=0, atol=1e-6)


def test_a_hybrid_is_as_fine_as_ten_steps_of_pymunk() -> None:
    hybrid, fine, coarse = (stack(boxes=1) for _ in range(3))
    for space in (hybrid, fine, coarse):
        body_of(space).position = 0, -200
        body_of(space).angle = 0.3
    for _ in range(60):
        physim.attach(hybrid, engine="hybrid").step(DT)
        coarse.step(DT)
        for _ in range(10):
            fine.step(DT / 10)
    assert np.abs(motion(hybrid) - motion(fine))[:, :2].max() < 0.1 * np.abs(motion(coarse) - motion(fine))[:, :2].max()


def test_weights_in_another_unit_of_length_do_the_same() -> None:
    world = Balls(balls=4)
    metres, pixels = (world.space(np.random.default_rng(0)) for _ in range(2))
    for body in pixels.bodies:
        body.position, body.velocity = body.position * 64, body.velocity * 64
    for shape in list(pixels.shapes):
        if isinstance(shape, pymunk.Circle):
            shape.unsafe_set_radius(shape.radius * 64)
        else:
            shape.unsafe_set_endpoints(shape.a * 64, shape.b * 64)
            shape.unsafe_set_radius(shape.radius * 64)
    for _ in range(100):
        physim.attach(metres, "balls").step(world.dt)
        physim.attach(pixels, "balls", length_scale=1 / 64).step(world.dt)
    np.testing.assert_array_equal(motion(metres)[:, 3:5] * 64, motion(pixels)[:, 3:5])


def test_forces_and_moments_are_scaled_too() -> None:
    own, scaled = toy(), toy()
    for _ in range(60):
        for space in (own, scaled):
            pull(space)
        physim.attach(own, engine="truth").step(DT)
        physim.attach(scaled, engine="truth", length_scale=1 / 64).step(DT)
    moving = motion(own)[:, :3]
    assert np.abs(motion(scaled)[:, :3] - moving).max() < 1e-2 * np.abs(moving).max()


def test_a_body_that_is_set_in_part_keeps_the_rest() -> None:
    world = NBody(bodies=3)
    space = world.space(np.random.default_rng(0))
    engine = physim.attach(space, "nbody")
    engine.step(world.dt)
    before = motion(space)
    body_of(space, 1).velocity = 0, 0
    engine.step(world.dt)
    assert np.abs(motion(space)[:, :2] - before[:, :2]).max() < 1.0
    assert np.hypot(*body_of(space, 1).velocity) < 10


def test_the_same_space_gives_the_same_engine_and_others_others() -> None:
    space, other = toy(), toy()
    engine = PymunkEngine(DT)
    assert physim.attach(space, engine) is physim.attach(space, engine)
    assert physim.attach(space, engine="truth") is physim.attach(space, engine="truth")
    assert physim.attach(space, engine="truth") is not physim.attach(other, engine="truth")
    assert physim.attach(space, engine="truth") is not physim.attach(space, engine="truth", length_scale=2.0)
    copied = space.copy()
    assert physim.attach(copied, engine="truth") is not physim.attach(space, engine="truth")
    physim.attach(copied, engine="truth").step(DT)


def test_a_space_that_nobody_holds_goes() -> None:
    space = toy()
    body_of(space).game = space  # as programs do
    physim.attach(space, engine="truth").step(DT)
    seen = weakref.ref(space)
    del space
    gc.collect()
    assert seen() is None


def test_engines_take_turns_on_one_space() -> None:
    space, own = toy(), toy()
    for step in range(30):
        if step % 2:
            physim.attach(space, engine="truth").step(DT)
        else:
            space.step(DT)
        own.step(DT)
    assert np.abs(motion(space)[:, :2] - motion(own)[:, :2]).max() < 1.0  # each has contacts of its own


def test_files_and_engines_ready_made_are_weights(tmp_path: Path) -> None:
    graph = interaction_network(external=True)
    path = tmp_path / "mine.safetensors"
    LearnedEngine(graph, Terms(DT, 0.0, ("mass",), ("point",), ("pair",), {})).save(path)
    space = pymunk.Space()
    space.add(*(pymunk.Body(1, 1) for _ in range(2)))
    body_of(space, 1).position = 30, 40
    for weights in (path, str(path), LearnedEngine.load(path)):
        physim.attach(space, weights).step(DT)
        physim.attach(space, weights, "hybrid").step(DT)
    assert isinstance(physim.attach(space, path, "hybrid").engine, HybridEngine)
    physim.attach(space, Duck()).step(DT)
    with pytest.raises(PhysimError, match="the engine hybrid wants weights, got the engine Duck"):
        physim.attach(space, Duck(), "hybrid")


class Duck:
    """An engine by its methods alone."""

    def __init__(self) -> None:
        inner = PymunkEngine(DT)
        self.dt, self.start, self.step = inner.dt, inner.start, inner.step


def test_whole_multiples_of_the_engines_step_are_taken_as_so_many() -> None:
    once, often, engine = toy(), toy(), PymunkEngine(DT)
    physim.attach(once, engine).step(4 * DT)
    for _ in range(4):
        physim.attach(often, engine).step(DT)
    np.testing.assert_array_equal(motion(once), motion(often))


@pytest.mark.parametrize("dt", [DT / 2, 1.5 * DT, 0.0, -DT, math.nan, math.inf])
def test_other_steps_are_refused(dt: float) -> None:
    space = toy()
    before = motion(space)
    with pytest.raises(PhysimError, match="dt"):
        physim.attach(space, PymunkEngine(DT)).step(dt)
    np.testing.assert_array_equal(motion(space), before)


def sensor(space: pymunk.Space) -> None:
    next(iter(space.shapes)).sensor = True


def compound(space: pymunk.Space) -> None:
    space.add(pymunk.Circle(body_of(space), 3))


def off_centre(space: pymunk.Space) -> None:
    body = pymunk.Body(1, 1)
    space.add(body, pymunk.Circle(body, 1, (2, 0)))


REFUSED: dict[str, Change] = {
    "sensors": sensor,
    "collision callbacks": lambda space: space.on_collision(1, 2),
    "add_post_step_callback": lambda space: space.add_post_step_callback(lambda *args: None, 1),
    "velocity_func": lambda space: setattr(body_of(space), "velocity_func", lambda *args: None),
    "position_func": lambda space: setattr(body_of(space), "position_func", lambda *args: None),
    "sleep_time_threshold": lambda space: setattr(space, "sleep_time_threshold", 0.5),
    "has 2 shapes": compound,
    "not centred": off_centre,
    "center_of_gravity": lambda space: setattr(body_of(space), "center_of_gravity", (1, 0)),
    "categories and masks": lambda space: setattr(next(iter(space.shapes)), "filter", pymunk.ShapeFilter(mask=1)),
    "surface_velocity": lambda space: setattr(next(iter(space.shapes)), "surface_velocity", (1, 0)),
    "GearJoint": lambda space: space.add(pymunk.GearJoint(body_of(space), body_of(space, 1), 0, 1)),
    "max_force": lambda space: setattr(next(iter(space.constraints)), "max_force", 5),
    "force_func": lambda space: setattr(next(iter(space.constraints)), "force_func", lambda *args: 0.0),
    "vx of body 0 is nan": lambda space: setattr(body_of(space), "velocity", (math.nan, 0)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_expressed_is_refused_by_name_when_it_is_met(name: str) -> None:
    space = toy()
    engine = physim.attach(space, engine="truth")
    engine.step(DT)
    REFUSED[name](space)
    before = motion(space)
    with pytest.raises(PhysimError, match=name):
        engine.step(DT)
    np.testing.assert_array_equal(motion(space), before)


def test_after_a_refusal_it_goes_on_from_where_the_bodies_are() -> None:
    space = toy()
    engine = physim.attach(space, engine="truth")
    engine.step(DT)
    space.sleep_time_threshold = 0.5
    with pytest.raises(PhysimError):
        engine.step(DT)
    space.sleep_time_threshold = math.inf
    body_of(space).position = 0, -400
    engine.step(DT)
    assert body_of(space).position.y == pytest.approx(-400, abs=20)


class Exploding(Engine[Any]):
    """Gives infinite velocities."""

    dt = DT

    def start(self, scene: Scene) -> Any:
        return PymunkEngine(DT).start(scene)

    def step(self, state: Any) -> Any:
        return self.start(state.scene.moved(vel=state.scene.vel * math.inf))


def test_what_leaves_the_finite_numbers_never_reaches_the_bodies() -> None:
    space = toy()
    before = motion(space)
    with pytest.raises(BlowUp, match="body 0"):
        physim.attach(space, Exploding()).step(DT)
    np.testing.assert_array_equal(motion(space), before)


def test_a_space_in_which_nothing_moves_is_left_alone() -> None:
    space = pymunk.Space()
    engine = physim.attach(space, engine="truth")
    engine.step(DT)
    space.add(pymunk.Segment(space.static_body, (0, 0), (1, 0), 0.1))
    engine.step(DT)
    spawn(space)
    engine.step(DT)
    assert motion(space)[0, 0] == 200
    space.remove(*space.bodies, *body_of(space).shapes)
    engine.step(DT)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"engine": "lerned"}, "unknown engine 'lerned': the known ones are truth, learned, hybrid, hybrid_contacts"),
        ({"engine": "truth", "weights": "balls"}, "weights: the engine truth has none, got 'balls'"),
        ({"weights": "bals"}, "there are no weights 'bals'"),
        ({"length_scale": 0.0}, "length_scale must be above 0"),
        ({"weights": object()}, "object is no engine: it has no method start"),
        ({"space": 3}, "space is a int, wanted a pymunk.Space"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PhysimError, match=sentence):
        physim.attach(**{"space": toy(), **arguments})


def test_weights_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(PhysimError, match=r"dt: this engine takes steps of 0.001 s, or whole multiples, got 0.016"):
        physim.attach(toy(), "balls").step(DT)
    with pytest.raises(PhysimError, match=r"shape: these weights know \['circle', 'segment'\], the scene has"):
        physim.attach(toy(), "balls").step(1e-3)


def test_it_needs_neither_pygame_nor_gymnasium() -> None:
    code = """
import sys, pymunk, physim
space = pymunk.Space()
space.add(body := pymunk.Body(1, 1))
physim.attach(space, engine="truth").step(0.1)
physim.attach(space, "nbody", engine="hybrid").step(0.001)
print(sorted({"pygame", "gymnasium", "worlds", "learners"} & {name.split(".")[0] for name in sys.modules}))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
