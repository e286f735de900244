from __future__ import annotations

import io
import wave
from collections.abc import Callable

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.real_data import speech
from worlds.real_data.packaged import Packaged
from worlds.real_data.parts import PARTS, part_of
from worlds.real_data.sources import Source
from worlds.real_data.speech import MARGIN, RATE, WIDE_RATE, recordings, wide_recordings

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p")


def wav(samples: list[int], rate: int = RATE) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "NONE"))
        file.writeframes(np.array(samples, "<i2").tobytes())
    return held.getvalue()


@pytest.fixture
def prompts(
    data_set: Callable[..., Packaged], given: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, bytes]], None]:
    """Have recordings of an English voice fetched."""

    def fetched(files: dict[str, bytes]) -> None:
        held = {f"{speech.VOICES['english']}/{name}.wav": content for name, content in files.items()}
        small = data_set(held, given(held))
        small.fetch()
        monkeypatch.setattr(speech, "SPEECH", small)

    return fetched


def test_each_prompt_belongs_to_one_part_and_series_train(prompts: Callable[[dict[str, bytes]], None]) -> None:
    prompts({**{name: wav([9000]) for name in NAMES}, "digits/1": wav([9000]), "digits/2": wav([9000])})
    names = {part: [one.name for one in recordings("english", part)] for part in PARTS}
    found = [name for part in PARTS for name in names[part]]
    assert sorted(found) == sorted([*(f"{name}.wav" for name in NAMES), "digits/1.wav", "digits/2.wav"])
    assert {"digits/1.wav", "digits/2.wav"} <= set(names["train"])
    assert all(part_of(name) == part for part in PARTS for name in names[part] if "/" not in name)


def test_tones_are_no_speech(prompts: Callable[[dict[str, bytes]], None]) -> None:
    prompts({name: wav([9000]) for name in ("beep", "ascending-2tone", "a", "vm-beep")})
    assert sorted(one.name for part in PARTS for one in recordings("english", part)) == ["a.wav", "vm-beep.wav"]


def test_sound_is_of_one_and_its_quiet_ends_are_cut(prompts: Callable[[dict[str, bytes]], None]) -> None:
    prompts({"digits/1": wav([0] * 1000 + [-(2**15), 2**14] + [3] * 2000)})
    (one,) = recordings("english", "train")
    assert len(one.sound) == MARGIN + 2 + MARGIN - 1
    assert one.sound[MARGIN : MARGIN + 2].tolist() == [-1.0, 0.5]
    assert one.seconds == len(one.sound) / RATE


def test_other_rates_and_unknown_voices_are_refused(prompts: Callable[[dict[str, bytes]], None]) -> None:
    prompts({"digits/1": wav([1], rate=16000)})
    with pytest.raises(PhysimError, match=r"1\.wav has \(1, 2, 16000\) channels, bytes and samples a second, wanted"):
        recordings("english", "train")
    with pytest.raises(PhysimError, match="unknown voice 'latin': the known ones are english, spanish"):
        recordings("latin", "train")


def test_wide_sound_belongs_to_the_parts_of_the_other(
    data_set: Callable[..., Packaged], given: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    g722 = pytest.importorskip("G722")
    tone = (9000 * np.sin(np.arange(16_000) / 5)).astype(np.int16)
    coded = bytes(g722.G722(WIDE_RATE, 64_000).encode(tone))
    held = {f"{speech.VOICES['english']}/{name}.g722": coded for name in (*NAMES, "digits/1")}
    small = data_set(held, given(held))
    small.fetch()
    monkeypatch.setattr(speech, "WIDE_SPEECH", small)
    for part in PARTS:
        found = wide_recordings(part)
        assert all(part_of(one.name) == part for one in found if "/" not in one.name)
        assert all(0.99 < one.seconds < 1.01 for one in found)
    (one,) = (one for one in wide_recordings("train") if one.name == "digits/1.wav")
    middle = one.sound[4000:12_000]
    assert 0.9 < middle.std() / (tone.std() / 2**15) < 1.1


def test_what_was_not_fetched_says_how_to_get_it() -> None:
    with pytest.raises(PhysimError, match="`physim fetch speech` gets it"):
        recordings("english", "test")
