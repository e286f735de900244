from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from learners.experiment import read_rows
from learners.sequences.losses import UNCOUNTED, Likelihood
from learners.sequences.rows import Crops, SymbolRow
from physim.errors import PhysimError
from physim.graph import load_graph, save_graph
from physim.graph.cutting import Decoupled
from worlds.real_data.parts import Part
from worlds.real_data.speech import RATE, Recording
from worlds.spoken import Utterance

SOUND = {"symbol": torch.randint(0, 256, (2, 30), generator=torch.Generator().manual_seed(0))}


def spoken(voice: str, part: Part) -> list[Recording]:
    """Recordings that are noise, another for each voice."""
    random = np.random.default_rng([len(voice), len(part)])
    return [Recording(f"{k}", voice, random.normal(0, 0.1, RATE // 8).astype(np.float32)) for k in range(2)]


@pytest.fixture
def script(paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script at a scale of seconds."""
    module = paper("wavenet")
    changes = {"TRAINED": 3000, "TESTED": 2000, "DEPTHS": (2, 3), "ECHO_UPDATES": 100, "SOURCE_UPDATES": 100}
    for name, value in (changes | {"CHANNELS": 4, "SKIPS": 4}).items():
        monkeypatch.setattr(module, name, value)
    part = importlib.import_module("parts.speech_foretold")
    changes = {"DILATIONS": (1, 2), "UPDATES": 100, "ENGLISH": {"english": 100}, "ALL": {"all": 100}}
    changes |= {"recordings": spoken, "CHANNELS": 4, "SKIPS": 4, "AS_MANY": {"english": 100}}
    for name, value in changes.items():
        monkeypatch.setattr(part, name, value)
    return module


def test_every_part_fills_its_table(script: ModuleType, tmp_path: Path) -> None:
    parts = ("sources", "echo", "speech", "gates", "cut", "speakers", "voices")
    script.main(script.Args(quick=True, workers=1, out=tmp_path, parts=parts))
    folder = tmp_path / "quick"
    lines = {part: (folder / f"{part}.md").read_text().splitlines() for part in parts}
    assert {part: len(text) - 2 for part, text in lines.items()} == {
        "sources": 4, "echo": 6, "speech": 9, "gates": 4, "cut": 5, "speakers": 14, "voices": 8
    }  # fmt: skip
    rows = read_rows(folder / "spoken.csv")
    assert {row["arm"] for row in rows if row["name"] == "shuffled"} == {"coded"}
    assert {row["name"] for row in read_rows(folder / "spoken_rates.csv")} == {"valid", "seconds"}
    assert {row["arm"] for row in read_rows(folder / "cut_rates.csv")} == {"cut"}
    assert (
        len(list((folder / "nets").glob("spoken_*")))
        == len({(r["arm"], r["seed"], r["voice"], r["updates"]) for r in rows if r["updates"]}) + 3 + 1
    )
    again = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    script.main(script.Args(quick=True, workers=1, out=tmp_path, parts=parts))  # nothing is left to do
    assert again == [path.read_bytes() for path in sorted(folder.glob("*.csv"))]


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_phones_are_heard_and_told(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wants the extra `speech`, and flite."""
    pytest.importorskip("parselmouth")
    pytest.importorskip("pocketsphinx")
    for name in ("parts.speech_heard", "parts.speech_told"):
        module = importlib.import_module(name)
        changes = {"DILATIONS": (1, 2), "CHANNELS": 4, "SKIPS": 4, "UPDATES": 100}
        changes |= {"SENTENCES": {"train": 3, "valid": 1, "test": 1}}
        changes |= {"sentences": lambda part: [f"This is sentence {k} of {part}." for k in range(16)]}
        for key, value in changes.items():
            monkeypatch.setattr(module, key, value)
    monkeypatch.setattr(importlib.import_module("parts.speech_told"), "COUNTED", 12)
    script.main(script.Args(quick=True, workers=1, out=tmp_path, parts=("phones", "told")))
    heard, told = ((tmp_path / "quick" / f"{part}.md").read_text().splitlines()[2:] for part in ("phones", "told"))
    arms = ["both losses", "phones alone", "cepstra", "cepstra, more heard"]
    assert [line.split("|")[1].strip() for line in heard[:4]] == arms
    assert {row["arm"] for row in read_rows(tmp_path / "quick" / "phones_of_cepstra_rates.csv")} == set(arms[2:])
    assert (tmp_path / "quick" / "phones.png").exists()
    assert [line.split("|")[1].strip() for line in told[:5]] == [
        "phones and pitch", "phones", "nothing", "flite itself", "flite in 256 levels"
    ]  # fmt: skip
    assert (tmp_path / "quick" / "told_flite_itself.wav").exists()
    assert (tmp_path / "quick" / "told.png").exists()
    assert float(told[4].split("|")[3].split()[0]) < 0.2  # digits in 256 levels are understood


def test_music_is_judged_and_heard(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    music = importlib.import_module("parts.music_played")
    random = np.random.default_rng(0)
    changes = {"DILATIONS": {(1, 2): 0.1, (1, 4): 0.1}, "CHANNELS": 4, "SKIPS": 4, "UPDATES": 100, "CLIP": 1000}
    changes |= {"chorales": lambda part: [f"{part} {k}" for k in range(3)], "JUDGED": 500}
    changes |= {"played": lambda name: random.normal(0, 0.1, 2000).astype(np.float32)}
    for key, value in changes.items():
        monkeypatch.setattr(music, key, value)
    script.main(script.Args(quick=True, workers=1, out=tmp_path, parts=("music",)))
    folder = tmp_path / "quick"
    told = (folder / "music.md").read_text().splitlines()[2:4]
    assert [line.split("|")[1].strip() for line in told] == ["5", "7"]
    wanted = {"music_5.wav", "music_7.wav", "music.png", "music_curves.png"}
    assert {path.name for path in folder.glob("music*.*")} >= wanted
    shutil.rmtree(folder / "nets")  # what was played is kept, networks are not
    (folder / "music.png").unlink()
    script.main(script.Args(quick=True, workers=1, out=tmp_path, parts=("music",)))
    assert (folder / "music.png").exists()


def test_frames_of_cepstra_and_of_sound_are_of_the_same_phones(paper: Callable[[str], ModuleType]) -> None:
    pytest.importorskip("parselmouth")
    paper("wavenet")
    heard = importlib.import_module("parts.speech_heard")
    random = np.random.default_rng(0)
    sound = random.normal(0, 0.1, 16_000).astype(np.float32)
    one = Utterance("", "slt", sound, np.array([32, 1, 4]), np.array([0.3, 0.62, 1.0]))
    wanted = [heard.sound_row(one).wanted["phone"], heard.cepstral_row(one).wanted["phone"]]
    frames = [value[value != UNCOUNTED].tolist() for value in wanted]
    assert len(frames[0]) == 100
    assert frames[0] == frames[1] == 30 * [32] + 32 * [1] + 38 * [4]


def test_nothing_comes_back_to_the_first_half_of_a_severed_network(script: ModuleType, tmp_path: Path) -> None:
    net = importlib.import_module("parts.speech_foretold").network("severed")
    net(SOUND).square().mean().backward()
    first = [net.get_submodule(name) for name in ("embedding", "stem", "taps_0")]
    assert all(value.grad is None for module in first for value in module.parameters())
    assert all(value.grad.any() for value in net.get_submodule("taps_1").parameters())
    save_graph(tmp_path / "net.safetensors", net)
    again, _ = load_graph(tmp_path / "net.safetensors")
    assert torch.equal(again(SOUND), net(SOUND))


def test_a_cut_or_severed_network_foretells_what_the_whole_one_does(script: ModuleType) -> None:
    part = importlib.import_module("parts.speech_foretold")
    whole = part.network("wavenet").eval()
    for arm in ("cut", "severed"):
        net = part.network(arm).eval()
        net.load_state_dict(whole.state_dict(), strict=False)
        assert torch.equal(net(SOUND), whole(SOUND))


def test_gradients_of_synthesizers_are_shorter_than_those_of_the_network_that_they_are_clipped_with(
    paper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    paper("wavenet")
    part = importlib.import_module("parts.speech_foretold")
    monkeypatch.setattr(part, "DILATIONS", (1, 2))
    net = part.network("cut")
    Likelihood(net.outputs[0]).value((net(SOUND),), SOUND).backward()
    guessing = [node.synthesizer for node in net.nodes if isinstance(node, Decoupled)]
    theirs = {value for module in guessing for value in module.parameters()}
    lengths = [
        sum(float(value.grad.square().sum()) for value in several if value.grad is not None)
        for several in (theirs, set(net.parameters()) - theirs)
    ]
    assert 0 < lengths[0] < lengths[1] / 100


def test_both_halves_of_a_cut_network_are_timed_and_learn_nothing_by_it(script: ModuleType) -> None:
    part, parted = (importlib.import_module(f"parts.{name}") for name in ("speech_foretold", "wavenets_parted"))
    net = part.network("cut")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    crops = Crops([SymbolRow(SOUND["symbol"][0])], 20, 4, 256)
    assert len(parted.seconds_by_group(net, crops)) == 2
    assert all(seconds > 0 for seconds in part.halves(net, crops).values())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_who_is_compared_has_as_many_parameters_and_learns_from_as_many_samples(
    paper: Callable[[str], ModuleType],
) -> None:
    paper("wavenet")
    part = importlib.import_module("parts.speech_foretold")
    arms = (*part.GATES, "lstm")
    sizes = [sum(value.numel() for value in part.network(arm).parameters()) for arm in arms]
    assert max(sizes) < 1.01 * min(sizes)
    rows = [SymbolRow(torch.zeros(19_500, dtype=torch.int64))]  # about as long as recordings are
    every = [part.pieces(arm, rows, 0) for arm in ("wavenet", "lstm")]
    counts = [sum(int((crops(k)[1]["symbol"] != UNCOUNTED).sum()) for k in range(100)) for crops in every]
    assert max(counts) < 1.05 * min(counts)


def test_a_model_sees_as_far_as_the_echo_and_no_farther(paper: Callable[[str], ModuleType]) -> None:
    module = paper("wavenet")
    assert module.receptive_field(module.echo_dilations(module.NO_FARTHER, len(module.NEAR))) == module.ECHO_DELAY


def test_a_shuffled_code_is_never_ones_own(paper: Callable[[str], ModuleType]) -> None:
    paper("wavenet")
    part = importlib.import_module("parts.speech_foretold")
    for speaker in range(6):
        for length in range(1, 12):
            row = SymbolRow(torch.zeros(length, dtype=torch.int64), {"speaker": torch.tensor(speaker)})
            assert int(part.shuffled(row).whole["speaker"]) in set(range(6)) - {speaker}


def test_levels_lie_between_their_edges(script: ModuleType) -> None:
    edges, middles = importlib.import_module("parts.speech_foretold").mu_law_bins()
    assert bool((edges[:-1] < middles).all())
    assert bool((middles < edges[1:]).all())


def test_what_is_missing_is_missed_before_anything_runs(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(voice: str, part: Part) -> list[Recording]:
        raise PhysimError("speech was not fetched")

    monkeypatch.setattr(importlib.import_module("parts.speech_foretold"), "recordings", fetched)
    with pytest.raises(PhysimError, match=r"^speech was not fetched$"):
        script.main(script.Args(parts=("sources", "cut"), out=tmp_path))
    assert not list(tmp_path.iterdir())


def test_unknown_parts_are_refused(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(PhysimError, match=r"--parts: got \['song'\], wanted some of \['sources', 'echo'"):
        script.main(script.Args(parts=("song",), out=tmp_path))
