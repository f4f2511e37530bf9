"""Numbers, and names that a model has not seen, as they stand in the source: what was written for them is replaced.

Which word was written for which follows from attention, as in Luong, Sutskever, Le, Vinyals & Zaremba (2015), section 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from .alignment import Alignment
from .codec import PairCodec
from .pictures.pixels import Pixels

RARE = 3  # units in which a name is spelt that is no word to the model
_WORD = re.compile(r"\d+|[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*")


def to_copy(codec: PairCodec, source: str) -> list[str]:
    """The numbers of a source from 10 on, and the capitalised words in it that are spelt in several parts.

    >>> from seqgen.domains.pairs import Pair
    >>> codec = PairCodec.fit([Pair("He was there.", "Il était là.")] * 3)
    >>> to_copy(codec, "In 1987 Kublawitz was 2.")
    ['1987', 'Kublawitz']
    """
    units = codec.source
    assert not isinstance(units, Pixels)
    found = []
    for word in _WORD.finditer(source):
        name = word[0]
        if name.isdigit():
            rare = len(name) > 1
        else:
            begins = not source[: word.start()].strip(" \"'\u00ab\u201c\u2018(")
            rare = name[0].isupper() and not begins and len(units.encode(f" {name}")) >= RARE
        if rare:
            found.append(name)
    return found


def copied(codec: PairCodec, source: str, text: str, align: Callable[[str, str], Alignment]) -> str:
    """`text` with what is `to_copy` in its place: words that were made of it, and are not in the source, are it."""
    missing = [name for name in to_copy(codec, source) if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
    if not missing or not text:
        return text
    looked = align(source, text)
    read, written = list(_WORD.finditer(source)), list(_WORD.finditer(text))
    if not written:
        return text
    of_source = [_units(looked.source, word.start(), word.end()) for word in read]
    of_target = [_units(looked.target, word.start(), word.end()) for word in written]
    # How much each word of the target is made of each of the source.
    made = np.array([[looked.weights[i:j].mean(axis=0)[k:m].sum() for k, m in of_source] for i, j in of_target])
    said = {word[0] for word in read}
    names = [read[column][0] for column in made.argmax(axis=1)]
    free = [name if word[0] not in said else "" for name, word in zip(names, written, strict=True)]
    edits = []
    for name in missing:
        places = [row for row, of in enumerate(free) if of == name]
        if places:
            first = last = max(places, key=lambda row: made[row].max())
            while first - 1 in places:  # a name may have been made in several words
                first -= 1
            while last + 1 in places:
                last += 1
            edits.append((written[first].start(), written[last].end(), name))
    for begin, end, name in sorted(edits, reverse=True):
        text = text[:begin] + name + text[end:]
    return text


def _units(units: tuple[str, ...], begin: int, end: int) -> tuple[int, int]:
    """Which units the characters from `begin` to `end` stand in."""
    ends = np.cumsum([len(unit) for unit in units])
    return int(np.searchsorted(ends, begin, "right")), int(np.searchsorted(ends, end, "left")) + 1
