"""How much of what was written is read wrong: character and word error rates."""

from __future__ import annotations

from collections.abc import Sequence

from seqgen.edits import error_rate


def cer(read: Sequence[str], written: Sequence[str]) -> float:
    """The character error rate: edits (`seqgen.edits`) over the characters that were written, of all lines together.

    >>> cer(["helo", "pen"], ["hello", "pen"])
    0.125
    """
    return error_rate(read, written)


def wer(read: Sequence[str], written: Sequence[str]) -> float:
    """The word error rate, of words between spaces, as `cer`.

    >>> wer(["helo pen"], ["hello pen"])
    0.5
    """
    return error_rate([line.split() for line in read], [line.split() for line in written])
