"""Where the pictures of a walk lie in a window of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pygame import Rect

from physim.viewer.layout import Layout


class Places(NamedTuple):
    """Where each picture lies, by title; the title itself stands so many pixels above it."""

    pictures: dict[str, Rect]
    title: int


def places_of(layout: Layout, shapes: Mapping[str, tuple[int, ...]]) -> Places:
    """The first picture large, the others in a column beside it or in a row below it, whichever leaves it larger.

    The column is as high as the large picture, or the row as wide, if there is room. `shapes`: that of each picture
    [H, W, ...], by title; sides keep their ratios.
    """
    pad, title = layout.padding, round(1.7 * layout.font)
    room = Rect(pad, pad + title, layout.size[0] - 2 * pad, max(layout.footer.top - 2 * pad - title, 1))
    found = max((_beside(room, shapes, pad, title), _below(room, shapes, pad, title)), key=lambda each: each[0].width)
    whole = found[0].unionall(found[1:])
    away = (room.width - whole.width) // 2, (room.height - whole.height) // 2
    return Places({name: place.move(away) for name, place in zip(shapes, found, strict=True)}, title)


def _beside(room: Rect, shapes: Mapping[str, tuple[int, ...]], pad: int, title: int) -> list[Rect]:
    ratios = [shape[0] / shape[1] for shape in shapes.values()]
    inside = (pad + title) * max(len(ratios) - 2, 0)
    height = _shared(room.width - pad, room.height, ratios, inside)
    found = [_place(room.topleft, height / ratios[0], height)]
    left, top = found[0].right + pad, room.top
    for ratio in ratios[1:]:
        width = max(height - inside, 1) / sum(ratios[1:])
        found.append(_place((left, top), width, width * ratio))
        top = found[-1].bottom + pad + title
    return found


def _below(room: Rect, shapes: Mapping[str, tuple[int, ...]], pad: int, title: int) -> list[Rect]:
    ratios = [shape[1] / shape[0] for shape in shapes.values()]
    inside = pad * max(len(ratios) - 2, 0)
    width = _shared(room.height - pad - title, room.width, ratios, inside)
    found = [_place(room.topleft, width, width / ratios[0])]
    left, top = room.left, found[0].bottom + pad + title
    for ratio in ratios[1:]:
        height = max(width - inside, 1) / sum(ratios[1:])
        found.append(_place((left, top), height * ratio, height))
        left = found[-1].right + pad
    return found


def _shared(across: float, along: float, ratios: list[float], inside: float) -> float:
    """How long the first picture and all others together are in one direction, when what is left in the other one
    (`across`) is divided so that they are equally long; `ratios` are lengths to breadths, `inside` lies between the
    others.
    """
    others = sum(ratios[1:])
    if not others:
        return max(1.0, min(along, across * ratios[0]))
    return max(1.0, min(along, (across + inside / others) / (1 / ratios[0] + 1 / others)))


def _place(corner: tuple[int, int], width: float, height: float) -> Rect:
    return Rect(*corner, max(1, round(width)), max(1, round(height)))
