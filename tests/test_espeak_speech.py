"""The data set of sentences that espeak-ng says: what is made of its events, and what is said where it is missing."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.datasets import espeak_speech
from seqgen.datasets.espeak_speech.sounds import clip_of
from seqgen.domain import Splits
from seqgen.domains.speech.clip import PAUSE
from seqgen.errors import DataError, UsageError

TEXTS = ["We are not the first.", "Hear me, sister, for I will be with you.", "What is it?"]


def test_events_become_phones() -> None:
    samples = np.ones(4000, np.int16)
    samples[900:1000] = 0  # the closure of a stop, before its event
    events = [
        (0, ""),
        (0, "A@"),
        (800, ""),
        (1000, "t"),
        (1200, "'i:"),
        (1600, "_:"),
        (2400, "_"),
        (2400, ""),
        (2500, "I"),
    ]
    clip = clip_of("Are tea, I.", samples, 16_000, events)
    assert [phone.name for phone in clip.phones] == [PAUSE, "AA", "R", "T", "IY", PAUSE, "IH"]
    ends = [round(16_000 * end) - 1600 for end in clip.ends]
    assert ends == [0, 500, 900, 1200, 1600, 2500, 4000 + 1600]
    assert [phone.first for phone in clip.phones] == [False, True, False, True, False, False, True]
    assert [phone.last for phone in clip.phones] == [False, False, True, False, True, False, True]
    assert clip.phones[4].stress == 1 and clip.phones[5].mark == ""  # of three marks only one is a pause
    linked = clip_of(
        "Are all.", samples, 16_000, [(0, ""), (0, "A@"), (800, ""), (800, "r-"), (900, "O:"), (1600, "_:")]
    )
    assert [phone.name for phone in linked.phones] == [PAUSE, "AA", "R", "AO", PAUSE] and linked.phones[-1].mark == "."
    with pytest.raises(
        DataError, match="espeak-ng says 'x', which is no sound of American English; give the voice en-us"
    ):
        clip_of("Loch", samples, 16_000, [(0, ""), (0, "x")])


def test_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_speech, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"espeak-ng, which is not on this machine: pip install 'seqgen\[espeak\]'"):
        espeak_speech.load()


def test_sentences_are_said_with_their_phones(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = espeak_speech.said(TEXTS[:3])
    assert espeak_speech.said(TEXTS[:3]) == clips
    for clip, text in zip(clips, TEXTS, strict=False):
        assert clip.text == text and 0.5 < clip.seconds < 5 and 0.1 < np.abs(clip.samples).max() <= 1
        assert len(clip.phones) == len(clip.ends) and np.all(np.diff(clip.ends) > 0)
        assert clip.ends[-1] == pytest.approx(clip.seconds) and clip.phones[-1].mark == text[-1]
    assert sum(phone.first for phone in clips[1].phones) == 9 and [p.mark for p in clips[1].phones if p.mark] == [
        ",",
        ",",
        ".",
    ]
    assert espeak_speech.said(TEXTS[:1], "en-us+f3") != clips[:1]
    with pytest.raises(UsageError, match="espeak-ng has no voice 'xx'; give en-us"):
        espeak_speech.said(TEXTS[:1], "xx")
    play = "Nobody:\n" + "\n".join(f"They know {word} well;" for word in "abcdefghijklmnopqrstuvwxyz") + "\n\nAll:\nNo."
    monkeypatch.setattr(espeak_speech.tiny_shakespeare, "load", lambda download: Splits([play], []))
    parts = espeak_speech.load(count=5)
    assert (len(parts.train), len(parts.valid), len(parts.test)) == (5, 1, 1) and parts.train[
        0
    ].text == "They know a well."
    with pytest.raises(UsageError, match=r"espeak-speech got count=99; give 1 to \d+"):
        espeak_speech.load(count=99)


def test_a_library_that_does_not_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_speech.sys, "executable", "/bin/false")
    with pytest.raises(DataError, match="espeak-ng did not say it: 1; install the package espeakng-loader again"):
        espeak_speech.said(TEXTS)
