"""Whether a model writes at all: a few words tried after training, before anybody counts on it."""

from __future__ import annotations

from .api import HandwritingModel
from .writing import MOST

_TEXTS = ("hello world", "the quick brown fox", "Dear friend")
NARROW = 0.3  # x-heights a character: people's writing is two to six times as wide


def trouble(model: HandwritingModel) -> str:
    """What is wrong with what it writes, in a sentence; "" where nothing is, and for models that write no texts.

    Most of the texts that it tries are too narrow to be writing, or do not end. Its letters are not judged.

    >>> from seqgen.domains import handwriting
    >>> trouble(handwriting.load())
    ''
    """
    alphabet = model.codec.alphabet
    if not alphabet.strip():
        return ""
    texts = ["".join(character for character in text if character in alphabet).strip() for text in _TEXTS]
    if min(map(len, texts)) < 3:  # another script
        letters = "".join(alphabet.split())
        texts = [letters[start::3] * 3 for start in range(min(3, len(letters)))]
    narrow, endless = [], []
    for text in texts:
        ink = model.write(text[:20])[0]
        left, _, right, _ = ink.bounds
        narrow += [ink] * (right - left < NARROW * len(ink.text or ""))
        endless += [ink] * (ink.points >= MOST * (len(ink.text or "") + 1))
    if 2 * len(narrow) > len(texts):
        ink = narrow[0]
        return f"of {ink.text!r} it writes {ink.points} points, {ink.bounds[2] - ink.bounds[0]:.2g} x-heights wide"
    return (
        f"{endless[0].text!r} does not end within {endless[0].points} points" if 2 * len(endless) > len(texts) else ""
    )
