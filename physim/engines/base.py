"""The one signature of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from physim.arrays import Floats

if TYPE_CHECKING:
    from physim.scenes.scene import Scene

__all__ = ["Engine", "Floats", "State"]


class State(Protocol):
    """What every engine's state offers to read; the arrays hold float64 and are not written to by their reader.

    Shapes: pos, vel [N, 2]; angle, angular_velocity [N], N counting all objects of a batch of scenes.
    """

    @property
    def pos(self) -> Floats:
        """Positions."""

    @property
    def vel(self) -> Floats:
        """Velocities."""

    @property
    def angle(self) -> Floats:
        """Angles in radians."""

    @property
    def angular_velocity(self) -> Floats:
        """Radians per second."""

    @property
    def scene(self) -> Scene:
        """All of it as a scene, made when asked for."""


S = TypeVar("S", bound=State)


class Engine(ABC, Generic[S]):
    """Takes a scene, or a batch of scenes, from one instant to the next, `dt` later."""

    dt: float
    columns: tuple[str, ...] = ()
    """What the engine reads of bodies beside what every scene has, such as charge."""

    @abstractmethod
    def start(self, scene: Scene) -> S:
        """The state of a scene; raises PhysimError where this engine cannot run it."""

    @abstractmethod
    def step(self, state: S) -> S:
        """The state one `dt` later."""

    def pushed(self, state: S, impulse: Floats) -> S:
        """The state at the same instant, after an impulse (N s) on each object; what cannot move is not moved.

        An engine that keeps in its state what no scene holds, such as contacts, has a way of its own: here it starts
        anew from the scene.
        Shapes: impulse [N, 2].
        """
        import torch

        scene = state.scene
        vel = scene.vel + torch.from_numpy(impulse) * scene.inverse_mass[:, None]
        return self.start(scene.moved(vel=vel))

    def moved(self, state: S, scene: Scene) -> S:
        """The state at the same instant with the bodies where `scene` has them: `state.scene` in another motion.

        An engine that keeps in its state what no scene holds has a way of its own: here it starts anew from the scene.
        """
        return self.start(scene)

    def altered(self, state: S, scene: Scene, kept: Sequence[int]) -> S:
        """The state of `scene`, which has taken the place of a single `state.scene` at the same instant.

        `kept` says which object of `state.scene` each object of `scene` was, -1 where it is new. An engine that keeps
        in its state what no scene holds has a way of its own: here it starts anew from the scene.
        """
        return self.start(scene)

    def driven(self, state: S, force: Floats, torque: Floats) -> S:
        """The state one `dt` later, with a force (N) and a torque (N m) on each object for so long.

        They are impulses at the start of the step, unless an engine has a finer way.
        Shapes: force [N, 2], torque [N].
        """
        import torch

        scene = state.scene
        vel = scene.vel + self.dt * torch.from_numpy(force) * scene.inverse_mass[:, None]
        turning = scene.angular_velocity + self.dt * torch.from_numpy(torque) * scene.inverse_moment
        return self.step(self.moved(state, scene.moved(vel=vel, angular_velocity=turning)))

    def restarted(self, state: S, fresh: Mapping[int, Scene]) -> S:
        """The state of a batch in which `fresh` scenes have taken the places of those of their numbers.

        An engine that keeps in its state what no scene holds has a way of its own: here it starts all scenes anew.
        """
        from physim.scenes.scene import Scene, scenes_of

        scenes = [fresh.get(number, scene) for number, scene in enumerate(scenes_of(state.scene))]
        return self.start(Scene.batch_of(scenes))
