"""WAV files of a score: through FluidSynth and a sound font where they are installed, else the built-in synthesiser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from seqgen.errors import UsageError
from seqgen.files.storage import write_output
from seqgen.files.wav import wav_bytes

from ..score import Score
from .synth import RATE, TAIL, check_length, level, synthesize

VARIABLE = "SEQGEN_SOUNDFONT"
_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
_OWN_FOLDERS = (".local/share/soundfonts", ".local/share/sounds/sf2", "soundfonts", "Library/Audio/Sounds/Banks")
_PATIENCE = 60.0  # seconds that FluidSynth may take, besides twice the length of the piece
_SILENT = 3e-4  # of full scale: nothing is heard below


def write_wav(score: Score, path: str | os.PathLike[str], *, sound_font: str | os.PathLike[str] | None = None) -> None:
    """Writes what `wav` gives. Raises UsageError as it, and for a place that cannot be written."""
    write_output(path, wav(score, sound_font=sound_font))


def wav(score: Score, *, sound_font: str | os.PathLike[str] | None = None) -> bytes:
    """A WAV file of 16-bit stereo PCM at 44,100 Hz, its loudest moment at 0.9 of full scale.

    sound_font: a .sf2 or .sf3 file for FluidSynth; else the one that the environment variable SEQGEN_SOUNDFONT names,
    or the first in the usual places. Where FluidSynth is missing the built-in synthesiser plays; where it fails, too,
    and a line on standard error says so. Raises UsageError for a sound font that is not there, a piece longer than an
    hour.
    """
    check_length(score)
    font = _font(sound_font)
    program = shutil.which("fluidsynth")
    sound = None
    if score.notes and font is not None and (program or sound_font):
        try:
            sound = _fluidsynth(program, font, score)
        except _Failed as failure:
            print(f"{failure}; the built-in synthesiser plays instead", file=sys.stderr)
    if sound is None:
        sound = synthesize(score)
    return wav_bytes(sound, RATE)


def which_sound() -> str:
    """What will make the sound, in words.

    Raises UsageError where SEQGEN_SOUNDFONT names a file that is not there.
    """
    if shutil.which("fluidsynth") is None:
        return "the built-in synthesiser (FluidSynth is not installed)"
    font = _font(None)
    if font is None:
        return f"the built-in synthesiser (FluidSynth is installed, but no sound font; name one with {VARIABLE})"
    return f"FluidSynth with {font}"


class _Failed(Exception):
    """Why FluidSynth made no sound, in a few words."""


def _font(named: str | os.PathLike[str] | None) -> Path | None:
    """The sound font to play with."""
    named = named or os.environ.get(VARIABLE)
    if named:
        font = Path(named).expanduser()
        if not font.is_file():
            raise UsageError(f"there is no sound font {font}; name a .sf2 file, or none for the built-in synthesiser")
        return font
    for folder in (*map(Path, _FOLDERS), *(Path.home() / name for name in _OWN_FOLDERS)):
        # The distribution's choice, where it has one, is a link whose name begins with "default".
        fonts = sorted(folder.glob("*.sf[23]"), key=lambda font: (not font.name.startswith("default"), font.name))
        if fonts:
            return fonts[0]
    package = importlib.util.find_spec("pretty_midi")  # has brought a small one along
    beside = Path(package.origin).with_name("TimGM6mb.sf2") if package and package.origin else None
    return beside if beside is not None and beside.is_file() else None


def _fluidsynth(program: str | None, font: Path, score: Score) -> np.ndarray:
    """The sound as FluidSynth makes it, [samples, 2]. Raises _Failed."""
    if program is None:
        raise _Failed("FluidSynth is not installed")
    from ..formats.midi_writing import write_midi

    patience = _PATIENCE + 2 * score.seconds
    with tempfile.TemporaryDirectory(prefix="seqgen-") as folder:
        midi, out = Path(folder, "score.mid"), Path(folder, "score.wav")
        try:
            write_midi(score, midi)
        except UsageError as error:
            raise _Failed(str(error)) from None
        # Full paths, so that no name is taken for an option.
        command = [program, "-niq", "-g", "0.4", "-r", str(RATE), "-T", "wav", "-O", "s16", "-F", str(out)]
        try:
            subprocess.run(
                [*command, str(font.resolve()), str(midi)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=patience,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise _Failed(f"FluidSynth did not finish within {patience:.0f} s") from None
        except subprocess.CalledProcessError as error:
            raise _Failed(f"FluidSynth failed with code {error.returncode}") from None
        except OSError as error:
            raise _Failed(f"FluidSynth does not start: {error.strerror}") from None
        sound = _read(out)
    if len(sound) < 0.98 * min(score.seconds, score.notes[-1].onset) * RATE:
        raise _Failed(f"FluidSynth made {len(sound) / RATE:.1f} s of sound for a piece of {score.seconds:.1f} s")
    if abs(sound).max(initial=0) < _SILENT:
        raise _Failed(f"FluidSynth made no sound with {font}")
    sound = sound[: round((score.seconds + 2 * TAIL) * RATE)]
    fade = min(round(0.05 * RATE), len(sound))
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return level(sound)


def _read(path: Path) -> np.ndarray:
    """A WAV file as FluidSynth was asked to make it, [samples, 2] float32. Raises _Failed for any other."""
    try:
        with wave.open(str(path), "rb") as file:
            kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error):
        raise _Failed("FluidSynth left no WAV file") from None
    if kind != (2, 2, RATE):
        raise _Failed("FluidSynth made no 16-bit stereo at 44,100 Hz")
    whole = np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2)
    return whole.astype(np.float32) / np.float32(32768)
