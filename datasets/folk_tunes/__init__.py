"""Folk tunes: 4,200 reels, jigs, hornpipes and airs from three printed collections, one voice each, from music21."""

from __future__ import annotations

from seqgen.datasets.by_melody import split_by_melody
from seqgen.datasets.music21_corpus import corpus
from seqgen.domain import Splits
from seqgen.domains.music.formats.abc import score_from_abc, split_abc
from seqgen.domains.music.score import Score
from seqgen.errors import DataError

DOMAIN = "music"
ORIGIN = "https://pypi.org/project/music21/ as installed, corpus/airdsAirs, corpus/oneills1850, corpus/ryansMammoth"
LICENCE = "tunes in the public domain; no licence stated for the transcriptions, commercial use may be restricted"
COLLECTIONS = ("airdsAirs", "oneills1850", "ryansMammoth")


def load(*, download: bool = False) -> Splits[Score]:
    """One piece a tune, split by melody: 80 % train, 10 % valid, 10 % test; repeats sound once.

    Says the licence on stderr. Tunes in several voices, and a few misprints, are left out. Needs the extra:
    pip install 'seqgen[music21]'; `download` changes nothing. Raises DataError when it is not installed.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where music21 is not installed
    ...     assert len(load().train) > 3000
    """
    folder = corpus("folk-tunes", LICENCE)
    scores = []
    for collection in COLLECTIONS:
        for path in sorted((folder / collection).glob("*.abc")):
            for tune in split_abc(path.read_text(encoding="latin-1")):
                try:
                    score = score_from_abc(tune)
                except DataError:
                    continue
                if not any(note.part for note in score.notes):  # a few are of several voices
                    scores.append(score)
    if not scores:
        raise DataError(f"{folder} has no tunes in {', '.join(COLLECTIONS)}; reinstall music21")
    return split_by_melody(scores)
