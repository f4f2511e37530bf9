"""Recordings with their texts from a folder: which of them are used, and why others are not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Splits
from seqgen.errors import DataError, SeqgenError
from seqgen.files.reading import read_text
from seqgen.files.report import tell_use

from .clip import Clip
from .formats.sound import ENDINGS, read_sound
from .formats.wav import Sound
from .front import espeak
from .front.languages import ENGLISH, letters_in

FEWEST = 4  # clips: below, there is nothing to hold out
SHORTEST, LONGEST = 0.3, 20.0  # seconds of a clip that is learned from
TOTAL = 10 * 3600.0  # seconds of all
SLOWEST, FASTEST = 2.0, 30.0  # letters a second
QUIET = 0.01  # of the loudest, amplitude: -40 dB
MARGIN = 0.1  # seconds of silence that are left
LEVEL = 0.06  # root mean square of speech
TABLE = "metadata.csv"


class Use(NamedTuple):
    """Whether a recording is used, and if not, why.

    >>> Use("a.wav", False, "it is silent").reason
    'it is silent'
    """

    name: str
    used: bool
    reason: str = ""


def read_clips(
    path: str | os.PathLike[str], *, texts: bool = True, language: str = ENGLISH
) -> tuple[list[Clip], list[Use]]:
    """The clips of a folder, silence trimmed and on one level, and what became of each recording.

    A folder is in LJSpeech's layout, `metadata.csv` with a line NAME|text for each wavs/NAME.wav (or .flac, .ogg), or has
    a NAME.txt beside each NAME.wav. texts: whether a clip must have one. language: "en", or what espeak-ng calls another.
    Raises DataError for a folder of which no clip can be used, UsageError for a language that is not known.

    >>> import tempfile
    >>> from seqgen.domains.speech import write_wav
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_wav(f"{folder}/hm.wav", np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    ...     _ = Path(folder, "hm.txt").write_text("Hm, hm.")
    ...     clips, uses = read_clips(folder)
    >>> clips[0].text, uses[0].used
    ('Hm, hm.', True)
    """
    folder = Path(path)
    if language != ENGLISH:
        espeak.check(language)
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one with recordings and their texts")
    clips, uses, total = [], [], 0.0
    for name, file, text in _listed(folder):
        try:
            clip = _clip(name, file, text, texts, language)
            total += clip.seconds
            if total > TOTAL:
                raise DataError(f"there are {TOTAL / 3600:.0f} hours before it, which is all that is used")
        except SeqgenError as error:
            uses.append(Use(name, False, str(error)))
            continue
        clips.append(clip)
        uses.append(Use(name, True))
    if not clips:
        why = f": {uses[0].reason}" if uses else f"; put {TABLE} and wavs/ into it, or NAME.wav and NAME.txt"
        raise DataError(f"{folder} holds no clip that can be used{why}")
    return clips, uses


def read(name: str, *, network: str = "synthesis", language: str = ENGLISH) -> Splits[Clip]:
    """Clips to learn from, for what goes on from them without their texts; says on stderr what is passed over."""
    clips, uses = read_clips(name, texts=network != "prediction", language=language)
    if len(clips) < len(uses):
        tell_use(uses, "clips", "speech")
    return split(clips)


def split(clips: Sequence[Clip]) -> Splits[Clip]:
    """Held out to validate is a tenth, by the SHA-256 of the text, or of the name of what has none. Raises DataError below 4 clips.

    >>> parts = split([Clip(np.zeros(9), text=f"number {n}") for n in range(100)])
    >>> len(parts.train), len(parts.valid)
    (88, 12)
    """
    if len(clips) < FEWEST:
        raise DataError(f"there are {len(clips)} clips that can be used; give {FEWEST} or more, better hundreds")
    parts: tuple[list[Clip], list[Clip]] = ([], [])
    for clip in clips:
        parts[int(hashlib.sha256((clip.text or clip.name).encode()).hexdigest()[:8], 16) % 10 == 1].append(clip)
    train, valid = parts
    return Splits(train, valid) if train and valid else Splits(list(clips[:-1]), list(clips[-1:]))


def prepared(sound: Sound, name: str = "the clip") -> NDArray[np.float32]:
    """Its samples without the silence around them, on the level of all. Raises DataError where there is nothing else."""
    samples = sound.samples - sound.samples.mean()
    block = max(1, sound.rate // 100)
    count = len(samples) // block
    loud = np.sqrt((samples[: count * block].reshape(count, block) ** 2).mean(axis=1)) if count else np.zeros(0)
    loudest = float(np.percentile(loud, 95)) if count else 0.0
    if not loudest > 1e-4:
        raise DataError(f"{name} is silent; record it again, or leave it out")
    there = np.flatnonzero(loud > max(QUIET * loudest, 1e-4))
    margin = round(MARGIN * sound.rate)
    first, last = max(0, there[0] * block - margin), (there[-1] + 1) * block + margin
    speech = loud[loud > 0.1 * loudest]
    gain = min(LEVEL / float(np.sqrt((speech**2).mean())), 0.99 / float(np.abs(samples[first:last]).max()))
    trimmed: NDArray[np.float32] = (samples[first:last] * gain).astype(np.float32)
    return trimmed


def _clip(name: str, file: Path | None, text: str | None, texts: bool, language: str) -> Clip:
    if file is None:
        raise DataError(f"there is no recording of it: no {name} with one of the endings {', '.join(ENDINGS)}")
    if not texts:
        text = text or ""
    elif text is None:
        raise DataError(f"there is no text to it; write what is said into {name}.txt")
    letters = letters_in(text, language)
    if texts and not letters:
        raise DataError(f"its text has no words: {text!r:.40}; write what is said")
    sound = read_sound(file)
    samples = prepared(sound, file.name)
    seconds = len(samples) / sound.rate
    if not SHORTEST <= seconds <= LONGEST:
        raise DataError(f"it lasts {seconds:.1f} s; give sentences of {SHORTEST} to {LONGEST:.0f} s")
    if texts and not SLOWEST <= letters / seconds <= FASTEST:
        raise DataError(
            f"{letters} letters are said in {seconds:.1f} s, which cannot be; check that sound and text belong together"
        )
    return Clip(samples, sound.rate, text, name)


def _listed(folder: Path) -> Iterator[tuple[str, Path | None, str | None]]:
    """A name, its recording and its text, in order."""
    if (folder / TABLE).is_file():
        for line in read_text(folder / TABLE).splitlines():
            name, *cells = (cell.strip() for cell in line.split("|"))
            if name:
                where = (folder / "wavs" / name, folder / name) if name == Path(name).name else ()  # no way out
                yield name, next(filter(None, map(_recording, where)), None), cells[-1] if cells else None
        return
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS}
    texts = {path.stem: path for path in sorted(folder.glob("*.txt"))}
    for name in sorted({*files, *texts}):
        try:
            text = read_text(texts[name]).strip() if name in texts else None
        except DataError:
            text = None
        yield name, files.get(name), text


def _recording(stem: Path) -> Path | None:
    if stem.suffix.lower() in ENDINGS and stem.is_file():
        return stem
    return next((path for end in ENDINGS if (path := stem.with_name(stem.name + end)).is_file()), None)
