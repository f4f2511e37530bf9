"""How long a text is to be: so many characters, or so many words."""

from __future__ import annotations

import re
from typing import NamedTuple

from seqgen.errors import UsageError

LONGEST_WORD = 64  # characters a word counts for at the most: a script without blanks has no words


class Length(NamedTuple):
    """What is left to write: characters, and words, -1 for any number. inside: whether a word has begun.

    >>> Length.of("2 words").cut("one two three")[0]
    'one two'
    >>> Length.of(5).cut("one two three")[0]
    'one t'
    """

    characters: int
    words: int = -1
    inside: bool = False

    @classmethod
    def of(cls, asked: int | str) -> Length:
        """Of a number, or "80 words". Raises UsageError for anything else."""
        found = re.fullmatch(r"\s*(\d{1,9})\s*(w|words?|characters?)?\s*", str(asked))
        if not found or not int(found[1]):
            raise UsageError(f"length is {asked}; give 1 or more characters, or words as in '80 words'")
        number = int(found[1])
        return cls(number * LONGEST_WORD, number) if (found[2] or "").startswith("w") else cls(number)

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.characters == 0 or self.words == 0

    def cut(self, text: str) -> tuple[str, Length]:
        """As much of the text as there is room for, and what is left. A word ends where a blank follows."""
        text = "" if self.over else text[: self.characters]
        left = self._replace(characters=self.characters - len(text))
        if self.words < 0:
            return text, left
        words, inside = self.words, self.inside
        for at, sign in enumerate(text):
            if inside and sign.isspace():
                words -= 1
                if words == 0:
                    return text[:at], left._replace(words=0)
            inside = not sign.isspace()
        return text, left._replace(words=words, inside=inside)
