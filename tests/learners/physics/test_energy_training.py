from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from learners.physics.energy import states_of
from learners.physics.energy_data import States
from learners.physics.energy_training import MODELS, EnergyTask, trained
from physim.errors import PhysimError
from physim.graph import load_graph
from physim.learner import TrainSettings
from worlds.nbody import NBody
from worlds.strings import Strings

Settings = Callable[..., TrainSettings]
NBODY = NBody(bodies=3)
WORLDS = {"nbody": NBODY, "strings": Strings(masses=4)}


@pytest.fixture(scope="module")
def states() -> States:
    """Ten scenes of three bodies, twenty steps each."""
    return states_of(NBODY, 1, 10, 20)


def log_of(settings: TrainSettings) -> str:
    return settings.out.with_suffix(".losses.csv").read_text()


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    model: str, states: States, settings: Settings
) -> None:
    tensors = []
    for seed in (0, 0, 1):
        asked = settings(config=model, seed=seed)
        trained(states, asked, NBODY)
        tensors.append(load_file(asked.out))
    one, two, other = tensors
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_after_ctrl_c_the_losses_go_on_as_if_it_had_never_come(
    model: str, precision: str, states: States, settings: Settings, stop_after: Callable[[int], None]
) -> None:
    asked = settings(config=model, precision=precision)
    whole = trained(states, asked, NBODY).state_dict()
    wanted = log_of(asked)
    stop_after(4)
    with pytest.raises(KeyboardInterrupt):
        trained(states, asked, NBODY)
    assert asked.checkpoint.exists()
    assert len(log_of(asked).splitlines()) == 1 + 4
    resumed = trained(states, settings(config=model, precision=precision, resume=True), NBODY).state_dict()
    assert log_of(asked) == wanted
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("model", MODELS)
def test_training_lowers_the_loss(world: str, model: str, settings: Settings) -> None:
    asked = settings(config=model, updates=200)
    trained(states_of(WORLDS[world], 1, 20, 100), asked, WORLDS[world])
    losses = [float(row.split(",")[1]) for row in log_of(asked).splitlines()[1:]]
    assert sum(losses[-20:]) < 0.7 * sum(losses[:20])


def test_the_network_learns_what_holds_on_unseen_scenes(settings: Settings) -> None:
    asked = settings(config="abstraction_network", updates=200)
    states = states_of(NBODY, 1, 20, 100)
    before = EnergyTask(states, asked, NBODY).figures()["share_of_variance"]
    trained(states, asked, NBODY)
    (row,) = load_graph(asked.out)[1]["curve"]
    assert row["share_of_variance"] < 0.1 * before


def test_weights_their_losses_and_no_checkpoint_are_left(states: States, settings: Settings) -> None:
    asked = settings(config="mlp")
    graph = trained(states, asked, NBODY)
    assert {path.name for path in asked.out.parent.iterdir()} == {"a.safetensors", "a.losses.csv"}
    read, told = load_graph(asked.out)
    assert all(torch.equal(value, read.state_dict()[name]) for name, value in graph.state_dict().items())
    assert (told["config"], told["updates"], told["world"]["name"]) == ("mlp", 10, "nbody")


def test_scenes_held_out_are_never_learned_from(
    states: States, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[int] = set()
    examples = States.examples

    def watched(self: States, scenes: torch.Tensor, ticks: torch.Tensor) -> object:
        seen.update(scenes.tolist())
        return examples(self, scenes, ticks)

    monkeypatch.setattr(States, "examples", watched)
    task = EnergyTask(states, settings(config="mlp"), NBODY)
    for update in range(5):
        task.examples(update, 0.5, slice(0, 128))
    assert seen == set(range(9))
    task.figures()
    assert seen == set(range(10))


def test_knowing_nothing_but_the_mean_is_an_error_of_the_variance(states: States, settings: Settings) -> None:
    task = EnergyTask(states, settings(config="mlp"), NBODY)
    task.unseen = task.learned
    for parameter in task.graph.parameters():
        parameter.data.zero_()
    assert task.figures()["share_of_variance"] == pytest.approx(1, rel=0.2)


def test_parts_of_a_batch_are_those_of_the_whole(states: States, settings: Settings) -> None:
    task = EnergyTask(states, settings(config="mlp"), NBODY)
    whole, *parts = (task.examples(5, 0.0, slice(*part))[1]["quantities"] for part in ((0, 128), (0, 64), (64, 128)))
    assert torch.equal(torch.cat(parts), whole)


def test_a_loss_that_is_no_longer_finite_ends_the_training(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    states = states_of(NBODY, 1, 5, 20)
    monkeypatch.setattr(States, "prepare", lambda self, graph, seed, scenes: self.steps.serve(graph))
    states.quantities.fill_(torch.nan)
    with pytest.raises(PhysimError, match=r"the training diverged: the loss of update 1 is \[nan\]"):
        trained(states, settings(config="mlp"), NBODY)


def test_a_training_of_another_model_or_world_is_not_gone_on_with(
    states: States, settings: Settings, stop_after: Callable[[int], None]
) -> None:
    stop_after(4)
    with pytest.raises(KeyboardInterrupt):
        trained(states, settings(config="mlp"), NBODY)
    with pytest.raises(PhysimError, match="is of a training with config mlp, not abstraction_network"):
        trained(states, settings(config="abstraction_network", resume=True), NBODY)
    with pytest.raises(PhysimError, match=r"is of a training with world.parameters .*, not "):
        trained(states_of(NBody(bodies=4), 1, 10, 20), settings(config="mlp", resume=True), NBody(bodies=4))


def test_scenes_of_several_sizes_are_no_data_for_the_mlp(settings: Settings) -> None:
    states = states_of(NBODY, 1, 2, 5)
    states.steps.counts = torch.tensor([3, 4])
    with pytest.raises(PhysimError, match=r"an MLP wants scenes of one size, the data has scenes of \[3, 4\] bodies"):
        trained(states, settings(config="mlp"), NBODY)


def test_an_unknown_model_is_refused_with_the_known_ones(states: States, settings: Settings) -> None:
    with pytest.raises(PhysimError, match="config must be one of abstraction_network, mlp, got 'best'"):
        trained(states, settings(), NBODY)
