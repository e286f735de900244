from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physim.errors import PhysimError
from physim.scenes.edges import all_pairs, among, nearest_edges, radius_edges, undirected


def scattered(counts: list[int], seed: int = 0, side: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    pos = side * (3 * torch.rand(sum(counts), 2, generator=generator, dtype=torch.float64) - 1)
    return pos, torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts, dtype=torch.int64))


def distances(pos: torch.Tensor, box: float | None) -> torch.Tensor:
    offset = pos[:, None] - pos[None]
    if box is not None:
        offset = offset - box * torch.round(offset / box)
    return offset.norm(dim=-1)


def by_target(edges: set[tuple[int, int]]) -> list[list[int]]:
    return [list(edge) for edge in sorted(edges, key=lambda edge: (edge[1], edge[0]))]


@pytest.mark.parametrize("counts", [[], [0], [1], [4], [3, 0, 1, 5]])
def test_all_pairs_relate_each_body_to_all_others_of_its_scene(counts: list[int]) -> None:
    _, batch = scattered(counts)
    wanted = {(i, j) for i in range(len(batch)) for j in range(len(batch)) if i != j and batch[i] == batch[j]}
    assert all_pairs(counts).T.tolist() == by_target(wanted)
    assert all_pairs(torch.tensor(counts, dtype=torch.int64)).dtype == torch.int64


@given(counts=st.lists(st.integers(0, 8), min_size=1, max_size=4), seed=st.integers(0, 99), boxed=st.booleans())
@settings(max_examples=40, deadline=None)
def test_radius_edges_equal_brute_force(counts: list[int], seed: int, boxed: bool) -> None:
    pos, batch = scattered(counts, seed)
    box = 1.5 if boxed else None
    near = (distances(pos, box) <= 0.6) & (batch[:, None] == batch[None]) & ~torch.eye(len(pos), dtype=torch.bool)
    wanted = {(int(i), int(j)) for i, j in near.nonzero()}
    assert radius_edges(pos, 0.6, batch, box).T.tolist() == by_target(wanted)


@given(counts=st.lists(st.integers(0, 8), min_size=1, max_size=4), seed=st.integers(0, 99), boxed=st.booleans())
@settings(max_examples=40, deadline=None)
def test_nearest_edges_equal_brute_force(counts: list[int], seed: int, boxed: bool) -> None:
    pos, batch = scattered(counts, seed)
    box = 1.5 if boxed else None
    apart = distances(pos, box)
    apart[batch[:, None] != batch[None]] = torch.inf
    apart.fill_diagonal_(torch.inf)
    wanted = set()
    for body, row in enumerate(apart):
        neighbours = [int(other) for other in row.argsort()[:3] if row[other] < torch.inf]
        wanted |= {(other, body) for other in neighbours}
    assert nearest_edges(pos, 3, batch, box).T.tolist() == by_target(wanted)


def test_nearest_edges_of_coinciding_bodies_have_no_self_loops() -> None:
    edges = nearest_edges(torch.zeros(5, 2, dtype=torch.float64), 2)
    assert edges.shape == (2, 10)
    assert not (edges[0] == edges[1]).any()


def test_undirected_names_each_pair_once() -> None:
    edges = all_pairs([4, 3])
    once = undirected(edges)
    both = torch.cat([once, once.flip(0)], dim=1)
    assert (once[0] < once[1]).all()
    assert {tuple(edge) for edge in both.T.tolist()} == {tuple(edge) for edge in edges.T.tolist()}
    assert 2 * once.shape[1] == edges.shape[1]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_positions_that_are_not_finite_are_refused_by_body(bad: float) -> None:
    pos, _ = scattered([4])
    pos[2, 1] = bad
    with pytest.raises(PhysimError, match="pos of body 2"):
        radius_edges(pos, 1.0)
    with pytest.raises(PhysimError, match="pos of body 2"):
        nearest_edges(pos, 1)


def test_numbers_out_of_range_are_refused() -> None:
    pos, _ = scattered([4])
    with pytest.raises(PhysimError, match="radius must be above 0, got 0"):
        radius_edges(pos, 0)
    with pytest.raises(PhysimError, match="half of the periodic box"):
        radius_edges(pos, 2.0, box=3.0)
    with pytest.raises(PhysimError, match="k must be at least 1"):
        nearest_edges(pos, 0)


def test_pairs_are_found_among_others_whichever_way_round() -> None:
    pairs, others = torch.tensor([[0, 2, 1, 2], [1, 0, 0, 1]]), torch.tensor([[1, 0], [0, 3]])
    assert among(pairs, others, count=4).tolist() == [True, False, True, False]
    assert among(pairs, others[:, :0], count=4).tolist() == [False] * 4


def test_more_pairs_than_the_memory_holds_are_refused_with_what_they_would_take() -> None:
    with pytest.raises(PhysimError, match="1000000 objects in all pairs would take 81,956 GiB of memory"):
        all_pairs([2, 1_000_000])
