"""Things in a maze, drawn where they are nearer than what is there: balls, columns and boxes."""

from __future__ import annotations

import math

from physim.native import compiled
from worlds.maze.rays import NOTHING, meet_box, meet_circle
from worlds.maze.surfaces import FAR, SIDE_LIGHT, lit, strip_of
from worlds.maze.textures import SHADES

EYE = 0.5
"""How high eyes are (m), in the middle of walls of one metre: what is above is the mirror of what is below."""
NEAREST = 0.02
"""Things nearer than that (m) are not drawn."""
WALL, FLOOR, CEILING, FIRST_THING = 0, 1, 2, 3
"""What ids say; thing k of a maze is FIRST_THING + k."""
NO_THING, BALL, COLUMN, BOX = 0, 1, 2, 3
"""Kinds of things: nothing; a ball that always faces the camera; an upright cylinder; an upright box."""
KIND, X, Y, HALF_X, HALF_Y, BOTTOM, TOP, PATTERN, HUE = range(9)
"""The columns of things."""


@compiled
def put(thing, number, pose, view, sheet, pictures):  # type: ignore[no-untyped-def]
    """Draw a thing where it is nearer than what is there."""
    x, y, ahead_x, ahead_y = pose
    away_x, away_y = thing[X] - x, thing[Y] - y
    deep, aside = away_x * ahead_x + away_y * ahead_y, away_x * ahead_y - away_y * ahead_x
    reach = thing[HALF_X] if thing[KIND] != BOX else math.hypot(thing[HALF_X], thing[HALF_Y])
    if deep + reach < NEAREST:
        return
    first, behind = _span(deep, aside, reach, view)
    for column in range(first, behind):
        across = view.across[column]
        dx, dy = ahead_x + ahead_y * across, ahead_y - ahead_x * across
        t, strip = _seen(thing, (-away_x, -away_y, dx, dy), deep, deep * across - aside, view, sheet)
        if NEAREST <= t < NOTHING:
            found = (column, t, (deep * across - aside) / thing[HALF_X], strip)
            _draw(thing, number, found, view.focal, sheet, pictures)


@compiled
def _span(deep, aside, reach, view):  # type: ignore[no-untyped-def]
    """The columns, first and behind the last, in which a thing of this reach can be."""
    width = len(view.across)
    if deep - reach < NEAREST:
        return 0, width
    left = min((aside - reach) / (deep - reach), (aside - reach) / (deep + reach))
    right = max((aside + reach) / (deep - reach), (aside + reach) / (deep + reach))
    first = math.ceil(left * view.focal + width / 2 - 0.5)
    behind = math.floor(right * view.focal + width / 2 - 0.5) + 1
    return max(first, 0), min(behind, width)


@compiled
def _seen(thing, ray, deep, aside, view, sheet):  # type: ignore[no-untyped-def]
    """How far away a thing is along a ray from where it stands, and the strip of its pattern that is seen there."""
    x, y, dx, dy = ray
    along, dark = 0.5, 1.0
    if thing[KIND] == BOX:
        t, face = meet_box(x, y, dx, dy, thing[HALF_X], thing[HALF_Y])
        dark = 1.0 if face == 0 else SIDE_LIGHT
        along = (y + t * dy + thing[HALF_Y]) if face == 0 else (x + t * dx + thing[HALF_X])
        along = along - math.floor(along) if t < NOTHING else 0.0
    elif thing[KIND] == COLUMN:
        t = meet_circle(x, y, dx, dy, thing[HALF_X])
        dark = math.sqrt(max(1 - (aside / thing[HALF_X]) ** 2, 0.0)) * 0.6 + 0.4
    else:
        t = deep if abs(aside) < thing[HALF_X] else NOTHING
    light = int(lit(min(t, FAR)) * dark)
    return t, strip_of(sheet, int(thing[PATTERN]), int(thing[HUE]), light, along, min(t, FAR) / view.focal)


@compiled
def _draw(thing, number, found, focal, sheet, pictures):  # type: ignore[no-untyped-def]
    """Draw what is found of a thing in one column: how far away, how far from its middle (in its half widths), and the
    strip of its pattern.
    """
    picture, depth, ids = pictures
    column, t, aside, strip = found
    start, size, colours = strip
    height = picture.shape[0]
    scale = focal / t
    tall = thing[TOP] - thing[BOTTOM]
    upper, lower = (EYE - thing[TOP]) * scale + height / 2, (EYE - thing[BOTTOM]) * scale + height / 2
    if thing[KIND] == BALL:
        middle, half = (upper + lower) / 2, (lower - upper) / 2 * math.sqrt(max(1 - aside * aside, 0.0))
        upper, lower = middle - half, middle + half
    for row in range(max(math.ceil(upper - 0.5), 0), min(math.ceil(lower - 0.5), height)):
        if t >= depth[row, column]:
            continue
        drop = EYE + (row + 0.5 - height / 2) / scale  # metres under the top of a wall
        texel = min(max(int(drop * size), 0), size - 1)
        shade = int(sheet.texels[start + texel])
        if thing[KIND] == BALL:
            shade = _rounded(aside, (drop - 1 + thing[TOP]) / tall * 2 - 1)
        picture[row, column] = sheet.colours[colours + shade]
        depth[row, column] = t
        if ids.shape[0]:
            ids[row, column] = number


@compiled
def _rounded(aside, under):  # type: ignore[no-untyped-def]
    """The shade of a ball so far aside of and under its middle, in its radii, lit from the upper left."""
    out = math.sqrt(max(1 - aside * aside - under * under, 0.0))
    lit = max(0.75 * out - 0.35 * under - 0.25 * aside, 0.0)
    return min(int((0.25 + 0.75 * lit) * SHADES), SHADES - 1)
