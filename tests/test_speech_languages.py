"""Voices of other languages than English, whose texts espeak-ng pronounces."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seqgen.domain import Splits
from seqgen.domains.speech import Clip, load, read_clips, train, write_wav
from seqgen.domains.speech.clip import PAUSE, Phone
from seqgen.domains.speech.codec import VoiceCodec
from seqgen.domains.speech.front import espeak
from seqgen.domains.speech.front.languages import letters_in, phones_in, sentences_in
from seqgen.errors import DataError, ModelError, UsageError

pytestmark = pytest.mark.usefixtures("mixed_numbers")

pytest.importorskip("espeakng_loader")

TEXTS = ("Guten Morgen, schöne Welt!", "Es ist fünf Uhr.", "Wie geht es dir heute?", "Wir gehen nach Hause.")


def _clips() -> list[Clip]:
    noise = np.random.default_rng(0)
    return [Clip(noise.normal(0, 0.1, 32_000), text=text, name=text[:5]) for text in TEXTS]


def _names(text: str, language: str) -> str:
    return " ".join(
        f"{phone.name}{phone.stress or ''}{phone.mark}{'/' * phone.last}" for phone in phones_in(text, language, {})
    )


# By the tables of the International Phonetic Alphabet for these words; a number is a stress or a tone.
@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Komm, Mann!", "de", "_ k \u02541 m/ _, m a1 n/ _."),
        ("Il l\u2019a.", "fr", "_ i l/ l a1/ _."),
        ("Oui ?", "fr", "_ w i1/ _?"),
        ("你好\uff0c我。", "cmn", "_ n i2 \u03c7 \u0251u21/ _, w o21/ _."),
        ("the", "fr", "_ \u00f0 \u0259/ _."),  # said in English
        ("S\u00ed.\n\nNo", "es", "_ s i1/ _. n o1/ _."),
    ],
)
def test_texts_as_espeak_says_them(text: str, language: str, said: str) -> None:
    assert _names(text, language) == said


def test_sentences_are_cut_at_their_ends_and_long_ones_at_commas() -> None:
    assert sentences_in("Er kam um 3,5 Uhr. „Ja?“ Nein …", "de") == ["Er kam um 3,5 Uhr.", "„Ja?", "Nein …"]
    assert sentences_in("你好\uff0c世界。我是谁\uff1f", "cmn") == ["你好\uff0c 世界。", "我是谁\uff1f"]
    long = sentences_in("und so weiter, " * 100, "de")
    assert len(long) > 3 and max(map(len, long)) < espeak.LONGEST + 40
    assert letters_in("2 Tage!", "de") == 5 and letters_in("2 days!", "en") == len("twodays")


def test_what_espeak_cannot_say_is_said() -> None:
    for language in ("xx", "../de", "de\0", ""):
        with pytest.raises(UsageError, match=r"espeak-ng has no language .*; give one such as de, fr"):
            phones_in("Komm", language, {})
    for nothing in ("", " ... ", "\0", "—"):
        with pytest.raises(DataError, match="there is nothing to say in"):
            phones_in(nothing, "de", {})
        with pytest.raises(DataError, match="there is nothing to say in"):
            sentences_in(nothing, "de")


def test_a_process_that_ended_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    phones_in("eins", "de", {})
    espeak._process().kill()
    with pytest.raises(UsageError, match="espeak-ng does not run; install the package espeakng-loader again"):
        phones_in("zwei", "de", {})
    assert phones_in("drei", "de", {})

    @functools.lru_cache(maxsize=1)
    def missing() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", f"raise SystemExit({espeak.MISSING})"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    monkeypatch.setattr(espeak, "_process", missing)
    with pytest.raises(UsageError, match=r"not on this machine: pip install 'seqgen\[espeak\]'"):
        phones_in("vier", "de", {})


def test_odd_texts_are_said_or_refused() -> None:
    random = np.random.default_rng(0)
    alphabet = [*"abcäß ,.?!()„“\n\t\0\x1b09%€", "好", "。", "\U0001f600", "\u0301", "(de)", "_", "\u02c8", "\ud800"]
    for _ in range(300):
        text = "".join(random.choice(alphabet, 12))
        try:
            phones = phones_in(text, "de", {})
        except DataError:
            continue
        assert phones[0].name == phones[-1].name == PAUSE
        assert all(phone.name and "(" not in phone.name and phone.name.strip() for phone in phones)


def test_a_voice_of_another_language(tmp_path: Path) -> None:
    clips = _clips()
    outcome = train(Splits(clips[:3], clips[3:]), tmp_path / "run", language="de", size="tiny", steps=1)
    voice = load(outcome.folder)
    assert voice.codec.language == "de" and "\u00f8\u02d0" in voice.codec.sounds
    clip = voice.say("Guten Morgen! Heute.")
    assert [phone.name for phone in clip.phones if phone.mark] == [PAUSE, PAUSE] and len(clip.samples)
    assert voice.align(clips[0]).phones[1].name == "\u0261"
    assert VoiceCodec.from_dict(voice.codec.to_dict()).to_dict() == voice.codec.to_dict()
    for damage in ({"sounds": []}, {"sounds": ["a", "a"]}, {"sounds": [PAUSE]}, {"language": "en"}, {"language": 3}):
        with pytest.raises(ModelError, match="the codec of a voice"):
            VoiceCodec.from_dict({**voice.codec.to_dict(), **damage})


def test_a_sound_that_was_never_heard_is_one_like_it() -> None:
    codec = VoiceCodec.fit(_clips()[:3], "de")
    name = next(name for name in codec.sounds if name + "\u02d0" not in codec.sounds)
    numbers = codec.steps([Phone(name), Phone(name + "\u02d0"), Phone("?")])[0]
    assert numbers[0] == numbers[1] != 0 == numbers[2]


def test_the_verbs_know_the_language(tmp_path: Path) -> None:
    folder = tmp_path / "wir"
    folder.mkdir()
    for clip in _clips():
        write_wav(folder / f"{clip.name}.wav", clip.samples, clip.rate)
        (folder / f"{clip.name}.txt").write_text(clip.text, encoding="utf-8")
    assert len(read_clips(folder, language="de")[0]) == 4
    with pytest.raises(UsageError, match="espeak-ng has no language 'xx'"):
        read_clips(folder, language="xx")

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "seqgen", "speech", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert run("inspect", "wir", "--language", "de").startswith("4 clips")
    run("train", "wir", "--language", "de", "--steps", "1", "--size", "tiny", "--out", "run")
    assert run("say", "Gute Nacht.", "--voice", "run", "--out", "nacht.wav").startswith("nacht.wav: ")
    assert run("score", "wir", "--voice", "run").startswith("of 4 clips")
