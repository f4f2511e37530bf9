"""Makes exceptions.txt: `python domains/speech/front/make_exceptions.py`.

The words of the data set `tatoeba`, in English, that stand there three times or more, and that the shipped model of
pronunciations says audibly otherwise than the CMU dictionary does. Needs the extra `pronounce`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from seqgen import registry
from seqgen.domains.speech.front.phones import EXCEPTIONS, SPOKEN, pronounced, words_of
from seqgen.machine.cache import use_compile_cache

OFTEN = 3
# What hardly anybody hears, or says always: rules of a pattern and what stands for it.
ALIKE = (
    ("AO", "AA"),
    ("HH W", "W"),
    ("(AH|IH|EH)0", "AH0"),
    ("(IY0|Y) (?=AH0)", "Y "),
    (" ER0", " R"),
    ("UW|UH", "UW"),
    ("[012]", ""),
)


def audible(sounds: str) -> str:
    """Phonemes without what is hardly heard."""
    for pattern, other in ALIKE:
        sounds = re.sub(pattern, other, sounds)
    return sounds


def main() -> None:
    use_compile_cache()
    splits = registry.dataset("cmu-dictionary").load()
    dictionary = defaultdict(list)
    for pair in (*splits.train, *splits.valid, *splits.test):
        dictionary[pair.source].append(pair.target)
    count = Counter(word for pair in registry.dataset("tatoeba").load().train for word in words_of(pair.source))
    words = sorted(
        word for word, times in count.items() if times >= OFTEN and word in dictionary and word not in SPOKEN
    )
    said = pronounced(words)
    wrong = [word for word in words if audible(said[word]) not in map(audible, dictionary[word])]
    lines = "".join(f"{word} {dictionary[word][0]}\n" for word in wrong)
    Path(__file__).with_name(EXCEPTIONS).write_text(lines, encoding="utf-8")
    print(f"{len(wrong):,} of {len(words):,} words")


if __name__ == "__main__":
    main()
