"""The sounds of a text: words by a lexicon, those that it has not by a model of how letters are pronounced."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from seqgen import registry
from seqgen.errors import DataError, SeqgenError, UsageError

from ..clip import PAUSE, Phone
from .spelling import spelled

Lexicon = Mapping[str, str]  # of words in small letters, their phonemes in ARPAbet

VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
CONSONANTS = [
    "B",
    "CH",
    "D",
    "DH",
    "F",
    "G",
    "HH",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]
MODEL = "english-phonemes"  # the shipped model of pronunciations
EXCEPTIONS = "exceptions.txt"  # usual words that it says wrong, from the CMU dictionary
FEWEST, ROWS = 8, 64  # words that it reads side by side, so that most sentences share one compiled program
LONGEST = 40  # letters of a word
LONG_SENTENCE = 25  # words
# Words of grammar as they are said between others, and the names of letters: a list of words by themselves has them stressed.
SPOKEN = {
    "a": "AH0", "an": "AH0 N", "the": "DH AH0", "of": "AH0 V", "to": "T AH0", "and": "AH0 N D", "in": "IH0 N",
    "is": "IH0 Z", "it": "IH0 T", "that": "DH AE0 T", "was": "W AH0 Z", "for": "F ER0", "on": "AA0 N", "as": "AE0 Z",
    "with": "W IH0 DH", "at": "AE0 T", "by": "B AY0", "but": "B AH0 T", "from": "F R AH0 M", "or": "ER0", "be": "B IY0",
    "are": "ER0", "were": "W ER0", "had": "HH AE0 D", "has": "HH AE0 Z", "have": "HH AE0 V", "he": "HH IY0",
    "his": "HH IH0 Z", "her": "HH ER0", "him": "HH IH0 M", "she": "SH IY0", "you": "Y UW0", "your": "Y AO0 R",
    "we": "W IY0", "they": "DH EY0", "their": "DH EH0 R", "them": "DH EH0 M", "me": "M IY0", "my": "M AY0",
    "i": "AY1", "us": "AH0 S", "our": "AW0 ER0", "its": "IH0 T S", "this": "DH IH1 S", "would": "W UH0 D",
    "could": "K UH0 D", "should": "SH UH0 D", "can": "K AE0 N", "will": "W IH0 L", "been": "B IH0 N", "do": "D UW1",
    "does": "D AH1 Z", "did": "D IH1 D", "not": "N AA1 T", "no": "N OW1", "so": "S OW1", "if": "IH0 F",
    "than": "DH AE0 N", "then": "DH EH1 N", "there": "DH EH1 R", "what": "W AH1 T", "who": "HH UW1", "one": "W AH1 N",
    "two": "T UW1", "all": "AO1 L", "into": "IH0 N T UW0", "upon": "AH0 P AA1 N", "some": "S AH1 M", "said": "S EH1 D",
    "ay": "EY1", "bee": "B IY1", "see": "S IY1", "dee": "D IY1", "ee": "IY1", "eff": "EH1 F", "gee": "JH IY1",
    "aitch": "EY1 CH", "eye": "AY1", "jay": "JH EY1", "kay": "K EY1", "el": "EH1 L", "em": "EH1 M", "en": "EH1 N",
    "oh": "OW1", "pee": "P IY1", "cue": "K Y UW1", "ess": "EH1 S", "tee": "T IY1", "vee": "V IY1", "ex": "EH1 K S",
    "why": "W AY1", "zee": "Z IY1",
}  # fmt: skip


def wordless(text: str) -> DataError:
    """What is raised for a text in which nothing can be said.

    >>> print(wordless("..."))
    there is nothing to say in '...'; give a text with words
    """
    return DataError(f"there is nothing to say in {text!r:.40}; give a text with words")


def words_of(text: str) -> list[str]:
    """The words of a text as they are said, and the marks , . ? between them; the last is a mark.

    >>> words_of("Two men, 3 dogs!")
    ['two', 'men', ',', 'three', 'dogs', '.']
    """
    found = re.findall(r"[a-z']+|[,.?]", spelled(text).lower())
    while found and found[0] in ",.?":
        found.pop(0)
    return [*found, "."] if found and found[-1] not in ",.?" else found


def sentences_of(text: str) -> list[str]:
    """A text in sentences as they are said, long ones cut where there is a comma. Raises DataError for one without words.

    >>> sentences_of("Mr. Bell rang. It is 5 o'clock!")
    ['mister bell rang .', "it is five o'clock ."]
    """
    found: list[list[str]] = [[]]
    for word in words_of(text):
        found[-1].append(word)
        if word in ".?" or (word == "," and len(found[-1]) > LONG_SENTENCE) or len(found[-1]) > 2 * LONG_SENTENCE:
            found.append([])
    if not found[0]:
        raise wordless(text)
    return [" ".join(words) for words in found if words]


def phones_of(text: str, lexicon: Lexicon = MappingProxyType({})) -> tuple[Phone, ...]:
    """The sounds of a text, pauses at its marks and at both ends.

    lexicon: goes before the model of pronunciations, and behind the words that this is known to say wrong. Raises DataError for a text without words.

    >>> [phone.name for phone in phones_of("The end.", {"end": "EH1 N D"})]
    ['_', 'DH', 'AH', 'EH', 'N', 'D', '_']
    """
    words = words_of(text)
    if not words:
        raise wordless(text)
    known = {**SPOKEN, **lexicon, **exceptions()}
    if missing := sorted({word for word in words if word not in known and word[0] not in ",.?"}):
        known.update(pronounced(missing))
    found = [Phone(PAUSE)]
    for word in words:
        if word in ",.?":
            found.append(Phone(PAUSE, mark=word))
            continue
        sounds = known[word].split()
        for place, sound in enumerate(sounds):
            stress = int(sound[-1]) if sound[-1].isdigit() else 0
            found.append(Phone(sound.rstrip("012"), stress, place == 0, place == len(sounds) - 1))
    return tuple(found)


@functools.lru_cache(maxsize=1)
def exceptions() -> Lexicon:
    """Usual words that the model of pronunciations says wrong, with their phonemes.

    >>> exceptions()["many"]
    'M EH1 N IY0'
    """
    lines = Path(__file__).with_name(EXCEPTIONS).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def pronounced(words: Sequence[str]) -> dict[str, str]:
    """The phonemes of words, as the shipped model of pronunciations writes them; an 's at the end is added to the rest.

    Raises UsageError where that model is not installed.
    """
    stems = {word: _stem(word) for word in words}
    written = dict(zip(*_write(sorted({stem for stem, _ in stems.values()})), strict=True))
    return {word: _ended(written[stem], ending) for word, (stem, ending) in stems.items()}


def _stem(word: str) -> tuple[str, bool]:
    word = word.strip("'")[:LONGEST] or "a"
    return (word[:-2], True) if word.endswith("'s") and len(word) > 2 else (word, False)


def _ended(sounds: str, ending: bool) -> str:
    if not ending:
        return sounds
    last = sounds.split()[-1].rstrip("012")
    return f"{sounds} " + (
        "IH0 Z" if last in ("S", "Z", "SH", "ZH", "CH", "JH") else "S" if last in ("P", "T", "K", "F", "TH") else "Z"
    )


def _write(words: list[str]) -> tuple[list[str], list[str]]:
    from seqgen.sampling import beam_search

    codec, model, params = _pronouncer()
    found: dict[str, str] = {}
    order = sorted(words, key=len)
    allowed = np.ones(codec.spec.size, bool)
    allowed[0] = False  # what is not known is never written
    for begin in range(0, len(order), ROWS):
        rows = order[begin : begin + ROWS]
        ids = [codec.read(word) for word in rows]
        ids += [ids[-1]] * (max(FEWEST, 1 << (len(ids) - 1).bit_length()) - len(ids))
        width = -(-max(map(len, ids)) // 16) * 16
        source = np.stack([np.pad(own, (0, width - len(own))) for own in ids])
        valid = np.arange(width) < np.array([[len(own)] for own in ids])
        best = beam_search(
            model,
            params,
            [np.zeros(0, np.int32)] * len(ids),
            length=2 * width,
            end=codec.end,
            beam=1,
            context=_encoder(model)(params["network"], source, None, valid),
            allowed=allowed,
        )
        for word, (one, *_) in zip(rows, best, strict=False):
            found[word] = codec.decode(one.steps).target.strip() or "AH0"
    return words, [found[word] for word in words]


@functools.lru_cache(maxsize=1)
def _pronouncer() -> tuple[Any, Any, Any]:
    from seqgen.models.pretrained import open_model

    try:
        domain = registry.domain("pronounce")
        codec, given = open_model(domain, MODEL)
    except SeqgenError as error:
        raise UsageError(f"words are pronounced by the model {MODEL} of seqgen pronounce: {error}") from None
    return codec, given.model, given.params


@functools.lru_cache(maxsize=1)
def _encoder(model: Any) -> Callable[..., Any]:
    from seqgen.machine.programs import kept

    return kept(model.network.encode, model.to_dict(), parts=(model,))


def lexicon_of(texts: Iterable[str]) -> dict[str, str]:
    """Every word of these texts that is not among the words of grammar, nor an exception, with its phonemes."""
    words = {word for text in texts for word in words_of(text)} - {*SPOKEN, *exceptions(), *",.?"}
    return pronounced(sorted(words))
