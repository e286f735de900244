from __future__ import annotations

from pathlib import Path

import pytest
import torch

from learners.agents.graphs import SEEING, TELLING, agent
from learners.agents.modules import DuellingMaps
from physim.errors import PhysimError
from physim.graph import check_steps, load_graph, save_graph
from tests.learners.agents.conftest import HEADS

SEES = {"image": (40, 44, 3), "velocity": (3,)}


def ticks(items: int = 2, length: int = 6) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return {
        "image": torch.randint(256, (items, length, 40, 44, 3), generator=random, dtype=torch.uint8),
        "velocity": torch.randn(items, length, 3, generator=random, dtype=torch.float64),
        "reward": torch.randn(items, length, 1, generator=random, dtype=torch.float64),
        "chance": torch.rand(items, length, 4, generator=random, dtype=torch.float64),
    }


@pytest.mark.parametrize("cores", [(5,), (3, 5)])
def test_acting_tick_by_tick_is_the_unroll(cores: tuple[int, ...]) -> None:
    net = agent(sees=SEES, actions=4, cores=cores, features=6, heads=HEADS).double()
    reset = torch.zeros(2, 6, dtype=torch.bool)
    reset[0, 2] = reset[1, 4] = True
    net.returns(*(net[name] for name in ("policy", "value", "choice", *HEADS)))
    check_steps(net, ticks(), reset, split=3)


def test_the_cores_of_nav_a3c_hear_what_they_should() -> None:
    """The first features and reward; the second features, the first, velocity and action (arXiv:1611.03673)."""
    net = agent(sees=SEES, actions=4, cores=(3, 5), features=6)
    given = {name: value.float() for name, value in ticks().items()} | {"action": torch.rand(2, 6, 4)}
    given |= {"image": ticks()["image"]}
    heard = {}
    for name in ("velocity", "reward", "action"):
        changed = given | {name: given[name] + 1}
        pairs = [net(seen, outputs=(net["first_core"], net["core"])) for seen in (given, changed)]
        heard[name] = [not torch.equal(one, two) for one, two in zip(*pairs, strict=True)]
    assert heard == {"velocity": [False, True], "reward": [True, True], "action": [False, True]}
    widths = [net.get_submodule(name).core.input_size for name in ("first_core", "core")]
    assert widths == [6 + 1, 6 + 3 + 3 + 4]


def test_nothing_is_seen_before_it_is_there() -> None:
    net = agent(sees=SEES, actions=4, cores=(3, 5), features=6).double()
    for name in ("image", "velocity", "reward"):
        changed = ticks()
        changed[name] = changed[name].clone()
        changed[name][:, 3] += 1
        before, after = (net(seen, outputs=net["policy"]) for seen in (ticks(), changed))
        assert torch.equal(before[:, :3], after[:, :3]), name
        assert not torch.equal(before[:, 3], after[:, 3]), name


def test_the_last_action_is_heard_one_tick_later() -> None:
    net = agent(sees=SEES, actions=4, cores=(5,), features=6).double()
    acted = torch.zeros(2, 6, 4, dtype=torch.float64)
    other = acted.clone()
    other[:, 2, 1] = 1
    before, after = (net(ticks() | {"action": action}, outputs=net["policy"]) for action in (acted, other))
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.equal(before[:, 3], after[:, 3])


def test_choices_follow_the_probabilities() -> None:
    net = agent(sees={"vector": (1,)}, actions=3, cores=(), features=2)
    probability = torch.tensor([0.2, 0.5, 0.3])
    with torch.no_grad():
        net.policy.weight.zero_()
        net.policy.bias.copy_(probability.log())
        chance = torch.rand(20_000, 3, generator=torch.Generator().manual_seed(0))
        chosen = net({"vector": torch.zeros(20_000, 1), "chance": chance}, outputs=net["choice"])
    assert torch.all(chosen.sum(1) == 1)
    torch.testing.assert_close(chosen.mean(0), probability, atol=0.02, rtol=0)


def test_means_of_numbers_stay_where_actions_do() -> None:
    net = agent(sees={"vector": (2,)}, actions=3, cores=(), features=4, continuous=True)
    seen = {"vector": 1e4 * torch.randn(50, 2, generator=torch.Generator().manual_seed(0))}
    means = net(seen, outputs=net["policy"])
    assert means.abs().max() <= 1
    assert (means.abs() > 0.99).any()
    assert net.get_submodule("policy").out_features == 3
    near = net({"vector": torch.zeros(1, 2)}, outputs=net["policy"])
    layer, core = net.get_submodule("policy"), net({"vector": torch.zeros(1, 2)}, outputs=net["features"])
    torch.testing.assert_close(near, torch.nn.functional.linear(core, layer.weight, layer.bias).tanh())


@pytest.mark.parametrize("size", [(84, 84), (42, 42), (64, 80)])
def test_cells_of_four_pixels_cover_the_middle(size: tuple[int, int]) -> None:
    net = agent(sees={"image": (*size, 3)}, actions=2, cores=(4,), features=4, heads=("pixel_control",))
    rows, columns = net.pixel_control(torch.zeros(1, 4)).shape[-2:]
    assert all(0 <= side - 4 * cells < 8 for side, cells in zip(size, (rows, columns), strict=True))
    if size == (84, 84):
        assert (rows, columns) == (20, 20)  # arXiv:1611.05397, section 4.1


def test_the_mean_over_actions_of_a_duelling_map_is_its_value() -> None:
    maps = DuellingMaps(6, 3, (4, 6))
    core = torch.randn(2, 6)
    value, advantage = maps.maps(maps.spread(core)).split([1, 3], dim=1)
    torch.testing.assert_close(maps(core).mean(1, keepdim=True), value)
    assert (advantage.mean(1).abs() > 1e-3).any()


def test_agents_are_kept_in_files(tmp_path: Path) -> None:
    net = agent(sees=SEES, actions=4, cores=(3, 5), features=6, heads=HEADS)
    save_graph(tmp_path / "agent.safetensors", net)
    again, _ = load_graph(tmp_path / "agent.safetensors")
    seen = {name: value if name == "image" else value.float() for name, value in ticks().items()}
    assert torch.equal(net(seen, outputs=net["policy"]), again(seen, outputs=again["policy"]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"heads": ("sight",)}, r"heads: got 'sight', wanted some of pixel_control"),
        ({"heads": "pixel_control"}, r"heads is 'pixel_control', wanted several"),
        ({"cores": 256}, r"cores is 256, wanted several"),
        ({"cores": (1, 2, 3)}, r"cores are \[1, 2, 3\], wanted none, one or two"),
        ({"sees": {"smell": (3,)}}, r"sees: got smell, wanted some of image, depth, vector, objects, velocity"),
        ({"sees": {"velocity": (3,)}}, r"must see an 'image', a 'vector' or 'objects'"),
        ({"sees": {"image": (12, 30, 3)}}, r"\[12, 30, 3\], wanted \[rows, columns, channels\] of at least 20 x 20"),
        ({"sees": {"vector": (3,)}, "heads": ("pixel_control",)}, r"'pixel_control' wants an image"),
    ],
)
def test_what_makes_no_agent_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(PhysimError, match=said):
        agent(**{"sees": SEES, "actions": 4} | settings)


def test_every_head_is_tried_here() -> None:
    assert {*SEEING, *TELLING} == {
        *HEADS,
        "duelling",
        "plain_worths",
    }  # two are for numbers: see test_acer_continuous.py
