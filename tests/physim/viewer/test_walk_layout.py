from __future__ import annotations

from itertools import combinations

import pytest

from physim.viewer.layout import Layout
from physim.viewer.walk_layout import places_of

SHAPES = {
    "wide": {"view": (480, 640, 3), "map": (242, 462, 3), "depth": (480, 640, 3)},
    "square": {"view": (480, 640, 3), "map": (480, 480, 3), "depth": (480, 640, 3)},
    "flat": {"view": (480, 640, 3), "map": (100, 900, 3), "depth": (480, 640, 3)},
    "two": {"view": (480, 640, 3), "map": (300, 300, 3)},
    "alone": {"view": (480, 640, 3)},
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (600, 800), (800, 600), (320, 240), (1600, 400)])
def test_pictures_keep_their_ratios_their_titles_and_apart_inside_the_window(name: str, size: tuple[int, int]) -> None:
    layout, shapes = Layout(size, 1), SHAPES[name]
    places = places_of(layout, shapes)
    assert list(places.pictures) == list(shapes)
    titled = []
    for title, place in places.pictures.items():
        ratio = shapes[title][0] / shapes[title][1]
        assert abs(place.height - ratio * place.width) <= 1 + ratio
        whole = place.copy()
        whole.top, whole.height = place.top - places.title, place.height + places.title
        assert layout.footer.top >= whole.bottom
        assert whole.top >= 0
        assert whole.left >= 0
        assert whole.right <= size[0]
        titled.append(whole)
    assert not any(one.colliderect(other) for one, other in combinations(titled, 2))


@pytest.mark.parametrize("name", ["wide", "square"])
def test_the_view_is_the_largest_and_the_column_ends_where_it_does(name: str) -> None:
    view, above, depth = places_of(Layout((1280, 720), 1), SHAPES[name]).pictures.values()
    assert view.width > 1.5 * above.width
    assert view.top == above.top
    assert abs(view.bottom - depth.bottom) <= 1
    assert (above.left, above.width) == (depth.left, depth.width)


def test_in_an_upright_window_the_others_lie_in_a_row_below() -> None:
    view, above, depth = places_of(Layout((600, 800), 1), SHAPES["wide"]).pictures.values()
    assert view.width > 500
    assert above.top == depth.top > view.bottom
    assert abs(view.right - depth.right) <= 2
