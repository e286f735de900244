from __future__ import annotations

import numpy as np
import pytest
import torch

from learners.physics.path_windows import POSITION_RULE, Windows, path_by_changes
from physim.motion import position_after
from physim.scenes.tracks import Segment, Tracks


def tracks_of(lengths: list[int], noise: float = 0.0, objects: int = 2, dt: float = 0.1) -> Tracks:
    """Segments of scenes of their own, in which bodies fly in circles."""
    rng = np.random.default_rng(0)

    def segment(number: int, length: int) -> Segment:
        phase = np.arange(length)[:, None] * dt + np.arange(objects) * 1.5 + number
        pos = np.stack([np.cos(phase), np.sin(phase)], axis=-1)
        seen = pos + noise * rng.standard_normal(pos.shape)
        return Segment(str(number), seen, np.zeros((length, objects)), {"mass": np.arange(1.0, objects + 1)})

    segments = tuple(segment(number, length) for number, length in enumerate(lengths))
    return Tracks("tracks.csv", "", dt, segments, sum(lengths) * objects, ("mass",))


def test_paths_by_changes_are_those_of_the_engines_steps() -> None:
    steps, dt = 7, 0.1
    changes = torch.randn(steps, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pos, vel = torch.zeros(2, 2, dtype=torch.float64)
    walked = [pos]
    for change in changes:
        pos, vel = position_after(pos, vel, vel + change, dt, POSITION_RULE), vel + change
        walked.append(pos)
    at_once = torch.from_numpy(path_by_changes(np.arange(steps), steps, dt)) @ changes
    torch.testing.assert_close(at_once, torch.stack(walked))


def test_between_nodes_changes_go_evenly() -> None:
    nodes, every = np.array([0, 3, 9]), np.arange(10)
    few = path_by_changes(nodes, 10, 0.5) @ np.array([1.0, 4.0, -2.0])
    many = path_by_changes(every, 10, 0.5) @ np.interp(every, nodes, [1.0, 4.0, -2.0])
    np.testing.assert_allclose(few, many)


def test_windows_grow_with_the_noise_as_far_as_segments_reach() -> None:
    steps = [Windows(tracks_of([300] * 3, noise), ("mass",)).steps for noise in (0.0, 0.002, 0.3)]
    assert steps[0] == 10
    assert 10 < steps[1] < 299
    assert steps[2] == 299


def test_segments_too_short_for_a_window_are_left_out_and_counted() -> None:
    windows = Windows(tracks_of([40, 8, 40], noise=0.3), ("mass",))
    assert windows.steps == 39
    assert windows.rows_used == 160
    assert windows.scenes == ["0", "2"]


def test_windows_reach_both_ends_and_know_their_scenes() -> None:
    windows = Windows(tracks_of([23, 30]), ("mass",))
    assert windows.steps == 10
    of_first = windows.of(range(1))
    starts, ends = windows.raw[0].split(2), windows.raw[-1].split(2)
    first, second = (torch.from_numpy(segment.pos) for segment in windows.tracks.segments)
    assert torch.equal(starts[0], first[0])
    assert torch.equal(ends[of_first.stop - 1], first[-1])
    assert torch.equal(ends[-1], second[-1])
    assert windows.of(range(1, 2)) == range(of_first.stop, len(windows.scene_of))


def test_examples_say_where_the_states_of_a_path_stand() -> None:
    small, large = tracks_of([20], objects=2), tracks_of([20], objects=3)
    named = Segment("large", large.segments[0].pos, large.segments[0].angle, large.segments[0].attributes)
    windows = Windows(Tracks("t.csv", "", 0.1, (small.segments[0], named), 100, ("mass",)), ("mass",))
    chosen = torch.tensor([len(windows.scene_of) - 1, 0])
    inputs, targets = windows.examples(chosen)
    assert targets["paths"].shape == (windows.steps + 1, 5, 2)
    smooth = inputs["pos"][targets["rows"]]
    assert smooth.numpy() == pytest.approx(targets["paths"][windows.nodes].numpy(), abs=1e-3)
