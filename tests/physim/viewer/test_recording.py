from __future__ import annotations

from pathlib import Path

import imageio.v3
import imageio_ffmpeg
import pygame
import pytest

from physim.errors import PhysimError
from physim.viewer.recording import Film, Recorder


def surfaces(count: int) -> list[pygame.Surface]:
    frames = [pygame.Surface((200, 100), 0, 32) for _ in range(count)]
    for number, frame in enumerate(frames):
        frame.fill((20, 30, 40))
        frame.fill((200, 150, 100), (10 * number, 20, 30, 30))
    return frames


def test_a_gif_has_the_frames_given(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "film.gif")
    for surface in surfaces(6):
        recorder.add(surface)
    recorder.close()
    assert imageio.v3.imread(recorder.path).shape == (6, 100, 200, 3)
    assert list(tmp_path.iterdir()) == [recorder.path]


def test_an_mp4_has_the_frames_given(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "film.mp4")
    for surface in surfaces(6):
        recorder.add(surface)
    recorder.close()
    assert imageio_ffmpeg.count_frames_and_secs(recorder.path)[0] == 6
    assert list(tmp_path.iterdir()) == [recorder.path]


def test_a_folder_has_a_picture_of_each_frame(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "film")
    frames = surfaces(4)
    for surface in frames:
        recorder.add(surface)
    assert not recorder.path.exists()
    recorder.close()
    assert list(tmp_path.iterdir()) == [recorder.path]
    pictures = sorted(recorder.path.iterdir())
    assert [path.name for path in pictures] == ["00000.png", "00001.png", "00002.png", "00003.png"]
    for path, surface in zip(pictures, frames, strict=True):
        assert (imageio.v3.imread(path)[..., :3] == pygame.surfarray.array3d(surface).transpose(1, 0, 2)).all()


def test_a_discarded_folder_leaves_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "film")
    for surface in surfaces(3):
        recorder.add(surface)
    recorder.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_png_is_the_last_frame_exactly(tmp_path: Path) -> None:
    path = tmp_path / "last.png"
    recorder = Recorder(path)
    frames = surfaces(3)
    for surface in frames:
        recorder.add(surface)
    recorder.close()
    last = pygame.surfarray.array3d(frames[-1]).transpose(1, 0, 2)
    assert (imageio.v3.imread(path) == last).all()


def test_wide_frames_are_scaled_down_for_a_gif(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "film.gif")
    for _ in range(2):
        recorder.add(pygame.Surface((1280, 720), 0, 32))
    recorder.close()
    assert imageio.v3.imread(tmp_path / "film.gif", index=0).shape[:2] == (404, 720)


@pytest.mark.parametrize("ending", [".gif", ".mp4", ".png"])
def test_a_discarded_film_leaves_nothing_and_what_was_there_stays(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"film{ending}"
    path.write_text("before")
    recorder = Recorder(path)
    for surface in surfaces(3):
        recorder.add(surface)
    recorder.discard()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_takes_no_film_is_named(tmp_path: Path) -> None:
    (tmp_path / "film.png").mkdir()
    recorder = Recorder(tmp_path / "film.png")
    recorder.add(surfaces(1)[0])
    with pytest.raises(PhysimError, match=r"film\.png cannot be written"):
        recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == ["film.png"]


@pytest.mark.parametrize("ending", [".GIF", ".MP4", ".PNG"])
def test_endings_may_be_in_capitals(tmp_path: Path, ending: str) -> None:
    recorder = Recorder(tmp_path / f"film{ending}")
    for surface in surfaces(3):
        recorder.add(surface)
    recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"film{ending}"]


def test_a_painted_gif_keeps_rare_colours_and_its_own_pace(tmp_path: Path) -> None:
    frame = pygame.Surface((200, 100), 0, 32)
    for column in range(200):
        frame.fill((55 + column, 40 + column // 2, 30), (column, 0, 1, 100))
    frame.fill((255, 216, 60), (90, 40, 6, 6))
    recorder = Recorder(tmp_path / "film.gif")
    recorder.film = Film(15, painted=True)
    for _ in range(2):
        recorder.add(frame)
        frame.fill((0, 0, 0), (0, 0, 5, 5))
    recorder.close()
    shown = imageio.v3.imread(recorder.path, index=0).astype(int)
    assert abs(shown - pygame.surfarray.array3d(frame).transpose(1, 0, 2))[10:].max() <= 16
    assert imageio.v3.immeta(recorder.path)["duration"] == 70
