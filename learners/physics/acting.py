"""What acts in the scenes of a world, as the builders of networks are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

from physim.scenes.scene import PIN, POINT, SPRING, Scene
from physim.worlds import World


@final
@dataclass(frozen=True)
class Acting:
    """Which relations act in scenes, and whether shapes, gravity and damping do; `columns`: what bodies have."""

    columns: tuple[str, ...]
    relations: tuple[str, ...]
    shapes: bool
    gravity: bool
    damping: bool

    @classmethod
    def of(cls, world: World, scene: Scene) -> Self:
        """What acts in a world, by its forces and by one scene or a batch of scenes."""
        shapes = bool((scene.shape != POINT).any())
        acts = {
            "pairs": world.forces is not None,
            "springs": bool((scene.edge_kind == SPRING).any()),
            "pins": bool((scene.edge_kind == PIN).any()),
            "contacts": shapes,
        }
        return cls(
            columns=("mass", *world.columns),
            relations=tuple(kind for kind, there in acts.items() if there) or ("pairs",),
            shapes=shapes,
            gravity=bool((scene.gravity != 0).any()),
            damping=bool((scene.damping != 1).any()),
        )

    @property
    def external(self) -> bool:
        """Whether anything acts from outside of a scene."""
        return self.gravity or self.damping

    @property
    def message_columns(self) -> tuple[str, ...]:
        """The attributes of bodies that messages may depend on: for shapes, those that contacts depend on too."""
        return ("mass", *(("elasticity", "friction") if self.shapes else ()), *self.columns[1:])

    @property
    def energy_relations(self) -> tuple[str, ...]:
        """The relations that may hold energy."""
        return tuple(kind for kind in self.relations if kind in ("pairs", "springs")) or ("pairs",)
