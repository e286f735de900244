"""Mazes as graphs: the scene that message passing reads, of the very instant that is seen."""

from __future__ import annotations

import pymunk

from physim.scenes.scene import Scene
from physim.scenes.space_reading import scene_of
from worlds.maze.bodies import ITEM_NUMBERS, Bodies
from worlds.maze.episodes import Episodes
from worlds.maze.layout import middle


def scene_at(episodes: Episodes, number: int) -> Scene:
    """One maze as it is now: its walker, doors, blocks and obstacles, the items that are left, then the walls.

    The column `thing` says what an object is; items are static points, and the angle of the walker is where it looks.
    """
    beginning, bodies = episodes.beginnings[number], episodes.bodies[number]
    if bodies is None:
        bodies = Bodies(beginning.ground.layout)
        bodies.place(episodes.motion[number, :4])
    bodies.walker.angle = float(episodes.heading[number])  # a circle without friction: nothing moves otherwise for it
    items = []
    for cell, symbol in episodes.items_left(number).items():
        body = pymunk.Body(body_type=pymunk.Body.STATIC)
        body.position, body.thing = middle(cell), ITEM_NUMBERS[symbol]
        items.append(body)
    bodies.space.add(*items)
    try:
        return scene_of(bodies.space, episodes.dt, ("thing",))
    finally:
        bodies.space.remove(*items)
