"""Bach's chorales from sheet music: 364 in four parts with repeated notes, upbeats and meters, from music21."""

from __future__ import annotations

from seqgen.datasets.by_melody import split_by_melody
from seqgen.datasets.music21_corpus import corpus
from seqgen.domain import Splits
from seqgen.domains.music.formats.musicxml import read_musicxml
from seqgen.domains.music.score import Score
from seqgen.errors import DataError

DOMAIN = "music"
ORIGIN = "https://pypi.org/project/music21/ as installed, the folder corpus/bach"
LICENCE = "music in the public domain; encodings used by permission, commercial use may be restricted"


def load(*, download: bool = False) -> Splits[Score]:
    """The pieces in exactly four parts, split by melody: 80 % train, 10 % valid, 10 % test.

    Says the licence on stderr. Needs the extra: pip install 'seqgen[music21]'; `download` changes nothing. Raises
    DataError when it is not installed.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where music21 is not installed
    ...     assert all(len({note.part for note in score.notes}) == 4 for score in load().test)
    """
    folder = corpus("bach-chorales", LICENCE) / "bach"
    scores = []
    for path in sorted(folder.glob("*.mxl")):
        score = read_musicxml(path)
        if len({note.part for note in score.notes}) == 4:
            scores.append(score)
    if not scores:
        raise DataError(f"{folder} has no chorale in four parts; reinstall music21")
    return split_by_melody(scores)
