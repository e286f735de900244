"""Scenes with an object more or fewer."""

from __future__ import annotations

import torch
from torch import Tensor

from physim.errors import PhysimError
from physim.scenes.scene import PAIR, Scene


def with_body(scene: Scene, body: Scene) -> Scene:
    """The scene with the one object of another as its last, a pair with every object but those of its own group.

    Pairs that stand in the order of `all_pairs` keep to it; else the new ones come last.
    Raises: PhysimError where the other scene is not one object, or its fields are not the scene's.
    """
    _check_single(scene)
    if body.num_bodies != 1 or "ptr" in body:
        raise PhysimError(f"body must be a scene of one object, got {body.num_bodies}")
    if body.object_fields != scene.object_fields:
        raise PhysimError(f"body has the fields {body.object_fields}, wanted the scene's {scene.object_fields}")
    count = scene.num_bodies
    fields = {name: torch.cat([scene[name], body[name]]) for name in scene.object_fields}
    fields["corner"] = torch.cat([scene.corner, body.corner])
    fields["corner_index"] = torch.cat([scene.corner_index, body.corner_index + count])
    others = torch.arange(count)[(scene.group != body.group) | (scene.group == 0)]
    return scene.moved(**fields, **_related(scene, others))


def without(scene: Scene, number: int) -> Scene:
    """The scene without an object, its corners and its relations; all others keep their order.

    Raises: PhysimError where there is no such object.
    """
    _check_single(scene)
    if not 0 <= number < scene.num_bodies:
        raise PhysimError(f"number must be one of the {scene.num_bodies} objects, from 0 on, got {number}")
    fields = {name: torch.cat([scene[name][:number], scene[name][number + 1 :]]) for name in scene.object_fields}
    corners, relations = scene.corner_index != number, (scene.edge_index != number).all(dim=0)
    fields["corner"] = scene.corner[corners]
    fields["corner_index"] = _closed(scene.corner_index[corners], number)
    fields["edge_index"] = _closed(scene.edge_index[:, relations], number)
    fields |= {name: scene[name][relations] for name in ("edge_kind", "edge_attr", "edge_anchor")}
    return scene.moved(**fields)


def _check_single(scene: Scene) -> None:
    if "ptr" in scene:
        raise PhysimError(f"one scene is edited at a time, got a batch of {len(scene.ptr) - 1}")


def _closed(numbers: Tensor, gone: int) -> Tensor:
    """The numbers of objects once one is gone."""
    return numbers - (numbers > gone).long()


def _related(scene: Scene, others: Tensor) -> dict[str, Tensor]:
    """The relations of a scene with those of a new last object, a pair with each of the others, both ways."""
    new = torch.full_like(others, scene.num_bodies)
    index = torch.cat([scene.edge_index, torch.stack([new, others]), torch.stack([others, new])], dim=1)
    fields = {name: _lengthened(scene[name], 2 * len(others)) for name in ("edge_kind", "edge_attr", "edge_anchor")}
    target = torch.where(fields["edge_kind"] == PAIR, index[1], scene.num_bodies + 1)  # springs and joints come last
    order = torch.arange(len(target))
    if bool((target[: scene.edge_index.shape[1]].diff() >= 0).all()):
        order = target.argsort(stable=True)
    return {"edge_index": index[:, order]} | {name: field[order] for name, field in fields.items()}


def _lengthened(field: Tensor, rows: int) -> Tensor:
    """A column of relations with rows of pairs added, which are zeros."""
    return torch.cat([field, field.new_full((rows, *field.shape[1:]), PAIR)])
