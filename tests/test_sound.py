"""WAV files: what is in them, which player made them, and what happens where FluidSynth is missing or broken."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from seqgen.domains.music.score import DRUMS, Note, Score
from seqgen.domains.music.showing import sound
from seqgen.domains.music.showing.sound import which_sound, write_wav
from seqgen.domains.music.showing.synth import LONGEST, RATE, TAIL, synthesize
from seqgen.errors import UsageError

TUNE = Score([Note(0.0, 69, 0.5), Note(0.5, 72, 0.5, 100, 40, 1), Note(0.5, 36, 0.1, 100, DRUMS, 2)])

# Stands in for FluidSynth: writes what `KIND` asks for where -F says, and notes its arguments beside it.
FAKE = """#!{python}
import json, struct, sys, time, wave
from pathlib import Path
kind = {kind!r}
out = sys.argv[sys.argv.index("-F") + 1]
font, midi = sys.argv[-2:]
Path({log!r}).write_text(json.dumps([sys.argv[1:], Path(midi).read_bytes()[:4].decode(), Path(font).is_file()]))
if kind == "fail":
    sys.exit(3)
if kind == "hang":
    time.sleep(60)
if kind == "garbage":
    Path(out).write_bytes(b"RIFF")
elif kind != "nothing":
    with wave.open(out, "wb") as file:
        file.setparams((1 if kind == "mono" else 2, 2, 44100, 0, "NONE", ""))
        count = 4410 if kind == "short" else 66150
        loud = 0 if kind == "silent" else 8000
        file.writeframes(struct.pack("<hh", loud, -loud) * count)
"""


@pytest.fixture(autouse=True)
def no_sound_font_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SEQGEN_SOUNDFONT", raising=False)
    monkeypatch.setattr(sound, "_FOLDERS", ())
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No FluidSynth on this machine."""
    monkeypatch.setenv("PATH", str(tmp_path))


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, kind: str) -> Path:
    """Puts a FluidSynth that does `kind` on PATH; where it notes how it was called."""
    if os.name == "nt":
        pytest.skip("a script is no program on Windows")
    program, log = folder / "bin" / "fluidsynth", folder / "log.json"
    program.parent.mkdir()
    program.write_text(FAKE.format(python=sys.executable, kind=kind, log=str(log)), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    return log


def font(folder: Path, name: str = "piano.sf2") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF")
    return path


def read(path: Path) -> np.ndarray:
    """[samples, 2] as whole numbers."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44_100)
        data = file.readframes(file.getnframes())
    assert len(data) == path.stat().st_size - 44
    return np.frombuffer(data, "<i2").reshape(-1, 2)


def test_the_built_in_synthesiser_in_a_file(tmp_path: Path, without: None) -> None:
    write_wav(TUNE, tmp_path / "tune.wav")
    heard = read(tmp_path / "tune.wav")
    assert heard.shape == (round((1.0 + TAIL) * RATE), 2)
    np.testing.assert_array_equal(heard, np.rint(synthesize(TUNE) * 32767))
    assert abs(heard).max() < 32767 * 0.98
    assert os.listdir(tmp_path) == ["tune.wav"]


def test_an_empty_score_is_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = install(monkeypatch, tmp_path, "play")
    write_wav(Score([]), tmp_path / "none.wav", sound_font=font(tmp_path))
    heard = read(tmp_path / "none.wav")
    assert len(heard) and not heard.any() and not log.exists()


def test_fluidsynth_plays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import json

    log = install(monkeypatch, tmp_path, "play")
    write_wav(TUNE, tmp_path / "tune.wav", sound_font=font(tmp_path))
    heard = read(tmp_path / "tune.wav")
    assert len(heard) == 66150
    assert abs(heard).max() == round(32767 * 8000 / 32768 * 3)  # louder by LIFT, no more
    assert abs(heard[-1]).max() == 0  # faded out
    arguments, head, there = json.loads(log.read_text(encoding="utf-8"))
    assert head == "MThd" and there and arguments[arguments.index("-r") + 1] == "44100"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("fail", "FluidSynth failed with code 3"),
        ("nothing", "FluidSynth left no WAV file"),
        ("garbage", "FluidSynth left no WAV file"),
        ("mono", "FluidSynth made no 16-bit stereo at 44,100 Hz"),
        ("short", "FluidSynth made 0.1 s of sound for a piece of 1.0 s"),
        ("silent", "FluidSynth made no sound with {font}"),
        ("hang", "FluidSynth did not finish within 1 s"),
    ],
)
def test_where_fluidsynth_fails_the_synthesiser_plays(
    kind: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, tmp_path, kind)
    monkeypatch.setattr(sound, "_PATIENCE", -1.0 if kind == "hang" else 60.0)  # and 2 s for a piece of 1 s
    path = font(tmp_path)
    write_wav(TUNE, tmp_path / "tune.wav", sound_font=path)
    np.testing.assert_array_equal(read(tmp_path / "tune.wav"), np.rint(synthesize(TUNE) * 32767))
    said = capfd.readouterr()
    assert said.out == "" and said.err == why.format(font=path) + "; the built-in synthesiser plays instead\n"


def test_the_sound_font_comes_from_the_argument_the_variable_or_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "play")
    own = sound._font(None)
    assert own is None or own.name == "TimGM6mb.sf2"  # pretty_midi's own
    usual = font(tmp_path / "usual", "b.sf2")
    monkeypatch.setattr(sound, "_FOLDERS", (str(tmp_path / "missing"), str(usual.parent)))
    assert sound._font(None) == usual and which_sound() == f"FluidSynth with {usual}"
    for name in ("a.sf3", "default-GM.sf2"):  # each comes before those that are there
        better = font(usual.parent, name)
        assert sound._font(None) == better
    named = font(tmp_path, "named.sf2")
    monkeypatch.setenv("SEQGEN_SOUNDFONT", str(named))
    assert sound._font(None) == named and which_sound() == f"FluidSynth with {named}"
    assert sound._font(usual) == usual


def test_a_sound_font_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: None
) -> None:
    with pytest.raises(UsageError, match=r"there is no sound font .*gone\.sf2; name a \.sf2 file"):
        write_wav(TUNE, tmp_path / "tune.wav", sound_font=tmp_path / "gone.sf2")
    monkeypatch.setenv("SEQGEN_SOUNDFONT", str(tmp_path / "lost.sf2"))
    with pytest.raises(UsageError, match=r"there is no sound font .*lost\.sf2"):
        write_wav(TUNE, tmp_path / "tune.wav")
    assert not os.listdir(tmp_path)


def test_a_sound_font_without_fluidsynth_is_said_to_be_unused(
    tmp_path: Path, without: None, capfd: pytest.CaptureFixture[str]
) -> None:
    write_wav(TUNE, tmp_path / "tune.wav", sound_font=font(tmp_path / "fonts"))
    assert capfd.readouterr().err == "FluidSynth is not installed; the built-in synthesiser plays instead\n"
    write_wav(TUNE, tmp_path / "tune.wav")
    assert capfd.readouterr().err == ""


def test_which_sound_says_why_the_synthesiser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: None) -> None:
    assert which_sound() == "the built-in synthesiser (FluidSynth is not installed)"
    install(monkeypatch, tmp_path, "play")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert which_sound().startswith("the built-in synthesiser (FluidSynth is installed, but no sound font; name one")


@pytest.mark.parametrize("name", ["missing/tune.wav", ".", "a\0b.wav"])
def test_a_place_that_cannot_be_written(name: str, tmp_path: Path, without: None) -> None:
    with pytest.raises(UsageError, match=r"^cannot write .*; name a(nother place| file)$"):
        write_wav(TUNE, tmp_path / name)
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_folder_in_the_place_stays_one(tmp_path: Path, without: None) -> None:
    (tmp_path / "tune.wav").mkdir()
    with pytest.raises(UsageError, match=r"^cannot write .*tune\.wav: it is a folder; name a file$"):
        write_wav(TUNE, tmp_path / "tune.wav")
    assert os.listdir(tmp_path) == ["tune.wav"]


def test_a_score_that_midi_cannot_hold_is_played_by_the_synthesiser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from seqgen.domains.music.formats import midi_writing

    def refuse(score: Score, path: Path) -> None:
        raise UsageError("no MIDI file holds it")

    install(monkeypatch, tmp_path, "play")
    monkeypatch.setattr(midi_writing, "write_midi", refuse)
    write_wav(TUNE, tmp_path / "tune.wav", sound_font=font(tmp_path))
    assert len(read(tmp_path / "tune.wav")) == round((1.0 + TAIL) * RATE)
    assert capfd.readouterr().err == "no MIDI file holds it; the built-in synthesiser plays instead\n"


def test_more_than_an_hour_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = install(monkeypatch, tmp_path, "play")
    with pytest.raises(UsageError, match="can be made into sound"):
        write_wav(Score([Note(LONGEST, 60, 1.0)]), tmp_path / "long.wav", sound_font=font(tmp_path))
    assert not log.exists()


@pytest.mark.slow  # not for its time: most machines have no FluidSynth, and a gate skips nothing
@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="FluidSynth is not installed here")
def test_the_real_fluidsynth(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if sound._font(None) is None:
        pytest.skip("no sound font here")
    write_wav(Score([Note(0.0, 69, 1.0, 100, 73)]), tmp_path / "a.wav")
    assert capfd.readouterr().err == ""
    heard = read(tmp_path / "a.wav").mean(1)[:RATE]
    strength = abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert strength.argmax() * RATE / len(heard) == pytest.approx(440, rel=0.01)
