"""Energies, momenta, lengths of springs, errors and horizons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.edges import undirected
from physim.scenes.forces import PairForce
from physim.scenes.scene import DYNAMIC, SPRING, STATIC, Scene
from physim.scenes.trajectory import Trajectory

Motion = Trajectory | Scene
Energies = tuple[Tensor, Tensor]
"""Kinetic and potential energy in joules."""
EnergyOf = Callable[[Motion], Energies | None]
"""What gives the energies of each scene of a motion, such as `World.energies`; None where there is no potential."""
SpringEnergy = Callable[[Tensor, Tensor], Tensor]
"""The energy of springs from their stretch in metres and their stiffness, of one shape."""


def kinetic_energy(motion: Motion) -> Tensor:
    """The energy of motion and of turning of each scene, in joules; static and kinematic objects have none.

    Shapes: [T + 1, B] for a trajectory of B scenes, [B] for a scene.
    """
    scene = _scene(motion)
    moving = scene.mass * motion.vel.square().sum(dim=-1) / 2
    return _summed(scene, moving + _moment(scene) * motion.angular_velocity.square() / 2)


def hooke(stretch: Tensor, stiffness: Tensor) -> Tensor:
    """The energy of springs that pull with k s: k s^2 / 2, in joules, of the stretch s in metres and k in N/m."""
    return stiffness * stretch.square() / 2


def potential_energy(motion: Motion, forces: PairForce | None = None, spring: SpringEnergy = hooke) -> Tensor | None:
    """The energy of pair forces, uniform gravity and springs of each scene; None where the forces have no potential.

    Shapes: [T + 1, B] for a trajectory of B scenes, [B] for a scene.
    """
    scene, pos = _scene(motion), motion.pos
    gravity = scene.gravity[scene.owners]
    energy = _summed(scene, -scene.mass * (pos * gravity).sum(dim=-1)) + _springs(motion, spring)
    if forces is None:
        return energy
    flat = pos.reshape(-1, *pos.shape[-2:])
    parts = []
    for rows in torch.split(torch.arange(scene.num_bodies), scene.counts.tolist()):
        columns = {name: scene[name][rows].numpy()[None] for name in scene.columns}
        part = forces.energy(flat[:, rows].numpy(), columns)
        if part is None:
            return None
        parts.append(torch.from_numpy(part))
    return energy + torch.stack(parts, dim=-1).reshape(energy.shape)


def momentum(motion: Motion) -> Tensor:
    """The sum of m v of each scene.

    Shapes: [T + 1, B, 2] for a trajectory of B scenes, [B, 2] for a scene.
    """
    scene = _scene(motion)
    return torch.stack([_summed(scene, scene.mass * motion.vel[..., axis]) for axis in range(2)], dim=-1)


def angular_momentum(motion: Motion) -> Tensor:
    """The sum of m x cross v + I w of each scene, about the origin.

    Shapes: [T + 1, B] for a trajectory of B scenes, [B] for a scene.
    """
    scene, pos, vel = _scene(motion), motion.pos, motion.vel
    orbital = scene.mass * (pos[..., 0] * vel[..., 1] - pos[..., 1] * vel[..., 0])
    return _summed(scene, orbital + _moment(scene) * motion.angular_velocity)


def energies(motion: Motion, forces: PairForce | None = None, spring: SpringEnergy = hooke) -> Energies | None:
    """The kinetic and the potential energy of each scene; None where the forces have no potential.

    Shapes: as those of `kinetic_energy`.
    """
    potential = potential_energy(motion, forces, spring)
    return None if potential is None else (kinetic_energy(motion), potential)


def energy_drift(later: Energies, start: Energies) -> Tensor:
    """How far the energy is from the start's, as a share of the start's kinetic plus size of potential energy.

    Where nothing moved at the start, the share is of the later kinetic energy.

    Shapes: as those of `energies`.
    """
    scale = torch.where(start[0] > 0, start[0] + start[1].abs(), later[0])
    return (sum(later) - sum(start)) / torch.where(scale > 0, scale, 1.0)


def momentum_drift(motion: Scene, start: Scene) -> Tensor:
    """How far each scene's momentum is from the start's, as a share of the start's sum of m |v|; from rest, of today's.

    Shapes: [B].
    """
    before, now = (_summed(scene, scene.mass * scene.vel.norm(dim=-1)) for scene in (start, motion))
    scale = torch.where(before > 0, before, now)
    return (momentum(motion) - momentum(start)).norm(dim=-1) / torch.where(scale == 0, 1.0, scale)


def position_error(motion: Motion, truth: Motion) -> Tensor:
    """The distance of each scene's bodies from their true places, as the root of the mean square over moving bodies.

    Shapes: [T + 1, B] for trajectories of B scenes, [B] for scenes.
    """
    if motion.pos.shape != truth.pos.shape:
        raise PhysimError(f"pos has shape {tuple(motion.pos.shape)}, wanted the truth's {tuple(truth.pos.shape)}")
    scene = _scene(truth)
    moves = (scene.body_type == DYNAMIC).to(torch.float64)
    squares = _summed(scene, moves * (motion.pos - truth.pos).square().sum(dim=-1))
    return (squares / _summed(scene, moves).clamp(min=1)).sqrt()


def relative_kinetic_energy(motion: Trajectory) -> Tensor:
    """Each scene's kinetic energy as a multiple of its start's; not a number where nothing moved at the start.

    Shapes: [T + 1, B].
    """
    energy = kinetic_energy(motion)
    return torch.where(energy[0] > 0, energy / energy[0], torch.nan)


def spring_lengths(motion: Motion) -> Tensor:
    """The length of each spring from anchor to anchor, in metres, in the order of the scene's relations.

    Shapes: [T + 1, S] for a trajectory with S springs, [S] for a scene.
    """
    scene = _scene(motion)
    once = (scene.edge_kind == SPRING) & (scene.edge_index[0] < scene.edge_index[1])
    source, target = scene.held_at(once, motion.pos, motion.angle)
    return (source - target).norm(dim=-1)


def relative_spring_lengths(motion: Motion, truth: Motion) -> Tensor:
    """The length of each spring as a multiple of its true length at the same instant.

    Shapes: as those of `spring_lengths`.
    """
    return spring_lengths(motion) / spring_lengths(truth)


def springs_of(scene: Scene) -> Tensor:
    """The two ends of each spring, named once though it stands in the scene twice.

    Shapes: [2, S].
    """
    return undirected(scene.edge_index[:, scene.edge_kind == SPRING])


def static_drift(motion: Trajectory) -> Tensor:
    """How far the static body that moved farthest got from its start in each scene, in metres; 0 where none is static.

    Shapes: [B].
    """
    scene = motion.scene
    moved = (motion.pos - motion.pos[0]).norm(dim=-1).nan_to_num(nan=torch.inf).amax(dim=0)
    moved = torch.where(scene.body_type == STATIC, moved, 0.0)
    return torch.stack([part.amax() for part in moved.split(scene.counts.tolist())])


def horizon(error: Tensor, limit: float) -> Tensor:
    """The first step at which an error is past a limit (or not a number); T + 1 where it never is.

    Shapes: error [T + 1, ...] -> [...] int64.
    """
    past = ~(error <= limit)
    return torch.where(past.any(dim=0), past.to(torch.uint8).argmax(dim=0), len(error))


def median(values: Tensor) -> float:
    """The median over scenes; what is not finite counts as the worst."""
    return float(np.median(np.where(torch.isfinite(values), values, np.inf)))


def _springs(motion: Motion, spring: SpringEnergy) -> Tensor:
    """The energy of springs, each from anchor to anchor; each stands in the scene twice."""
    scene, pos = _scene(motion), motion.pos
    chosen = scene.edge_kind == SPRING
    target, columns = scene.edge_index[1, chosen], scene.edge_attr[chosen]
    source_end, target_end = scene.held_at(chosen, pos, motion.angle)
    stretch = (source_end - target_end).norm(dim=-1) - columns[:, 0]
    energy = torch.zeros(*pos.shape[:-2], scene.num_bodies, dtype=pos.dtype)
    return _summed(scene, energy.index_add_(-1, target, spring(stretch, columns[:, 1]) / 2))


def _scene(motion: Motion) -> Scene:
    return motion.scene if isinstance(motion, Trajectory) else motion


def _moment(scene: Scene) -> Tensor:
    return torch.where(torch.isfinite(scene.moment), scene.moment, 0.0)


def _summed(scene: Scene, values: Tensor) -> Tensor:
    """Sum over the objects of each scene [..., N] -> [..., B]."""
    totals = torch.zeros(*values.shape[:-1], len(scene.counts), dtype=values.dtype)
    return totals.index_add_(-1, scene.owners, values)
