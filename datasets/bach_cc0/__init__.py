"""Bach's chorales under CC0: 361 in four parts, of which a model that is shipped may learn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from seqgen.datasets import downloads
from seqgen.datasets.by_melody import split_by_melody
from seqgen.domain import Splits
from seqgen.domains.music.score import Meter, Note, Score, Tempo
from seqgen.errors import DataError

DOMAIN = "music"
ORIGIN = "https://github.com/DCMLab/bach_chorales/tree/b8169ca06d9e183c59f317cce3b3b1e369f70d78/notes"
LICENCE = "CC0-1.0: engraved by Ulrich Kaiser, converted by the DCML corpus initiative"
FILE = "bach_cc0/chorales.json"
BEAT = 0.6  # seconds of a quarter
Voice = list[tuple[float, float, int]]  # onset and length in quarters, pitch
LONG = 2.0  # quarters that all voices hold where a phrase ends


def load(*, download: bool = False) -> Splits[Score]:
    """361 pieces with repeated notes, upbeats and meters, split by melody: 80 % train, 10 % valid, 10 % test.

    `download` changes nothing: the origin has a table a piece, of which the file is made once by hand as SOURCE.md says.
    Raises DataError when it is not here or is no such file.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert sum(map(len, load())) == 361
    """
    path = downloads.find(FILE)
    if path is None:
        raise DataError(
            f"{FILE} is not on this machine, and its origin has a table a piece: make it of {ORIGIN} as "
            f"datasets/bach_cc0/SOURCE.md says and save it as {downloads.cache_folder() / FILE}"
        )
    return split_by_melody(read(path))


def read(path: Path) -> list[Score]:
    """The pieces of the file, in its order. Raises DataError for a file of another layout."""
    try:
        return [_piece(piece) for piece in json.loads(path.read_bytes())]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{path} is no file of chorales: {error}; make it again as SOURCE.md says") from None


def _piece(piece: Mapping[str, Any]) -> Score:
    voices = _without_pauses([_without_graces(voice) for voice in piece["voices"]])
    meters = [Meter(at * BEAT, *map(int, over.split("/"))) for at, over in piece["meters"]]
    first = upbeat(voices, meters[0].quarters)
    notes = [
        Note(onset * BEAT, pitch, length * BEAT, program=52, part=part)
        for part, voice in enumerate(voices)
        for onset, length, pitch in voice
    ]
    return Score(
        notes, [Tempo(0.0, 60 / BEAT)], [meter if meter.time else meter._replace(time=first * BEAT) for meter in meters]
    )


def _without_graces(voice: Sequence[Sequence[float]]) -> Voice:
    """One note a sixteenth: the longest, of equal ones the first; the note before a shorter one is held."""
    kept: Voice = []
    for onset, length, pitch in sorted(voice, key=lambda note: (round(4 * note[0]), -note[1])):
        if not kept or round(4 * kept[-1][0]) < round(4 * onset):
            kept.append((round(4 * onset) / 4, length, int(pitch)))
    return kept


def _without_pauses(voices: list[Voice]) -> list[Voice]:
    """The voices with the note before held where all are silent: there the source has a bar filled up with rests."""
    edges = sorted({time for voice in voices for onset, length, _ in voice for time in (onset, onset + length)})
    ends = {}
    for begin, end in pairwise(edges):
        if not any(onset < end and onset + length > begin for voice in voices for onset, length, _ in voice):
            ends[begin] = end

    def held(onset: float, length: float, pitch: int) -> tuple[float, float, int]:
        return onset, ends.get(onset + length, onset + length) - onset, pitch

    return [[held(*note) for note in voice] for voice in voices]


def upbeat(voices: list[Voice], bar: float) -> float:
    """How many quarters stand before the first bar line, which the file does not say: 0, 1 or, of three, 2.

    Phrases end on strong beats: chords that all voices hold for two quarters or longer, and the last one of the soprano.
    """
    beats = 3 if bar == 3 else 2
    votes: Counter[int] = Counter()
    onsets = sorted({onset for voice in voices for onset, _, _ in voice})
    for here, after in pairwise(onsets):
        if after - here >= LONG and here % 1 == 0:
            votes[int(here) % beats] += 2
    last = voices[0][-1][0]
    if last % 1 == 0:
        votes[int(last) % beats] += 3
    return float(votes.most_common(1)[0][0]) if votes else 0.0
