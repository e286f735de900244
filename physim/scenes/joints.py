"""Springs, pins, pivots and slides: pymunk's constraints as relations of a scene, and back."""

from __future__ import annotations

import math
from typing import TypeAlias

import pymunk

from physim.errors import PhysimError
from physim.scenes.scene import PIN, PIVOT, SLIDE, SPRING

Point = tuple[float, float]
Columns = tuple[float, float, float, float]
"""What a relation is like, in the order of scene.RELATION_COLUMNS."""
Joint: TypeAlias = pymunk.DampedSpring | pymunk.PinJoint | pymunk.PivotJoint | pymunk.SlideJoint
_ERROR_BIAS = pymunk.PinJoint(pymunk.Body(1, 1), pymunk.Body(1, 1)).error_bias


def checked(joint: pymunk.Constraint) -> Joint:
    """The joint itself; raises PhysimError naming what a scene cannot express."""
    name = type(joint).__name__
    if not isinstance(joint, Joint):
        raise PhysimError(
            f"a scene cannot express the joint {name}, wanted DampedSpring, PinJoint, PivotJoint or SlideJoint"
        )
    if not (math.isinf(joint.max_force) and joint.error_bias == _ERROR_BIAS and math.isinf(joint.max_bias)):
        raise PhysimError(f"a {name} has its own max_force, error_bias or max_bias, wanted pymunk's defaults")
    if joint.pre_solve is not None or joint.post_solve is not None:
        raise PhysimError(f"a {name} has callbacks pre_solve or post_solve, which a scene cannot express")
    if isinstance(joint, pymunk.DampedSpring) and joint.force_func is not pymunk.DampedSpring.spring_force:
        raise PhysimError("a DampedSpring has its own force_func, which a scene cannot express")
    return joint


def columns_of(joint: Joint) -> tuple[int, Columns]:
    """The kind of relation that a joint is, and what it is like."""
    if isinstance(joint, pymunk.DampedSpring):
        return SPRING, (joint.rest_length, joint.stiffness, joint.damping, 0.0)
    if isinstance(joint, pymunk.PinJoint):
        return PIN, (joint.distance, 0.0, 0.0, 0.0)
    if isinstance(joint, pymunk.SlideJoint):
        return SLIDE, (joint.min, 0.0, 0.0, joint.max)
    return PIVOT, (0.0, 0.0, 0.0, 0.0)


def joint_of(kind: int, bodies: tuple[pymunk.Body, pymunk.Body], anchors: tuple[Point, Point], like: Columns) -> Joint:
    """The joint that a relation of some kind is, between two bodies and their anchors."""
    rest_length, stiffness, damping, max_length = like
    if kind == SPRING:
        return pymunk.DampedSpring(*bodies, *anchors, rest_length, stiffness, damping)
    if kind == SLIDE:
        return pymunk.SlideJoint(*bodies, *anchors, rest_length, max_length)
    if kind == PIVOT:
        return pymunk.PivotJoint(*bodies, *anchors)
    joint = pymunk.PinJoint(*bodies, *anchors)
    joint.distance = rest_length
    return joint
