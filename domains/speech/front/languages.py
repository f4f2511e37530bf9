"""What is said in a text: of English by the project's own model, of other languages by espeak-ng."""

from __future__ import annotations

from ..clip import Phone
from . import espeak
from .phones import Lexicon, phones_of, sentences_of, words_of

ENGLISH = "en"


def sentences_in(text: str, language: str) -> list[str]:
    """A text in sentences that are said one by one. Raises DataError for one without words.

    >>> sentences_in("Bonjour. Oui ?", "fr")
    ['Bonjour.', 'Oui ?']
    """
    return sentences_of(text) if language == ENGLISH else espeak.sentences_of(text)


def phones_in(text: str, language: str, lexicon: Lexicon) -> tuple[Phone, ...]:
    """The sounds of a text. lexicon: of English, as for `phones_of`. Raises DataError, UsageError as either does.

    >>> [phone.name for phone in phones_in("Is it?", "en", {})]
    ['_', 'IH', 'Z', 'IH', 'T', '_']
    """
    return phones_of(text, lexicon) if language == ENGLISH else espeak.phones_of(text, language)


def letters_in(text: str, language: str) -> int:
    """How many letters are said, of English in words where numbers are written.

    >>> letters_in("3 Tage", "de"), letters_in("3 days", "en")
    (5, 9)
    """
    said = " ".join(words_of(text)) if language == ENGLISH else text
    return sum(map(str.isalnum, said))
