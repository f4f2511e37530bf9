"""Bach's chorales under CC0, and machine-made ones as further material to learn from."""

from __future__ import annotations

import dataclasses

from seqgen.datasets import bach_cc0, js_fakes
from seqgen.datasets.by_melody import incipit
from seqgen.domain import Splits
from seqgen.domains.music.score import Meter, Score

DOMAIN = "music"
ORIGIN = "the data sets bach-cc0 and js-fakes, whose SOURCE.md say where they are from"
LICENCE = f"{bach_cc0.LICENCE}; {js_fakes.LICENCE}"


def load(*, download: bool = False) -> Splits[Score]:
    """The parts of bach-cc0, in training also the pieces of js-fakes that open like none that Bach's held-out ones do.

    Where bars begin in those follows from where their phrases end, as in bach-cc0; `download` changes nothing. Raises
    DataError where one of the two is not here.

    >>> import contextlib
    >>> from seqgen import DataError
    >>> with contextlib.suppress(DataError):  # where they are not on this machine
    ...     assert [len(part) for part in load()][1:] == [34, 26]
    """
    bach, fakes = bach_cc0.load(), js_fakes.load()
    held = {incipit(score) for score in (*bach.valid, *bach.test)}
    more = [_in_bars(score) for part in fakes for score in part if incipit(score) not in held]
    return Splits([*bach.train, *more], bach.valid, bach.test)


def _in_bars(score: Score) -> Score:
    """With the upbeat that its phrases say it has."""
    voices = [
        [
            (score.beat_at(note.onset), score.beat_at(note.end) - score.beat_at(note.onset), note.pitch)
            for note in score.notes
            if note.part == part
        ]
        for part in range(4)
    ]
    rounded = [
        [(round(4 * onset) / 4, round(4 * length) / 4, pitch) for onset, length, pitch in voice] for voice in voices
    ]
    first = score.time_at(bach_cc0.upbeat(rounded, bar=4.0))
    return dataclasses.replace(score, meters=(Meter(first, 4, 4),))
