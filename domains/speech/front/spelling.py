"""What is written but not said as it is written: numbers, dates, money, abbreviations; English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_GROUPS = ("", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_SHORT = {
    "mr": "mister", "mrs": "missis", "ms": "miz", "dr": "doctor", "prof": "professor", "st": "saint", "jr": "junior",
    "sr": "senior", "vs": "versus", "etc": "et cetera", "no": "number", "co": "company", "inc": "incorporated",
    "ltd": "limited", "capt": "captain", "gen": "general", "lt": "lieutenant", "col": "colonel", "sgt": "sergeant",
    "rev": "reverend", "hon": "honorable", "dept": "department", "approx": "approximately", "est": "established",
    "jan": "January", "feb": "February", "mar": "March", "apr": "April", "jun": "June", "jul": "July",
    "aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November", "dec": "December",
}  # fmt: skip
_ONLY_BEFORE_NUMBERS = ("no",)
_UNITS = {
    "km": "kilometers", "kg": "kilograms", "cm": "centimeters", "mm": "millimeters", "m": "meters", "g": "grams",
    "ft": "feet", "lb": "pounds", "lbs": "pounds", "oz": "ounces", "mph": "miles per hour", "kb": "kilobytes",
    "mb": "megabytes", "gb": "gigabytes", "hz": "hertz", "khz": "kilohertz", "ms": "milliseconds",
}  # fmt: skip
_MONEY = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_SIGNS = {"&": " and ", "@": " at ", "%": " percent", "+": " plus ", "=": " equals ", "#": " number ", "°": " degrees"}
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "ay",
            "bee",
            "see",
            "dee",
            "ee",
            "eff",
            "gee",
            "aitch",
            "eye",
            "jay",
            "kay",
            "ell",
            "em",
            "en",
            "oh",
            "pee",
            "cue",
            "are",
            "ess",
            "tee",
            "you",
            "vee",
            "double-you",
            "ex",
            "why",
            "zee",
        ],
        strict=True,
    )
)
MOST_DIGITS = 15  # of a number that is said as one


def cardinal(number: int) -> str:
    """A whole number in words.

    >>> cardinal(1_234_005)
    'one million two hundred thirty four thousand five'
    """
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_ONES[number // 100]} hundred" + (f" {cardinal(number % 100)}" if number % 100 else "")
    parts: list[str] = []
    for group in _GROUPS:
        number, here = divmod(number, 1000)
        if here:
            parts.append(f"{cardinal(here)} {group}".rstrip())
    return " ".join(reversed(parts))


def ordinal(number: int) -> str:
    """A whole number as a place in a row.

    >>> ordinal(21), ordinal(40), ordinal(12)
    ('twenty first', 'fortieth', 'twelfth')
    """
    *before, last = cardinal(number).split()
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*before, last])


def year(number: int) -> str:
    """A year as it is said.

    >>> year(1984), year(1900), year(2005), year(1706)
    ('nineteen eighty four', 'nineteen hundred', 'two thousand five', 'seventeen oh six')
    """
    century, rest = divmod(number, 100)
    if not 10 <= century < 100 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    return f"{cardinal(century)} " + ("hundred" if not rest else cardinal(rest) if rest > 9 else f"oh {_ONES[rest]}")


def letters(word: str) -> str:
    """The names of letters, one after the other.

    >>> letters("BBC")
    'bee bee see'
    """
    return " ".join(_LETTERS[letter] for letter in word.lower() if letter in _LETTERS)


def spelled(text: str) -> str:
    """A text with everything in words that can be read aloud: letters, apostrophes and the signs , . ? ! are left.

    >>> spelled("Dr. Smith paid $3.50 on May 3rd, 1984.")
    'doctor Smith paid three dollars and fifty cents on May third, nineteen eighty four.'
    >>> spelled("At 10:05 the BBC gave 1,250 km, or 7.5%?")
    'At ten oh five the bee bee see gave one thousand two hundred fifty kilometers, or seven point five percent?'
    """
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2018", "'")
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    text = re.sub(r"\s*(?:--+|[\u2014\u2013;:()\[\]{}]|\.{2,}|\u2026)\s*", ", ", text)
    text = re.sub(r"!", ".", text)
    text = re.sub(r"[^A-Za-z',.?]+", " ", text)
    text = re.sub(r"(?<![A-Za-z])'|'(?![A-Za-z])", "", text)  # quotes, and no apostrophes
    text = re.sub(r"\s*([,.?])[\s,.?]*", _strongest, text)
    return text.strip(" ,")


def _strongest(found: re.Match[str]) -> str:
    return next(mark for mark in "?.," if mark in found[0]) + " "


def _number(digits: str) -> str:
    whole, _, part = digits.replace(",", "").partition(".")
    said = cardinal(int(whole or "0")) if len(whole) <= MOST_DIGITS else _digits(whole)
    return said + (f" point {_digits(part)}" if part else "")


def _digits(digits: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in digits)


def _plural(count: str, name: str) -> str:
    return f"{_number(count)} {'pence' if name == 'penny' and count != '1' else name + 's' * (count != '1')}"


def _money(found: re.Match[str]) -> str:
    whole, part = _MONEY[found[1]]
    if found[4]:  # $3 million
        return f"{_number(found[2] + (found[3] or ''))} {found[4]} {whole}s"
    said = _plural(found[2].replace(",", ""), whole)
    cents = (found[3] or "")[1:3]
    return said + (f" and {_plural(str(int(cents)), part)}" if cents.strip("0") else "")


def _clock(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    said = "o'clock" if not minute and not found[3] else "" if not minute else cardinal(minute)
    if 0 < minute < 10:
        said = f"oh {said}"
    half = f" {letters(found[3].replace('.', ''))}" if found[3] else ""
    return f"{cardinal(hour)} {said}".rstrip() + half


def _date(found: re.Match[str]) -> str:
    month = int(found[1])
    if not 1 <= month <= 12:
        return " ".join(map(_number, found.groups()))
    return f"{_MONTHS[month - 1]} {ordinal(int(found[2]))}, {year(int(found[3]))}"


def _short(found: re.Match[str]) -> str:
    word, dot = found[1].lower(), found[2]
    if word in _ONLY_BEFORE_NUMBERS and not re.match(r"\s*\d", found.string[found.end() :]):
        return found[0]
    more = found.string[found.end() :].strip()
    return _SHORT[word] + ("." if dot and not more else "")


def _capitals(found: re.Match[str]) -> str:
    word = found[0].replace(".", "")
    sayable = re.search("[AEIOUY]", word) and len(word) > 3
    return word if sayable or word in ("I", "A", "OK", "NO", "SO", "GO", "DO") else letters(word)


_AFTER_MONTH = rf"\b({'|'.join(_MONTHS)})\s+(\d{{1,2}})\b(?!:|\d)"
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"\b({'|'.join(_SHORT)})(\.)", re.IGNORECASE), _short),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"), _date),
    (re.compile(r"([$£€])\s?(\d[\d,]*)(\.\d+)?(?:\s+(million|billion|trillion))?\b"), _money),
    (re.compile(r"\b(\d{1,2}):([0-5]\d)(?:\s*([ap]\.?m\b\.?))?", re.IGNORECASE), _clock),
    (re.compile(r"\b([ap])\.\s?m\.?(?![a-z])", re.IGNORECASE), lambda found: letters(f"{found[1]}m")),
    (re.compile(_AFTER_MONTH), lambda found: f"{found[1]} {ordinal(int(found[2]))}"),
    (
        re.compile(r"\b(\d{1,2})(?=\s+(?:" + "|".join(_MONTHS) + r")\b)"),
        lambda found: f"the {ordinal(int(found[1]))} of",
    ),
    (re.compile(r"\b(\d{1,9})(?:st|nd|rd|th)\b"), lambda found: ordinal(int(found[1]))),
    (re.compile(r"\b(1[1-9]\d\d|20\d\d)(s?)\b(?![,.]?\d)"), lambda found: _year(int(found[1]), found[2])),
    (
        re.compile(rf"(\d[\d,]*(?:\.\d+)?)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b", re.IGNORECASE),
        lambda found: f"{_number(found[1])} {_UNITS[found[2].lower()]}",
    ),
    (re.compile(r"\d[\d,]*\d(?:\.\d+)?|\d+(?:\.\d+)?"), lambda found: f" {_number(found[0])} "),
    (re.compile(r"\b(?:[A-Z]\.){2,}|\b[A-Z]{2,}\b"), _capitals),
)


def _year(number: int, plural: str) -> str:
    said = year(number)
    return said if not plural else f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"
