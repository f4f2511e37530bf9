"""Recordings from strangers: what is read, what is refused and why; the verbs."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import numpy as np
import pytest
from speech_clips import TEXTS, robot

from seqgen.domains.speech import Clip, read_clips, read_sound, write_wav
from seqgen.domains.speech.cli import COMMANDS
from seqgen.domains.speech.files import Use, prepared, split
from seqgen.domains.speech.formats.wav import read_wav
from seqgen.domains.speech.front.phones import (
    CONSONANTS,
    SPOKEN,
    VOWELS,
    exceptions,
    phones_of,
    sentences_of,
    words_of,
)
from seqgen.domains.speech.front.spelling import spelled
from seqgen.errors import DataError, UsageError
from seqgen.files.wav import wav_bytes
from seqgen.shell.cli import main

pytestmark = pytest.mark.usefixtures("mixed_numbers")


def raw_wav(kind: int, bits: int, body: bytes, channels: int = 1, rate: int = 8000) -> bytes:
    form = struct.pack("<HHIIHH", kind, channels, rate, 0, 0, bits)
    return b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body)) + body


def recordings(folder: Path, texts: tuple[str, ...] = TEXTS[:8]) -> Path:
    folder.mkdir(parents=True)
    for number, text in enumerate(texts):
        write_wav(folder / f"clip{number}.wav", robot(text, seed=number).samples, 16_000)
        (folder / f"clip{number}.txt").write_text(text, encoding="utf-8")
    return folder


# Texts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It cost £2, then $3 million.", "It cost two pounds, then three million dollars."),
        ("On 5/12/2024 at 9:05 p.m. he left.", "On May twelfth, twenty twenty four at nine oh five pee em he left."),
        ("The 1980s -- NASA's 21st ship; 3rd try!", "The nineteen eighties, NASA's twenty first ship, third try."),
        ("12 January 1900, No. 7 St. James", "the twelfth of January nineteen hundred, number seven saint James"),
        ("Na\u00efve caf\u00e9s \u2018quote\u2019 isn\u2019t", "Naive cafes quote isn't"),
        ("99999999999999999999", " ".join(["nine"] * 20)),
        ("1,234.50 m & 7%", "one thousand two hundred thirty four point five zero meters and seven percent"),
        ("0.5 or 007", "zero point five or seven"),
    ],
)
def test_what_is_not_said_as_it_is_written_is_spelled_out(text: str, said: str) -> None:
    assert spelled(text) == said


def test_a_text_becomes_words_sentences_and_phones() -> None:
    assert words_of("?!.") == [] and words_of(", It is, so") == ["it", "is", ",", "so", "."]
    assert sentences_of("It is. Is it? " + "so " * 60)[:2] == ["it is .", "is it ?"]
    assert max(len(sentence.split()) for sentence in sentences_of("so " * 200)) <= 51
    phones = phones_of("It is, so?")
    assert [phone.mark for phone in phones if phone.name == "_"] == ["", ",", "?"]
    assert phones[1] == ("IH", 0, True, False, "") and phones[2] == ("T", 0, False, True, "")
    assert [phone.name for phone in phones_of("Bell's", {"bell's": "B EH1 L Z"})] == ["_", "B", "EH", "L", "Z", "_"]
    assert [phone.name for phone in phones_of("zorbing's")][-3:-1] == ["NG", "Z"]  # by the model of pronunciations


# Sound


def test_usual_words_are_said_as_the_dictionary_has_them() -> None:
    heard = [phone.name for phone in phones_of("Many great friends", {"many": "M EY1 N IY0"}) if phone.name != "_"]
    assert heard == ["M", "EH", "N", "IY", "G", "R", "EY", "T", "F", "R", "EH", "N", "Z"]
    names = {sound.rstrip("012") for sounds in exceptions().values() for sound in sounds.split()}
    assert names <= {*VOWELS, *CONSONANTS} and not {*exceptions()} & {*SPOKEN}


def test_waves_of_every_width_are_read() -> None:
    wanted = [0.0, 0.5, -0.5]
    for kind, bits, body in (
        (1, 8, bytes([128, 192, 64])),
        (1, 16, struct.pack("<3h", 0, 1 << 14, -(1 << 14))),
        (1, 24, b"\0\0\0\0\0\x40\0\0\xc0"),
        (1, 32, struct.pack("<3i", 0, 1 << 30, -(1 << 30))),
        (3, 32, struct.pack("<3f", *wanted)),
        (3, 64, struct.pack("<3d", *wanted)),
    ):
        assert read_wav(raw_wav(kind, bits, body), "a.wav").samples.tolist() == wanted
    assert read_wav(raw_wav(1, 8, bytes([128, 255, 192, 64]), channels=2), "a.wav").samples.tolist() == [
        0.49609375,
        0.0,
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"RIFF", "is no WAV file"),
        (b"RIFX\0\0\0\0WAVE", "written backwards"),
        (b"RIFF\0\0\0\0WAVE", "holds no sound: there is no data"),
        (b"RIFF\0\0\0\0WAVEdata\1\0\0\0\0", "sound before it says in which form"),
        (b"RIFF\0\0\0\0WAVEfmt \1\0\0\0\0", "does not say in which form"),
        (raw_wav(2, 4, b"\0"), "WAV of kind 2 with 4 bits; export it as plain WAV of 16 bits"),
        (raw_wav(1, 16, b"\0\0", channels=99), "has 99 channels"),
        (raw_wav(1, 16, b""), "has no samples"),
        (raw_wav(1, 16, b"\0\0", rate=4000), "has 4,000 samples a second"),
        (raw_wav(1, 16, b"\0\0", rate=96_000), "has 96,000 samples a second"),
        (raw_wav(3, 32, struct.pack("<f", float("nan"))), "samples that are no numbers"),
        (raw_wav(1, 8, bytes(61 * 8000)), "lasts 61 s, more than 60"),
    ],
)
def test_sound_that_cannot_be_used_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(DataError, match=why):
        read_sound(path)


# Folders


def test_a_folder_is_read_and_what_is_not_used_is_named(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "clips", TEXTS[:2])
    write_wav(folder / "mute.wav", np.zeros(16_000), 16_000)
    (folder / "mute.txt").write_text("It is.")
    write_wav(folder / "alone.wav", np.ones(9), 16_000)
    (folder / "wordless.wav").write_bytes((folder / "clip0.wav").read_bytes())
    (folder / "wordless.txt").write_text("?!")
    (folder / "soundless.txt").write_text("It is.")
    (folder / "hasty.wav").write_bytes((folder / "clip0.wav").read_bytes())
    (folder / "hasty.txt").write_text("it was one of us and " * 20)
    write_wav(folder / "short.wav", np.sin(np.arange(1600)), 16_000)
    (folder / "short.txt").write_text("so")
    clips, uses = read_clips(folder)
    assert [clip.name for clip in clips] == ["clip0", "clip1"] and clips[0].text == TEXTS[0]
    why = {use.name: use.reason for use in uses if not use.used}
    assert why.keys() == {"mute", "alone", "wordless", "soundless", "hasty", "short"}
    assert "mute.wav is silent" in why["mute"] and "there is no text to it" in why["alone"]
    assert "its text has no words: '?!'" in why["wordless"] and "there is no recording of it" in why["soundless"]
    assert "which cannot be; check that sound and text belong together" in why["hasty"]
    assert "it lasts 0.1 s; give sentences of 0.3 to 20 s" in why["short"]


def test_a_table_names_recordings_and_leads_nowhere_else(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "clips" / "wavs", TEXTS[:2]).parent
    (tmp_path / "secret.wav").write_bytes((folder / "wavs" / "clip0.wav").read_bytes())
    lines = (
        "clip0|It was one of us.",
        "clip1|raw|She said that he would not.",
        "../secret|It was one of us.",
        "clip9|It.",
    )
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    clips, uses = read_clips(folder)
    assert [(clip.name, clip.text) for clip in clips] == [("clip0", TEXTS[0]), ("clip1", TEXTS[1])]
    assert [use.name for use in uses if not use.used] == ["../secret", "clip9"] and uses[0] == Use("clip0", True)
    with pytest.raises(DataError, match="2 clips that can be used; give 4 or more"):
        split(clips)
    with pytest.raises(DataError, match="no folder; give one with recordings"):
        read_clips(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no clip that can be used; put metadata.csv"):
        read_clips(tmp_path / "empty")


def test_silence_is_trimmed_and_the_level_set() -> None:
    clip = robot(TEXTS[0])
    for loud in (0.2, 1.0):
        sound = read_wav(wav_bytes(np.pad(loud * clip.samples, 16_000), 16_000), "a.wav")
        samples = prepared(sound)
        assert len(samples) < len(clip.samples) + 3200
        assert np.abs(samples).max() <= 0.99 and 0.02 < np.sqrt((samples**2).mean()) < 0.1


# Verbs


def test_the_verbs_work_as_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, run, out = recordings(tmp_path / "clips"), tmp_path / "run", tmp_path / "said.wav"
    (folder / "alone.txt").write_text("It is.")
    assert main(["speech", "inspect", str(folder)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("8 clips, ") and "samples a second: 16,000" in told.out and "alone" in told.err
    assert (
        main(["speech", "train", str(folder), "--out", str(run), "--size", "tiny", "--steps", "2", "--rows", "4"]) == 0
    )
    assert "say TEXT --model" in capsys.readouterr().out
    assert main(["speech", "train", "--resume", str(run), "--steps", "3"]) == 0
    picture = tmp_path / "said.png"
    assert main(["speech", "say", "It was so.", "--voice", str(run), "--out", str(out), "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG") and read_sound(out).rate == 16_000
    capsys.readouterr()
    assert main(["speech", "align", str(folder / "clip0.wav"), "--voice", str(run)]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()][1:3] == ["IH", "T"]
    assert main(["speech", "score", str(folder), "--voice", str(run)]) == 0
    assert "mel-cepstral distortion" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["say", "It is.", "--out", "it.mp3"], "--out names the sound, it.mp3 is none; end it in .wav"),
        (["say", "It is.", "--voice", "nobody"], "no model named 'nobody'"),
        (["align", "nowhere.wav"], "say what is said in nowhere.wav: with --text"),
        (["train"], "say what to learn from"),
    ],
)
def test_wrong_words_are_told(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speech", *words]) == 2
    assert why in capsys.readouterr().err


def test_a_picture_is_a_png(tmp_path: Path) -> None:
    from seqgen.domains.speech import write_picture

    with pytest.raises(UsageError, match=r"end it in .png"):
        write_picture(tmp_path / "a.svg", [robot(TEXTS[0])])
    with pytest.raises(DataError, match="one clip or more"):
        write_picture(tmp_path / "a.png", [])


def test_a_clip_plays_in_a_notebook() -> None:
    clip = Clip(np.zeros(16_000 * 70, np.float32), text="1 < 2")
    page = clip._repr_html_()
    assert "<figcaption>1 &lt; 2</figcaption>" in page
    sound = base64.b64decode(page.partition("base64,")[2].partition('"')[0])
    assert len(sound) == 44 + 2 * 16_000 * 60  # a minute of it


def test_the_demo_says_a_sentence(tmp_path: Path) -> None:
    (path,) = COMMANDS.demo.make(tmp_path, 1) if COMMANDS.demo else ()
    assert path == tmp_path / "speech.wav" and 1 < len(read_sound(path).samples) / 16_000 < 6
