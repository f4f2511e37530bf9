"""What a text file that is not UTF-8 was written in, told by the characters that its language uses most."""

# ruff: noqa: RUF001 (the characters of other scripts are meant)

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

ENOUGH = 1 << 16  # bytes looked at
# The share of a text's characters beyond ASCII that has to be common ones. Of ideographs there are thousands, so that the
# common ones are fewer of them; by chance hardly any would be.
_IDEOGRAPHS, _LETTERS = 0.08, 0.6
_PUNCTUATION = "‘’“”„–—…«»°§©®€£·"
_AROUND = "„“”«»°§©®€£"  # what stands around words and never in them
_KANA = "".join(map(chr, range(0x3041, 0x30FF))) + "、。「」"
_SIMPLE = "的一是不了人我在有他这为之大来以个中上们到说时要就出会可也你对生能而子那得于着下自年过发后作里无天风花,。、，：；？！“”"
_TRADITIONAL = "的一是不了人我在有他這為之大來以個中上們到說時要就出會可也你對生能而子那得於著下自年過發後作裡無天風花，。、：；？！「」"
_HANGUL = "이다는을에의가고하지를은로한도사리기나아어그라서자시인들있것수해보대여"
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжю" + _PUNCTUATION
_GREEK = "αοιετσνηυρπκμλςάίόέήώγδθωχφβ" + _PUNCTUATION
_WESTERN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœÀÁÂÄÅÆÇÈÉÊÎÑÓÖØÚÜ¡¿ºªþðý" + _PUNCTUATION
_EASTERN = "ąćęłńóśźżáčďéěíňřšťúůýžľĺŕôäöüőűăâîşţđŚŻŁČŘŠŽŐ" + _PUNCTUATION


class _Script(NamedTuple):
    """common: its usual characters beyond ASCII. least: their share in a text. runs: how many of those stand together."""

    common: str
    least: float
    runs: range = range(2, ENOUGH)  # a single byte tells nothing


_LATIN = range(1, 4)  # accents stand among plain letters: a whole word of them is of another script
_WEST, _EAST = _Script(_WESTERN, _LETTERS, _LATIN), _Script(_EASTERN, _LETTERS, _LATIN)
_CANDIDATES = {  # where two find as many, the first is named
    "shift_jis": _Script(_KANA, _IDEOGRAPHS),
    "euc_jp": _Script(_KANA, _IDEOGRAPHS),
    "gb18030": _Script(_SIMPLE, _IDEOGRAPHS),
    "big5": _Script(_TRADITIONAL, _IDEOGRAPHS),
    "euc_kr": _Script(_HANGUL, _IDEOGRAPHS),
    "cp1252": _WEST,
    "cp1250": _EAST,
    "iso8859-2": _EAST,
    "cp1251": _Script(_CYRILLIC, _LETTERS),
    "koi8-r": _Script(_CYRILLIC, _LETTERS),
    "cp866": _Script(_CYRILLIC, _LETTERS),
    "cp1253": _Script(_GREEK, _LETTERS),
    "mac_roman": _WEST,
    "cp437": _WEST,
}


def likely_encoding(raw: bytes) -> str | None:
    """The name of the likeliest encoding of a text that is not UTF-8, or None where none is likely.

    raw: its bytes, from the beginning of a line on; an incomplete character at the end is left out.

    >>> likely_encoding("“Où est-il ?” — « là »".encode("cp1252")), likely_encoding(bytes(range(128, 256)))
    ('cp1252', None)
    """
    found: dict[str, float] = {}
    for name, script in _CANDIDATES.items():
        try:
            text = codecs.getincrementaldecoder(name)().decode(raw[:ENOUGH])
        except UnicodeDecodeError:
            continue
        runs = [run.span() for run in re.finditer("[^\0-\x7f]+", text)]
        usual = sum(
            text[at] in script.common and not _misplaced(text, at)
            for start, stop in runs
            if stop - start in script.runs
            for at in range(start, stop)
        )
        share = usual / max(sum(stop - start for start, stop in runs), 1)
        if share >= script.least:
            found[name] = share / script.least  # so that scripts of few and of many characters compare
    return max(found, key=lambda name: found[name], default=None)


def _misplaced(text: str, at: int) -> bool:
    """Whether it is where its like does not stand: a sign inside a word, a capital after a small letter."""
    before, char, after = text[max(at - 1, 0) : at], text[at], text[at + 1 : at + 2]
    return (before.islower() and char.isupper()) or (char in _AROUND and before.isalpha() and after.isalpha())


def remedy(raw: bytes, at: int) -> str:
    """What to do with a text that is no UTF-8 from byte `at` on, for the end of a message."""
    name = likely_encoding(raw[raw.rfind(b"\n", 0, at) + 1 :])
    if name is None:
        return "save it as UTF-8, or name its encoding with --encoding"
    return f"it looks like {name}: name it with --encoding {name}, or save it as UTF-8"


_ANY_BYTES = ("iso8859-1", "cp1252")  # they read whatever comes, and make accents of it
_ACCENTS = (*_ANY_BYTES, "cp1250", "iso8859-2", "mac_roman", "cp437")


def mistaken(raw: bytes, encoding: str) -> str | None:
    """What is wrong with a text that is said to be latin-1 or cp1252 and looks like one in another script; None otherwise.

    >>> mistaken("吾輩は猫である。名前はまだ無い。".encode("shift_jis"), "latin-1")
    'is said to be LATIN-1 and looks like shift_jis: name it with --encoding shift_jis, or save it as UTF-8'
    """
    if codecs.lookup(encoding).name not in _ANY_BYTES or (name := likely_encoding(raw)) in (None, *_ACCENTS):
        return None
    return (
        f"is said to be {encoding.upper()} and looks like {name}: name it with --encoding {name}, or save it as UTF-8"
    )


def written_as(encoding: str) -> tuple[str, str]:
    """The codec and the error handler that read an encoding; latin-1 is read as cp1252, as browsers do.

    The two differ in 27 bytes, which are quotes and dashes in the one and control characters in the other; no text
    has those, and most that is called latin-1 has the quotes. Raises LookupError for one that does not exist.
    """
    return ("cp1252", _C1) if codecs.lookup(encoding).name == "iso8859-1" else (encoding, "strict")


_C1 = "seqgen.c1"  # of the five bytes that cp1252 leaves open latin-1 says what they are


def _as_control(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return chr(error.object[error.start]), error.start + 1


codecs.register_error(_C1, _as_control)
