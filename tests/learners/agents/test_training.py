from __future__ import annotations

import importlib.util
import math
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from learners.agents import losses
from learners.agents.environments import Environments
from learners.agents.graphs import agent, decide
from learners.agents.learning import Learner, Learning
from learners.agents.losses import AgentLoss, Values
from learners.agents.losses.base import FRESH, REPLAYED
from learners.agents.mind import Mind
from learners.agents.training import Training, TrainingSettings
from learners.agents.transports import Here, Playing
from learners.agents.unrolls import Unroll
from learners.precision import PRECISIONS, has_bfloat16
from learners.rows import read_rows
from physim.errors import PhysimError
from physim.graph import ModuleGraph, builder, load_graph
from tests.learners.agents.conftest import HEADS

STREAMS = FRESH, REPLAYED
LEARNING = Learning(replay=40, sequences=3, foreseen=4)


def everything(net: ModuleGraph) -> list[AgentLoss]:
    """UNREAL, Nav-A3C and all else in one list."""
    return [
        losses.PolicyGradient(net),
        losses.Values(net),
        losses.PixelControl(net),
        losses.FeatureControl(net),
        losses.RewardPrediction(net),
        losses.Values(net, stream="replayed"),
        losses.Depth(net, "features"),
        losses.Depth(net, "core"),
        losses.LoopClosure(net),
        losses.Placebo(net),
    ]


def plain(net: ModuleGraph) -> list[AgentLoss]:
    """A3C."""
    return [losses.PolicyGradient(net), losses.Values(net)]


def trained(playing: Playing, out: Path | None = None, **settings: Any) -> Training:
    kept = TrainingSettings(600, points=5, out=out, replay_kept=out is not None, **settings)
    training = Training(playing, everything, LEARNING, kept)
    training.run(progress=False)
    return training


@pytest.fixture
def seeing(playing: Callable[..., Playing]) -> Playing:
    """Mazes in which every head sees enough."""
    return playing(maze={"size": (44, 40)}, cores=(4, 8), heads=HEADS)


def test_all_losses_combine_in_one_list(seeing: Playing) -> None:
    training = trained(seeing)
    names = {loss.name for loss in training.learner.losses}
    assert len(names) == 10
    for row in training.progress.curve[2:]:  # by then the replay is full
        assert names <= set(row)
        assert all(math.isfinite(value) for value in row.values())


def test_a_training_that_was_interrupted_has_the_same_curve(
    seeing: Playing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(seeing)
    update = Learner.update

    def interrupted(self: Learner, unroll: Unroll) -> dict[str, float]:
        if self.version == 9:
            signal.raise_signal(signal.SIGINT)
        return update(self, unroll)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "update", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"stopped after 300 decisions; go on from .* by resume=True"):
            trained(seeing, tmp_path)
    again = trained(seeing, tmp_path, resume=True)
    for name, value in whole.graph.state_dict().items():
        assert torch.equal(value, again.graph.state_dict()[name]), name
    for one, two in zip(whole.progress.curve, again.progress.curve, strict=True):
        assert {**one, "seconds": 0} == {**two, "seconds": 0}
    assert len(read_rows(tmp_path / "curve.csv")) == 5


@pytest.mark.filterwarnings("default")
def test_curves_are_told_to_tensorboard_where_it_is_installed(playing: Callable[..., Playing], tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorboard") is None:
        with pytest.raises(PhysimError, match=r"pip install 'physim\[tensorboard\]'"):
            TrainingSettings(60, out=tmp_path, tensorboard=True)
    else:
        settings = TrainingSettings(60, out=tmp_path, tensorboard=True)
        Training(playing(), plain, LEARNING, settings).run(progress=False)
        assert list(tmp_path.glob("events*"))


def test_what_makes_no_training_is_refused_with_a_sentence(playing: Callable[..., Playing]) -> None:
    def started(added: Any = plain, learning: Learning = LEARNING, **settings: Any) -> None:
        setting = playing(maze=settings.pop("maze", None))
        Training(setting, added, learning, TrainingSettings(60, **settings)).run(progress=False)

    with pytest.raises(PhysimError, match="these environments are for tests"):
        started(maze={"test": True})
    with pytest.raises(PhysimError, match="the environments' seed must be under 90000"):
        started(maze={"seed": 90_000})
    with pytest.raises(PhysimError, match="seed must be under 90000"):
        Training(replace(playing(), seed=90_000), plain, LEARNING, TrainingSettings(60))
    with pytest.raises(PhysimError, match="begins after 120 decisions, 40 of each environment, and there are only 60"):
        started(lambda net: [losses.Values(net, stream="replayed")])
    with pytest.raises(PhysimError, match=r"decay is 1\.5, wanted from 0 to 1"):
        Learning(decay=1.5)
    with pytest.raises(PhysimError, match="ratio is inf, wanted 0 or more"):
        Learning(ratio=math.inf)
    with pytest.raises(PhysimError, match=r"replay is 1\.5, wanted a whole number, 1 or more"):
        Learning(replay=1.5)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match=r"begin: 'core\.weight' .* wanted a name of the graph's state"):
        started(begin={"core.weight": torch.zeros(1)})
    with pytest.raises(PhysimError, match="frozen: the graph has no module 'eyes'"):
        started(frozen=("eyes",))
    with pytest.raises(PhysimError, match="actors is -1"):
        started(actors=-1)
    with pytest.raises(PhysimError, match="begin: 'x' is 1, wanted a tensor"):
        started(begin={"x": 1})
    with pytest.raises(PhysimError, match="losses is a list, wanted a function"):
        started([losses.Values])
    with pytest.raises(PhysimError, match="losses gave None, wanted a list of at least one loss"):
        started(lambda net: None)
    with pytest.raises(PhysimError, match=r"losses gave \[\], wanted"):
        started(lambda net: [])
    with pytest.raises(PhysimError, match="2 losses are called 'values'"):
        started(lambda net: [*plain(net), losses.Values(net)])
    with pytest.raises(PhysimError, match=r"the stream is 'replay', wanted one of fresh, replayed$"):
        started(lambda net: [*plain(net), losses.Values(net, stream="replay")])
    with pytest.raises(PhysimError, match=r"the stream is 'skewed', wanted one of fresh, replayed$"):
        started(lambda net: [*plain(net), losses.Values(net, stream="skewed")])
    with pytest.raises(PhysimError, match="policy_gradient trusts 'value', and no other loss teaches it"):
        started(lambda net: [losses.PolicyGradient(net)])
    with pytest.raises(PhysimError, match=r"discount is 2\.0, wanted from 0 to 1"):
        started(lambda net: [losses.Values(net, discount=2.0)])
    with pytest.raises(PhysimError, match=r"replay begins with 9 ticks, 1\.0 of 9, wanted more than unrolls have, 11"):
        started(lambda net: [*plain(net), losses.Values(net, stream="replayed")], Learning(replay=9))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"actors": 1.5}, r"actors is 1\.5, wanted a whole number, 0 or more"),
        ({"decisions": 1.5}, r"decisions is 1\.5, wanted a whole number, 1 or more"),
        ({"points": 0}, "points is 0, wanted a whole number, 1 or more"),
        ({"frozen": "convolutions"}, r"frozen is 'convolutions', wanted several: \('convolutions',\)"),
        ({"replay_kept": True}, "replay_kept wants a folder `out`"),
        ({"resume": True}, "resume wants a folder `out`"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(PhysimError, match=told):
        TrainingSettings(**{"decisions": 60, **settings})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ticks", 0, "a whole number, 1 or more"),
        ("ticks", -3, "a whole number, 1 or more"),
        ("seed", -1, "a whole number, 0 or more"),
        ("episodes", -4, "a whole number, 0 or more"),
        ("labels", "advice", r"several: \('advice',\)"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(name: str, value: Any, told: str) -> None:
    with pytest.raises(PhysimError, match=f"{name} is {value!r}, wanted {told}"):
        Playing(Environments("CartPole-v1"), {}, **{name: value})


def test_replay_alone_teaches_once_it_is_there(playing: Callable[..., Playing]) -> None:
    def replayed(net: ModuleGraph) -> list[AgentLoss]:
        return [losses.ImpliedValues(net, 0.01)]

    curve = Training(playing(), replayed, LEARNING, TrainingSettings(300, points=10)).run(progress=False)
    assert "implied_values" not in curve[0]
    assert "implied_values" in curve[-1]


def ran(playing: Playing, learning: Learning = LEARNING, added: Any = plain, **settings: Any) -> list[dict[str, float]]:
    """The curve of a training of 90 decisions, if nothing else is said."""
    settings = {"decisions": 90, "points": 3} | settings
    return Training(playing, added, learning, TrainingSettings(**settings)).run(progress=False)


def test_another_training_is_not_gone_on_with(playing: Callable[..., Playing], tmp_path: Path) -> None:
    ran(playing(), out=tmp_path)
    with pytest.raises(PhysimError, match=r"is of a training with learning rate 0\.0007, not 0\.1$"):
        ran(playing(), replace(LEARNING, rate=0.1), out=tmp_path, resume=True)
    with pytest.raises(PhysimError, match=r"with environments width 3, not 4; recipe features 12, not 16$"):
        ran(playing(maze={"width": 4}, features=16), out=tmp_path, resume=True)
    with pytest.raises(PhysimError, match=r"with loss values weight 0\.5, not 0\.25$"):
        ran(
            playing(),
            added=lambda net: [losses.PolicyGradient(net), losses.Values(net, 0.25)],
            out=tmp_path,
            resume=True,
        )


def test_a_training_is_not_written_over_and_a_refused_one_leaves_no_folder(
    playing: Callable[..., Playing], tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    with pytest.raises(PhysimError, match="there is no checkpoint"):
        ran(playing(), out=folder, resume=True)
    assert not folder.exists()
    first = ran(playing(), out=str(folder))
    mind = Mind(load_graph(folder / "agent.safetensors")[0])
    seen = playing().environments.make().reset(seed=0)[0]
    assert mind.decide({name: value[0] for name, value in seen.items()}).action in range(mind.actions)
    with pytest.raises(PhysimError, match="new holds a training: go on from it by resume=True"):
        ran(playing(), out=folder)
    assert ran(playing(), out=folder, resume=True) == first
    for file in (folder / "curve.csv", folder / "curve.csv" / "below"):
        with pytest.raises(PhysimError, match=r"^out cannot be written: .*curve\.csv"):
            ran(playing(), out=file)


def test_a_training_is_extended_but_not_shortened(playing: Callable[..., Playing], tmp_path: Path) -> None:
    whole = ran(playing(), decisions=180, points=6)
    ran(playing(), decisions=80, points=2, out=tmp_path)  # ends with the unroll that it is in, after 90
    assert [row["decisions"] for row in ran(playing(), decisions=80, points=2, out=tmp_path, resume=True)] == [60, 90]
    more = ran(playing(), decisions=180, points=3, out=tmp_path, resume=True)
    assert [row["decisions"] for row in more] == [60, 90, 120, 180]
    assert more[-1]["gradient"] == pytest.approx((whole[-1]["gradient"] + whole[-2]["gradient"]) / 2)
    with pytest.raises(PhysimError, match="decisions is 150, but 180 are made in"):
        ran(playing(), decisions=150, out=tmp_path, resume=True)


def test_what_was_not_kept_is_not_gone_on_with(playing: Callable[..., Playing], tmp_path: Path) -> None:
    def replayed(net: ModuleGraph) -> list[AgentLoss]:
        return [losses.ImpliedValues(net, 0.01)]

    ran(playing(), added=replayed, decisions=150, out=tmp_path)
    with pytest.raises(PhysimError, match=r"replay_kept: .*checkpoint\.safetensors holds nothing of what was replayed"):
        ran(playing(), added=replayed, decisions=150, out=tmp_path, resume=True, replay_kept=True)
    ran(playing(), added=replayed, decisions=210, out=tmp_path, resume=True)


def test_a_training_runs_once_and_what_is_done_is_not_kept_anew(
    playing: Callable[..., Playing], tmp_path: Path
) -> None:
    def replayed(net: ModuleGraph) -> list[AgentLoss]:
        return [losses.ImpliedValues(net, 0.01)]

    first = ran(playing(), added=replayed, decisions=150, out=tmp_path, replay_kept=True)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    assert ran(playing(), added=replayed, decisions=150, out=tmp_path, resume=True) == first
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before  # what is replayed is there still
    training = Training(playing(), plain, LEARNING, TrainingSettings(60, points=2))
    training.run(progress=False)
    with pytest.raises(PhysimError, match="this training has run: make another"):
        training.run(progress=False)


def test_a_training_that_diverges_says_so(playing: Callable[..., Playing]) -> None:
    with pytest.raises(PhysimError, match=r"the training diverged: after [1-9][^;]*$"):
        Training(playing(), plain, Learning(rate=1e30), TrainingSettings(300)).run(progress=False)


def test_environments_that_give_no_numbers_are_named(
    playing: Callable[..., Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(playing(), plain, LEARNING, TrainingSettings(300))
    receive = Here.receive

    def broken(transport: Here) -> Unroll:
        unroll = receive(transport)
        unroll.ticks["velocity"][0, 3] = math.nan
        return unroll

    monkeypatch.setattr(Here, "receive", broken)
    with pytest.raises(PhysimError, match=r"after 0 decisions .*; the environments gave what is not finite: velocity$"):
        training.run(progress=False)


@pytest.mark.parametrize("ratio", [None, 2])
def test_replay_for_the_policy_itself_combines_with_the_rest(
    playing: Callable[..., Playing], ratio: float | None
) -> None:
    """PGQ and ACER, each with pixel control and depth, in the same update or in updates of their own."""
    seeing = playing(maze={"size": (44, 40)}, heads=HEADS)

    def implied(net: ModuleGraph) -> list[AgentLoss]:
        more = [losses.PixelControl(net), losses.Depth(net, "core")]
        return [losses.PolicyGradient(net), losses.Values(net), losses.ImpliedValues(net, 0.01), *more]

    def acer(net: ModuleGraph) -> list[AgentLoss]:
        both = [loss(net, stream=stream) for loss in (losses.AcerPolicy, losses.AcerCritic) for stream in STREAMS]
        return [*both, losses.PixelControl(net), losses.Depth(net, "core")]

    for added in (implied, acer):
        learning = replace(LEARNING, ratio=ratio, begin=0.5)
        training = Training(seeing, added, learning, TrainingSettings(600, points=4))
        row = training.run(progress=False)[-1]
        assert {loss.name for loss in training.learner.losses} <= set(row)
        assert all(math.isfinite(value) for value in row.values())
        updates = training.learner.version
        assert updates == 20 if ratio is None else 30 < updates < 80


@builder("tests_small_agent")
def small_agent(seen: int, actions: int) -> ModuleGraph:
    graph = ModuleGraph()
    body = graph.add("features", nn.Sequential(nn.Linear(seen, 8), nn.Tanh()), graph.input("vector"))
    decide(graph, (body, 8), actions)
    return graph


def test_any_graph_that_decides_is_an_agent() -> None:
    """And plays by itself."""
    cart = Playing(Environments("CartPole-v1", 2), {"seen": 4, "actions": 2}, ticks=5, builder="tests_small_agent")
    training = Training(cart, plain, Learning(), TrainingSettings(60))
    before = training.graph.get_parameter("features.0.weight").detach().clone()
    training.run(progress=False)
    assert not torch.equal(training.graph.get_parameter("features.0.weight"), before)
    assert Mind(training.graph).decide(np.zeros(4)).action in (0, 1)
    with pytest.raises(PhysimError, match="seen has view, wanted vector, too"):
        Mind(training.graph).decide({"view": np.zeros(4)})
    with pytest.raises(PhysimError, match=r"cannot read what the environments show, vector \[4\]: "):
        replace(cart, recipe={"seen": 5, "actions": 2}).actor()


class Wrong(AgentLoss):
    """An error that is none."""

    def __init__(self, net: ModuleGraph, error: Any) -> None:
        super().__init__("wrong", net, ("value",), 1.0)
        self.given = error

    def error(self, values: tuple[Tensor, ...], ticks: Mapping[str, Tensor]) -> Any:
        return self.given


@pytest.mark.parametrize(("error", "told"), [(None, "NoneType"), (0.5, "float"), (torch.zeros(2), r"\[2\]")])
def test_a_loss_of_ones_own_that_gives_no_scalar_is_refused(
    playing: Callable[..., Playing], error: Any, told: str
) -> None:
    net = agent(**playing().recipe)
    with pytest.raises(PhysimError, match=f"the error of wrong is {told}, wanted a tensor that is a scalar"):
        Learner(net, [*plain(net), Wrong(net, error)]).update(playing().actor(net).unroll(5))


def test_who_takes_over_learns_on_as_the_other_would(playing: Callable[..., Playing]) -> None:
    """What was replayed comes along, and no sequence of it goes on into what the new one plays."""
    setting = playing()
    one, other = (Training(setting, replaying, Learning(replay=40, begin=0.5), TrainingSettings(600)) for _ in "ab")
    actor = setting.actor(one.graph)
    for _ in range(3):
        one.learner.update(actor.unroll(10))
    other.learner.take_over(one.learner)
    unroll = setting.actor(one.graph, number=1).unroll(10)
    assert one.learner.update(unroll) == other.learner.update(unroll)
    for name, value in one.graph.state_dict().items():
        assert torch.equal(value, other.graph.state_dict()[name]), name
    assert other.learner.replay is not None
    ticks = other.learner.replay.rings[0].ticks
    assert ticks["last"][:, 29].all()  # the tick before the new one's first
    assert ticks["reset"][:, 30].all()


def replaying(net: ModuleGraph) -> list[AgentLoss]:
    return [*plain(net), Values(net, stream="replayed")]


def test_fresh_unrolls_are_repeated(playing: Callable[..., Playing]) -> None:
    """Each repeat is an update of its own, from weights that the one before left."""
    unroll = playing().actor().unroll(5)
    told = {}
    for repeats in (1, 2, 3):
        torch.manual_seed(0)
        net = agent(**playing().recipe)
        learner = Learner(net, plain(net), Learning(repeats=repeats))
        told[repeats] = learner.update(unroll)
        assert learner.version == repeats
    assert len({each["values"] for each in told.values()}) == 3


@pytest.mark.parametrize("cores", [(), (8,), (4, 8)])
def test_what_sees_learns_by_guesses_where_the_agent_is_cut(
    playing: Callable[..., Playing], cores: tuple[int, ...]
) -> None:
    setting = playing(cores=list(cores), cut=True)
    net = agent(**setting.recipe)
    learner, actor = Learner(net, plain(net), LEARNING), setting.actor()
    synthesizer = net.get_submodule("decoupled(features)")
    learner.update(actor.unroll(10))
    assert not any(one.grad is not None and one.grad.any() for one in net.features.parameters())  # silent at first
    before = [one.detach().clone() for one in (*net.features.parameters(), *synthesizer.parameters())]
    for _ in range(3):
        learner.update(actor.unroll(10))
    after = (*net.features.parameters(), *synthesizer.parameters())
    assert not any(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_mixed_precision_has_nearly_the_same_losses(seeing: Playing) -> None:
    unroll = seeing.actor().unroll(20)
    told = []
    for precision in PRECISIONS:
        torch.manual_seed(0)
        net = agent(**seeing.recipe)
        told.append(Learner(net, everything(net), replace(LEARNING, precision=precision)).update(unroll))
    assert (told[0] != told[1]) is has_bfloat16(torch.device("cpu"))
    assert all(value == pytest.approx(told[1][name], rel=0.05, abs=0.01) for name, value in told[0].items())


def test_a_way_to_the_only_reward_is_learned(playing: Callable[..., Playing]) -> None:
    """CartPole: more than twice what chance gets, after seconds."""

    def small(net: ModuleGraph) -> list[AgentLoss]:
        return [losses.PolicyGradient(net, entropy=0.01), losses.Values(net, weight=0.05)]

    recipe = {"sees": {"vector": (4,)}, "actions": 2, "cores": (), "features": 64}
    cart = Playing(Environments("CartPole-v1", 8), recipe, ticks=16)
    curve = Training(cart, small, Learning(rate=3e-3), TrainingSettings(30_000, points=6)).run(progress=False)
    assert curve[-1]["score"] > 2 * curve[0]["score"]


def test_what_stands_in_the_place_of_another_is_refused_by_name(playing: Callable[..., Playing]) -> None:
    with pytest.raises(PhysimError, match="environments is a str, wanted Environments"):
        Playing("CartPole-v1", {})  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="learning is a dict, wanted Learning"):
        Training(playing(), plain, {}, TrainingSettings(60))  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="settings is a int, wanted TrainingSettings"):
        Training(playing(), plain, LEARNING, 60)  # type: ignore[arg-type]
    with pytest.raises(PhysimError, match="graph is a int, wanted ModuleGraph"):
        Mind(3)  # type: ignore[arg-type]
