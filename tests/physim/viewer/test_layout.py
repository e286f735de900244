from __future__ import annotations

import pytest
from pygame import Rect

from physim.viewer.layout import Layout

SIZES = [(240, 240), (320, 200), (800, 450), (1280, 720), (1920, 1080), (3840, 2160), (500, 900)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("panels", range(1, 10))
@pytest.mark.parametrize("plotting", [False, True])
def test_panels_plots_and_the_bar_fill_the_window_without_overlap(
    size: tuple[int, int], panels: int, plotting: bool
) -> None:
    layout = Layout(size, panels, plotting)
    parts = [*layout.rectangles, layout.footer, *([layout.strip] if plotting else [])]
    assert all(Rect(0, 0, *size).contains(part) for part in parts)
    assert not any(a.colliderect(b) for number, a in enumerate(parts) for b in parts[:number])
    share = 0.97 if min(size) > 400 else 0.93  # gaps are of two pixels, however small the window
    assert sum(part.width * part.height for part in parts) > share * size[0] * size[1]
    assert len(layout.rectangles) == panels
    gaps = sum(gap.clip(Rect(0, 0, *size)).width * gap.clip(Rect(0, 0, *size)).height for gap in layout.gaps)
    panes = sum(part.width * part.height for part in layout.rectangles)
    assert gaps + panes >= size[0] * layout.strip.top


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("panels", [1, 2, 6, 9])
def test_bodies_are_kept_within_their_panel(size: tuple[int, int], panels: int) -> None:
    layout = Layout(size, panels)
    for panel in layout.rectangles:
        assert Rect(0, 0, *panel.size).contains(layout.stage(panel))


@pytest.mark.parametrize("size", SIZES)
def test_curves_lie_within_their_plot(size: tuple[int, int]) -> None:
    layout = Layout(size, 2, plotting=True)
    for plot in layout.plots:
        assert Rect(0, 0, *layout.strip.size).contains(plot)
        assert Rect(0, 0, *plot.size).contains(layout.frame(plot.size))


def test_text_grows_with_the_window() -> None:
    assert Layout((800, 450), 2).font < Layout((1280, 720), 2).font < Layout((1920, 1080), 2).font


@pytest.mark.parametrize("size", SIZES)
def test_without_figures_a_panel_is_the_whole_window(size: tuple[int, int]) -> None:
    plain, figured = Layout(size, 1, figures=False), Layout(size, 1)
    (panel,) = plain.rectangles
    assert panel == Rect(0, 0, *size)
    assert plain.stage(panel).height > figured.stage(figured.rectangles[0]).height


def test_panels_are_as_square_as_they_can_be() -> None:
    def shape(panels: int, size: tuple[int, int] = (1280, 720)) -> list[int]:
        tops = [panel.top for panel in Layout(size, panels).rectangles]
        return [tops.count(top) for top in dict.fromkeys(tops)]

    assert [shape(panels) for panels in range(1, 7)] == [[1], [2], [3], [2, 2], [3, 2], [3, 3]]
    assert shape(2, (400, 900)) == [1, 1]
