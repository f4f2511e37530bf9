"""Voices from beginning to end: learned from a robot's clips, which need nothing that is not here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from speech_clips import TEXTS, robot

from seqgen.domain import Splits
from seqgen.domains.speech import Clip, VoiceModel, load, resume, train
from seqgen.domains.speech.clip import PAUSE, Phone
from seqgen.domains.speech.codec import VoiceCodec
from seqgen.domains.speech.sound.analysis import analysed
from seqgen.domains.speech.sound.pitch import pitch_of
from seqgen.domains.speech.sound.vocoder import synthesised
from seqgen.errors import DataError, ModelError, UsageError

pytestmark = pytest.mark.usefixtures("mixed_numbers")

CLIPS = [robot(text, f"robot{number}", number) for number, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "robot"
    return train(Splits(CLIPS[:8], CLIPS[8:10]), folder, size="tiny", steps=30, rows=4).folder


@pytest.fixture(scope="module")
def voice(run: Path) -> VoiceModel:
    return load(run)


def test_a_voice_says_a_text(voice: VoiceModel) -> None:
    clip = voice.say("It was you. Who?")
    assert clip.rate == 16_000 and np.isfinite(clip.samples).all() and 0.01 < np.abs(clip.samples).max() <= 0.9
    names = [phone.name for phone in clip.phones]
    assert names == ["_", "IH", "T", "W", "AH", "Z", "Y", "UW", "_", "_", "HH", "UW", "_"]
    assert clip.ends[-1] == pytest.approx(clip.seconds, abs=0.02) and np.all(np.diff(clip.ends) > 0)
    assert voice.say("It was you. Who?") == clip
    one, two = voice.stream("It was you. Who?")
    np.testing.assert_array_equal(np.concatenate([one.samples, two.samples]), clip.samples)


def test_speed_and_pitch_are_the_callers(voice: VoiceModel) -> None:
    usual, fast, high = voice.say("It is so."), voice.say("It is so.", speed=2.0), voice.say("It is so.", pitch=1.5)
    assert fast.seconds == pytest.approx(usual.seconds / 2, rel=0.01) and high.seconds == usual.seconds
    low, above = (np.exp(np.median(frames.pitch[frames.voiced])) for frames in map(analysed, (usual, high)))
    assert above / low == pytest.approx(1.5, rel=0.1)
    with pytest.raises(UsageError, match=r"speed is 9; give 0\.25 to 4 times"):
        voice.say("It is so.", speed=9)
    with pytest.raises(UsageError, match="lively is 2; give 0 to 1"):
        voice.say("It is so.", lively=2)
    with pytest.raises(DataError, match="there is nothing to say in '!'; give a text with words"):
        voice.say("!")


def test_sentences_share_their_programs(voice: VoiceModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqgen.machine.cache.programs", lambda: tmp_path)
    voice.say("Go to the old town.")
    kept = set(tmp_path.iterdir())
    assert kept
    voice.say("They said it was not so.")
    assert set(tmp_path.iterdir()) == kept


def test_a_resumed_run_is_the_run_that_never_stopped(tmp_path: Path) -> None:
    data = Splits(CLIPS[:4], CLIPS[4:5])
    whole = train(data, tmp_path / "whole", size="tiny", steps=4, rows=2)
    train(data, tmp_path / "parts", size="tiny", steps=2, rows=2)
    parts = resume(tmp_path / "parts", data, steps=4)
    assert parts.step == whole.step == 4
    with pytest.raises(DataError, match="the data is not what"):
        resume(tmp_path / "parts", Splits(CLIPS[1:5], CLIPS[4:5]), steps=5)


def test_both_networks_have_the_dropout_that_is_asked_for(tmp_path: Path) -> None:
    run = train(Splits(CLIPS[:3], CLIPS[3:4]), tmp_path / "run", size="tiny", steps=1, rows=2, dropout=0.4)
    settings = json.loads((run.folder / "config.json").read_text())["model"]
    assert settings["network"]["dropout"] == settings["over"]["dropout"] == 0.4


def test_recordings_are_aligned_and_scored(voice: VoiceModel) -> None:
    clip = voice.align(CLIPS[10])
    assert [phone.name for phone in clip.phones if phone.name != PAUSE] == [
        phone.name for phone in CLIPS[10].phones if phone.name != PAUSE
    ]
    score = voice.score(CLIPS[10:])
    assert score.nearness.distortion < 25 and 0 <= score.nearness.voicing < 0.5 and np.isfinite(score.nats)
    assert score.frames == pytest.approx(100 * sum(clip.seconds for clip in CLIPS[10:]), abs=4)
    with pytest.raises(DataError, match="the clip has no text: say what is said in it"):
        voice.align(Clip(CLIPS[10].samples))
    with pytest.raises(DataError, match="there is nothing to score"):
        voice.score([])
    with pytest.raises(DataError, match=r"too short for the .* sounds of its text; check that they belong together"):
        voice.align(Clip(CLIPS[10].samples[:1600], text=TEXTS[0]))


def test_the_aligner_finds_where_phones_end() -> None:
    texts = [
        " ".join(words) for words in np.random.default_rng(0).permuted([" ".join(TEXTS).split()] * 12, axis=1)[:, :8]
    ]
    clips = [robot(text, seed=number) for number, text in enumerate(texts * 4)]
    codec, off = VoiceCodec.fit(clips), []
    for clip in clips[:12]:
        phones, counts = codec.aligned(clip)
        own = [end for phone, end in zip(clip.phones, clip.ends, strict=True) if phone.name != PAUSE]
        mine = [end for phone, end in zip(phones, np.cumsum(counts) * 0.01, strict=True) if phone.name != PAUSE]
        off += np.abs(np.subtract(mine, own)).tolist()
    assert np.mean(np.array(off) <= 0.0201) > 0.85


def test_sound_comes_back_from_its_frames() -> None:
    frames = analysed(CLIPS[0])
    again = analysed(Clip(synthesised(frames)))
    count = min(len(frames.pitch), len(again.pitch))
    apart = 6.14 * np.sqrt(((frames.cepstra - again.cepstra[: len(frames.cepstra)])[:count, 1:] ** 2).sum(axis=1))
    assert np.median(apart[frames.voiced[:count]]) < 4
    assert np.mean(frames.voiced[:count] != again.voiced[:count]) < 0.1
    both = frames.voiced[:count] & again.voiced[:count]
    assert np.median(np.abs(frames.pitch - again.pitch[: len(frames.pitch)])[:count][both]) < 0.02


def test_a_rough_stretch_is_not_an_octave_lower() -> None:
    pulses, at = np.zeros(32_000), np.arange(0, 32_000, 80)
    pulses[at] = 1.0
    pulses[at[(at > 12_800) & (at < 19_200)][1::2]] = 0.4  # every other one is weak, as a voice that creaks has them
    sound = np.convolve(pulses, np.exp(-np.arange(160) / 20) * np.cos(np.arange(160) / 3))[:32_000]
    np.testing.assert_allclose(pitch_of(0.1 * sound), 200.0, rtol=0.02)


def test_what_no_voice_can_learn_from_is_said() -> None:
    codec = VoiceCodec.fit(CLIPS[:3])
    with pytest.raises(DataError, match="give clips with sound and text"):
        VoiceCodec.fit([Clip(np.zeros(99))])
    with pytest.raises(DataError, match="the clip silent has no text"):
        codec.encode(Clip(np.ones(99), name="silent"))
    with pytest.raises(DataError, match="samples that are no numbers"):
        Clip(np.array([0.0, np.nan]))
    with pytest.raises(DataError, match="sound of 96,000 samples a second"):
        Clip(np.zeros(9), 96_000)
    with pytest.raises(DataError, match=r"no sound of one channel; give an array \[samples\]"):
        Clip(np.zeros((9, 2)))
    with pytest.raises(DataError, match="lasts 36,000 s, more than 3,600"):
        Clip(np.zeros(36_000 * 8000, np.int8), 8000)
    with pytest.raises(ModelError, match="is not one of voices"):
        VoiceCodec.from_dict({**codec.to_dict(), "means": [float("nan")] * 63})
    with pytest.raises(ModelError, match="the aligner of a voice is no aligner"):
        VoiceCodec.from_dict({**codec.to_dict(), "aligner": {"names": ["_"], "means": [], "deviations": []}})
    hum = Clip(np.zeros(8000, np.float32), text="It is.")
    assert len(codec.encode(hum).source) == 50  # silence is laid out somehow
    assert codec.decode(codec.steps([Phone("T", last=True), Phone(PAUSE, mark="?")])).phones[1].mark == "?"
