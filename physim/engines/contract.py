"""The contract of engines, as a program that users run on their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from physim.arrays import Floats
from physim.engines.base import Engine
from physim.errors import PhysimError
from physim.scenes.scene import STATE_FIELDS, Scene

Values = dict[str, Floats]


def check_engine(engine: Engine[Any], scene: Scene, steps: int = 5) -> None:
    """Check what everything else takes for granted of an engine, on a scene or a batch of scenes.

    Raises: PhysimError saying what is wrong, where the engine lacks a part of the signature, does not start at the
    scene, gives a state of wrong shapes or one that is not finite, changes the scene or a state that it was given, or
    makes two runs that differ.
    """
    check_signature(engine)
    scene_before = {name: scene[name].clone() for name in STATE_FIELDS}
    first = _run(engine, scene, steps)
    for name, value in scene_before.items():
        if not torch.equal(scene[name], value):
            raise PhysimError(f"the engine changes {name} of the scene that it starts from, wanted a state of its own")
        if not np.allclose(first[0][name], value.numpy(), rtol=1e-5, atol=1e-6):
            raise PhysimError(f"the engine's state after start has another {name} than the scene, wanted the scene's")
    for step, (one, other) in enumerate(zip(first, _run(engine, scene, steps), strict=True)):
        _check_same(one, other, f"two runs of the engine from one scene differ: at step {step}")


def check_signature(engine: Any) -> None:
    """Check that an object has the parts of an engine: dt, start and step.

    Raises: PhysimError saying which part is missing.
    """
    kind = type(engine).__name__
    for part in ("start", "step"):
        if not callable(getattr(engine, part, None)):
            raise PhysimError(f"{kind} is no engine: it has no method {part}, wanted dt, start(scene) and step(state)")
    dt = getattr(engine, "dt", None)
    if not isinstance(dt, int | float) or not 0 < dt < math.inf:
        raise PhysimError(f"dt of the engine {kind} is {dt!r}, wanted its step in seconds, above 0")


def _run(engine: Engine[Any], scene: Scene, steps: int) -> list[Values]:
    """What the states of a rollout hold, each checked on its way."""
    state = engine.start(scene)
    held = [_values(state, scene, "start")]
    for _ in range(steps):
        following = engine.step(state)
        held.append(_values(following, scene, "step"))
        _check_same(held[-2], _values(state, scene, "step"), "the engine's step changes the state that it is given:")
        state = following
    moved = _scene_of(state)
    for name in ("pos", "vel"):
        if not np.allclose(moved[name].numpy(), held[-1][name], rtol=1e-5, atol=1e-6):
            raise PhysimError(f"state.scene has another {name} than state.{name}")
    return held


def _values(state: Any, scene: Scene, method: str) -> Values:
    """Copies of a state's arrays; a state without them, or with others than the scene asks for, is refused."""
    values = {}
    for name in STATE_FIELDS:
        value, wanted = getattr(state, name, None), tuple(scene[name].shape)
        if not isinstance(value, np.ndarray) or value.dtype != np.float64 or value.shape != wanted:
            raise PhysimError(
                f"state.{name} after {method} is {_described(value)}, wanted a float64 numpy array of shape {wanted}"
            )
        if not np.isfinite(value).all():
            body = int(np.argwhere(~np.isfinite(value))[0, 0])
            raise PhysimError(f"state.{name} after {method} is not finite: body {body} has {value[body].tolist()}")
        values[name] = value.copy()
    return values


def _scene_of(state: Any) -> Scene:
    scene = getattr(state, "scene", None)
    if not isinstance(scene, Scene):
        raise PhysimError(f"state.scene is {_described(scene)}, wanted a Scene in the state's place")
    return scene


def _check_same(one: Values, other: Values, complaint: str) -> None:
    for name, value in one.items():
        if not np.array_equal(value, other[name]):
            raise PhysimError(f"{complaint} {name} differs")


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} array of shape {value.shape}"
    return "missing" if value is None else f"a {type(value).__name__}"
