"""Random operations on an attached Space.

Ten thousand of them: pytest -s -m slow tests/physim/test_attached_operations.py
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np
import pymunk
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import physim
from physim.engines.learned import LearnedEngine
from physim.errors import PhysimError

DT = 1 / 60
MOST = 24
PLACES, SPEEDS, SIZES = st.floats(-200, 200), st.floats(-900, 900), st.floats(3, 40)
SHARES = st.floats(0, 1)


ENGINES = ["truth", "learned", "hybrid", "hybrid_contacts"]


class Program(RuleBasedStateMachine):
    """A program that does what programs do, and keeps a list of its own of what it made."""

    count: ClassVar[Counter[str]] = Counter()
    gravity = 900.0
    toys = True

    def __init__(self) -> None:
        super().__init__()
        self.space = pymunk.Space()
        self.space.gravity = 0, self.gravity
        self.moving: list[pymunk.Body] = []
        self.walls: list[pymunk.Shape] = []
        self.joints: list[pymunk.Constraint] = []
        self.kept: dict[pymunk.Body, tuple[Any, ...]] = {}

    # ---- adding

    @initialize()
    def floor(self) -> None:
        self.wall(-250, 210, 250, 210, 10)

    @rule(x=PLACES, y=PLACES, radius=SIZES, kinematic=SHARES)
    def circle(self, x: float, y: float, radius: float, kinematic: float) -> None:
        self.body(x, y, kinematic > 0.9, lambda body: pymunk.Circle(body, radius))

    @precondition(lambda self: self.toys)
    @rule(x=PLACES, y=PLACES, width=SIZES, height=SIZES)
    def box(self, x: float, y: float, width: float, height: float) -> None:
        self.body(x, y, False, lambda body: pymunk.Poly.create_box(body, (width, height)))

    @rule(x=PLACES, y=PLACES, half=SIZES, radius=st.floats(1, 5))
    def rod(self, x: float, y: float, half: float, radius: float) -> None:
        self.body(x, y, False, lambda body: pymunk.Segment(body, (-half, 0), (half, 0), radius))

    def body(self, x: float, y: float, kinematic: bool, shaped: Any) -> None:
        if len(self.moving) == MOST:
            return
        self.note("add")
        body = pymunk.Body(body_type=pymunk.Body.KINEMATIC) if kinematic else pymunk.Body(2, 500)
        body.position = x, y
        shape = shaped(body)
        shape.friction, shape.elasticity = 0.5, 0.3
        self.space.add(body, shape)
        self.moving.append(body)

    @rule(x=PLACES, y=PLACES, to=PLACES, down=PLACES, radius=SIZES)
    def wall(self, x: float, y: float, to: float, down: float, radius: float) -> None:
        self.note("add")
        wall = pymunk.Segment(self.space.static_body, (x, y), (to, down), radius)
        wall.friction = 0.5
        self.space.add(wall)
        self.walls.append(wall)

    @precondition(lambda self: self.moving and self.toys)
    @rule(one=SHARES, other=SHARES, kind=st.sampled_from(["spring", "pin"]), x=PLACES, hung=st.booleans())
    def joint(self, one: float, other: float, kind: str, x: float, hung: bool) -> None:
        first, second = self.chosen(one), self.space.static_body if hung else self.chosen(other)
        if first is second or first.body_type != pymunk.Body.DYNAMIC:
            return
        self.note("add")
        held = (x, -150.0) if hung else (0.0, 0.0)
        if kind == "spring":
            made: pymunk.Constraint = pymunk.DampedSpring(first, second, (0, 0), held, 60, 90, 2)
        else:
            made = pymunk.PinJoint(first, second, (0, 0), held)
        self.space.add(made)
        self.joints.append(made)

    # ---- removing

    @precondition(lambda self: self.moving)
    @rule(which=SHARES)
    def remove(self, which: float) -> None:
        self.note("remove")
        body = self.chosen(which)
        hanging = [joint for joint in self.joints if body in (joint.a, joint.b)]
        self.space.remove(body, *body.shapes, *hanging)
        self.moving.remove(body)
        self.joints = [joint for joint in self.joints if joint not in hanging]
        self.kept.pop(body, None)

    @precondition(lambda self: self.joints)
    @rule()
    def let_go(self) -> None:
        self.note("remove")
        self.space.remove(self.joints.pop(0))

    @precondition(lambda self: len(self.walls) > 1)
    @rule()
    def tear_down(self) -> None:
        self.note("remove")
        self.space.remove(self.walls.pop())

    # ---- setting

    @precondition(lambda self: self.moving)
    @rule(which=SHARES, x=SPEEDS, y=SPEEDS, turning=st.floats(-20, 20))
    def throw(self, which: float, x: float, y: float, turning: float) -> None:
        self.note("throw")
        body = self.chosen(which)
        body.velocity, body.angular_velocity = (x, y), turning

    @precondition(lambda self: self.moving)
    @rule(which=SHARES, x=SPEEDS, y=SPEEDS)
    def pull(self, which: float, x: float, y: float) -> None:
        self.note("throw")
        self.chosen(which).apply_force_at_local_point((10 * x, 10 * y), (1, 2))

    @precondition(lambda self: self.moving)
    @rule(which=SHARES, x=PLACES, y=PLACES, angle=st.floats(-3, 3))
    def carry(self, which: float, x: float, y: float, angle: float) -> None:
        self.note("throw")
        body = self.chosen(which)
        body.position, body.angle = (x, y), angle

    @precondition(lambda self: self.moving)
    @rule(which=SHARES, mass=st.floats(0.5, 9), friction=SHARES)
    def alter(self, which: float, mass: float, friction: float) -> None:
        self.note("alter")
        body = self.chosen(which)
        if body.body_type == pymunk.Body.DYNAMIC:
            body.mass = mass
        next(iter(body.shapes)).friction = friction

    # ---- time

    @rule(steps=st.integers(1, 8), engine=st.sampled_from(ENGINES))
    def step(self, steps: int, engine: str) -> None:
        for _ in range(steps):
            self.note("step")
            self.advance(engine)

    def advance(self, engine: str) -> None:
        physim.attach(self.space, engine=engine).step(DT)

    @rule()
    def snapshot(self) -> None:
        self.note("snapshot")
        self.kept = {body: (body.position, body.angle, body.velocity, body.angular_velocity) for body in self.moving}

    @rule()
    def restore(self) -> None:
        self.note("restore")
        for body, motion in self.kept.items():
            body.position, body.angle, body.velocity, body.angular_velocity = motion

    @rule()
    def copied(self) -> None:
        self.note("snapshot")
        place = {body: number for number, body in enumerate(self.space.bodies)}
        order = [place[body] for body in self.moving]
        self.space = self.space.copy()
        bodies = list(self.space.bodies)
        self.moving, self.kept = [bodies[number] for number in order], {}
        self.walls = [shape for shape in self.space.shapes if shape.body is self.space.static_body]
        self.joints = list(self.space.constraints)

    # ---- what must hold

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        assert sorted(body.id for body in self.space.bodies) == sorted(body.id for body in self.moving)
        assert len(self.space.shapes) == len(self.moving) + len(self.walls)
        assert list(self.space.constraints) == self.joints
        assert self.space.static_body.position == (0, 0)

    @invariant()
    def all_is_finite(self) -> None:
        values = [(*body.position, body.angle, *body.velocity, body.angular_velocity) for body in self.moving]
        assert np.isfinite(np.array(values)).all()

    def chosen(self, share: float) -> pymunk.Body:
        return self.moving[min(int(share * len(self.moving)), len(self.moving) - 1)]

    def note(self, operation: str) -> None:
        type(self).count[operation] += 1


class Billiards(Program):
    """Discs and walls without gravity, in centimetres; weights in metres refuse them while a rod is there."""

    count: ClassVar[Counter[str]] = Counter()
    gravity = 0.0
    toys = False
    weights = LearnedEngine.load("balls")

    def advance(self, engine: str) -> None:
        discs = all(isinstance(shape, pymunk.Circle) for body in self.moving for shape in body.shapes)
        if discs:
            physim.attach(self.space, self.weights, "learned", length_scale=0.01).step(1e-3)
        else:
            with pytest.raises(PhysimError, match="a graph takes segments for"):
                physim.attach(self.space, self.weights, "learned", length_scale=0.01).step(1e-3)


@pytest.mark.parametrize("machine", [Program, Billiards])
def test_nothing_breaks_under_random_operations(machine: type[Program]) -> None:
    run(machine, examples=8, steps=25)
    assert sum(machine.count.values()) > 100
    assert machine.count["step"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Program, Billiards])
def test_nothing_breaks_under_ten_thousand_operations(machine: type[Program]) -> None:
    machine.count.clear()
    run(machine, examples=200, steps=60)
    print(machine.__name__, sum(machine.count.values()), dict(machine.count))
    assert sum(machine.count.values()) >= 10_000


def run(machine: type[Program], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
