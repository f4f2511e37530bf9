"""What is written: words, names, numbers, dates, prices, addresses and strings, short ones and the same on any machine.

The parts "train", "valid" and "test" share no word: a run of four letters or more belongs to one part, whatever its
case, and so does any whole text without one. Words of three letters and fewer ("the", "and") are everybody's.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from itertools import count
from typing import Literal

from numpy.random import Generator

from .glyphs import PRINTABLE

Part = Literal["train", "valid", "test"]

_WORDS = """
a able about above across act add after again age ago air all almost alone along also always am among an and angry
animal another answer any apple are arm around art as ask at autumn away axis baby back bad bag ball band bank bath be
beach bean bear beautiful because become bed before began begin behind being bell below best better between big bird
birthday bit black blue boat body bone book both bottle bottom box boy brave bread break breakfast bridge bright bring
brother brought brown build bus busy but butter buy by cake call came camp can candle car card care carry cat catch
chair chance change cheap cheese chicken child choose church circle city class clean clear clock close cloud coat
coffee cold colour come cook cool copper corner could count country course cover cow crazy cross cry cup cut dance
dark day dear deep desk did dinner do doctor does dog door double down draw dream dress drink drive dry duck during
each early earth east easy eat edge egg eight either eleven empty end engine enjoy enough equal even evening ever every
exact example eye face fact fall family far farm fast father feather feel feet few field fifty fight find fine finger
finish fire first fish five fix fly follow food foot for forest forget forty forward found four fox free fresh friend
frog from front fruit full fun future game garden gave gentle get girl give glad glass go goat gold gone good grass
great green ground group grow guess had hair half hall hand happen happy hard has hat have he head hear heart heavy
help her here high hill him his hold home honey hope horse hot hour house how hundred hungry hurry ice idea if important
in inside into iron is island it its jacket jam jazz job join joke jolly journey joy judge juice jump jungle junior just
keep kept kettle key kick kind king kitchen kite knee knew knife know lady lake lamp land language large last late laugh
law lazy leaf learn leave left leg lemon less let letter life light like line lion list listen little live long look
lost lot love low lucky lunch machine made magic make man many map march market marry matter may maybe me meal mean
measure meet melody memory men metal middle might mile milk mind minute mirror miss mix money monkey month moon more
morning most mother mountain mouse mouth move much music must my name narrow near neck need needle never new next nice
night nine no noise none north nose not note nothing now number oak object ocean of off often oil old on once one onion
only open or orange order other our out outside over own oxygen page paint pair paper park part party pass past path pay
peace pen pencil people pepper perfect person photo piano picture piece pig pink place plain plan plant play please plum
pocket poem point pond poor possible potato power press pretty price print problem public pull puppy purple push put
puzzle quality quarter queen question quick quiet quilt quite quiz rabbit race radio rain ran reach read ready real red
relax remember rest rich ride right ring rise river road rock roof room root rope rose round row royal rule run sad safe
said sail salt same sand sat save saw say school science sea season seat second secret see seem seen sell send set seven
several shadow shall shape share sharp she sheep ship shirt shoe shop short should show shut sick side sign silver simple
since sing sister sit six sixty size skin sky sleep slow small smile smoke snow so soap soft some son song soon sorry
soup south space speak spell spoon sport spring square stand star start station stay step still stone stop story straight
street strong student such sugar summer sun supper sure sweet swim table take talk tall taste taxi tea teach team tell
ten than thank that the their them then there these they thick thin thing think third this those though thought three
through throw thumb ticket tie tiger time tiny to today together told tomorrow too took tooth top touch toward town toy
train travel tree true try turn twelve twenty twice two uncle under unit until up upon us use useful usual valley value
van velvet very view village violin visit voice wait walk wall want warm was wash watch water wave way we weather week
well went were west wet what wheel when where which while white who whole why wide wild will wind window wine winter
wise wish with woman wonder wood word work world worry would write wrong yard year yellow yes yesterday yet you young
your zebra zero zone zoo
"""
_NAMES = """
Ada Adam Alex Alice Amir Anna Aisha Ben Bella Boris Carla Chen Clara Cyrus Daisy David Diego Dora Elena Eli Emma Eric
Fatima Felix Fiona Frank Gabriel Gina Grace Hana Harry Hugo Ida Ines Isaac Ivan Jack Jane Jin Jonas Joy Julia Kate Karim
Kim Kofi Lara Leo Liam Lucy Maria Max Maya Mia Mike Nadia Nina Noah Nora Olga Oliver Omar Oscar Pablo Paula Peter Petra
Quentin Quinn Rachel Ravi Rita Rosa Ruth Sam Sara Sofia Sven Tara Theo Thomas Uma Ursula Vera Victor Vikram Walter Wanda
Will Xavier Xenia Yara Yasmin Yusuf Zoe Zara Zack
"""
_PLACES = """
Amsterdam Berlin Boston Cairo Chicago Dallas Delhi Dublin Geneva Hanoi Istanbul Jakarta Kyoto Lagos Lima Lisbon London
Madrid Milan Moscow Nairobi Oslo Oxford Paris Prague Quebec Quito Rome Seoul Sydney Tokyo Vienna Warsaw Xanten York
Zagreb Zurich
"""
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_STARTS = "b c d f g h j k l m n p qu r s t v w x y z bl br ch cl cr dr fl gr pl pr sh sk sl sn st th tr wh"
_MIDDLES = "a e i o u a e i o u ai ea ee ie oo ou"
_ENDS = " b d g k l m n p r s t x y z ck ft ld ll mp nd ng nk nt rd rk rn rt ss st th"  # the first is none
_SIGNS = "".join(character for character in PRINTABLE[1:] if not character.isalpha())
LINE = 20  # characters: from here on a text is a line, several words and numbers one after the other
_PLAIN = 0.94  # of what is drawn; the rest are random strings
_PAIRS = len(PRINTABLE) ** 2
_SCATTER = 4421  # shares no factor with the number of pairs: its multiples deal every pair once before any again


def part_of(text: str) -> set[Part]:
    """The parts that a text may be in: one, or none if its words are of several parts."""
    keys = re.findall(r"[a-z]{4,}", text.lower()) or [text]
    return set.intersection(*({_part(key)} for key in keys))


def _part(key: str) -> Part:
    number = zlib.crc32(key.encode("ascii")) % 20
    return "train" if number < 16 else "valid" if number < 18 else "test"


def text(chance: Generator, index: int, part: Part, longest: int) -> str:
    """Text `index` of a part: one to `longest` printable ASCII characters, no space at an end nor two in a row.

    Where `longest` is 20 or more they are lines of several words, names and numbers, long and short ones.
    Every fifth is a string that deals pairs of neighbours in turn: if `longest` is 10 or more, 15,045 texts of a part
    have every one of the 95 x 95 pairs but two spaces.
    """
    for attempt in count():
        if index % 5 == 4 and longest > 3 and attempt < 1000:
            found = _pairs(chance, index // 5, longest)
        elif longest < LINE:
            found = _natural(chance, part)
        else:
            found = line(chance, part, int(chance.integers(longest // 4, longest)), longest)
        if 0 < len(found) <= longest and part in part_of(found):
            return found
    raise AssertionError("count() does not end")


def line(chance: Generator, part: Part, shortest: int, longest: int) -> str:
    """Words, names and numbers, one after the other, `shortest` to `longest` characters."""
    found = ""
    while len(found) < shortest:
        more = f"{found} {_plain(chance, part, _PLAIN * chance.random())}".strip()
        found = more if len(more) <= longest else found
    return found


def _pick(chance: Generator, choices: tuple[str, ...] | list[str] | str) -> str:
    return choices[int(chance.integers(len(choices)))]


@cache
def _known(words: str, part: Part) -> tuple[str, ...]:
    return tuple(word for word in words.split() if len(word) < 4 or part in part_of(word))


def _natural(chance: Generator, part: Part) -> str:
    kind = chance.random()
    if kind < _PLAIN:
        return _plain(chance, part, kind)
    return "".join(_pick(chance, PRINTABLE) for _ in range(int(chance.integers(1, 8)))).strip().replace("  ", " ")


def _plain(chance: Generator, part: Part, kind: float) -> str:
    """What people write; `kind`, 0 to 0.94, decides between sentences, names and numbers."""
    if kind < 0.55:
        many = int(chance.choice([1, 1, 1, 2, 2, 3, 5, 8]))
        return _sentence(chance, " ".join(_word(chance, part) for _ in range(many)))
    if kind < 0.7:
        names = _known(_NAMES, part), _known(_PLACES, part)
        return _pick(chance, ["", "", "", "Dr. ", "Ms. ", "Mr. ", "St. "]) + _pick(chance, names[kind > 0.65])
    return _figures(chance, part)


def _word(chance: Generator, part: Part) -> str:
    if chance.random() < 0.7:
        return _pick(chance, _known(_WORDS, part))
    syllables = int(chance.integers(1, 4))
    made = "".join(_pick(chance, _STARTS.split()) + _pick(chance, _MIDDLES.split()) for _ in range(syllables))
    made += _pick(chance, _ENDS.split(" "))
    return made if part in part_of(made) or len(made) < 4 else _pick(chance, _known(_WORDS, part))


def _sentence(chance: Generator, words: str) -> str:
    if chance.random() < 0.1:  # the commonest capital of English, and of many strokes in print
        words = f"I {words}"
    case = chance.random()
    words = words.upper() if case < 0.1 else words[0].upper() + words[1:] if case < 0.35 else words
    mark = chance.random()
    if mark < 0.16:
        return words + _pick(chance, ".,!?;:")
    if mark < 0.24:
        around = _pick(chance, ["()", "[]", "{}", "<>", '""', "''", "**", "__", "``"])
        return around[0] + words + around[1]
    if mark < 0.28:
        return words.replace(" ", _pick(chance, ["-", "_", "/", " & ", " + ", ", ", "'s "]))
    return words


def _figures(chance: Generator, part: Part) -> str:
    a, b, c = (int(n) for n in chance.integers(1, 100, 3))
    year, day, month = 1900 + int(chance.integers(150)), 1 + a % 31, 1 + b % 12
    named = _MONTHS.split()[month - 1]
    short = [word for word in _known(_WORDS, part) if len(word) < 7]
    forms = (
        str(int(10 ** chance.uniform(0, 6))),
        f"{a}.{b}", f"{a},{b:02}{c}", f"{a}%", f"#{a}", f"No. {a}",
        f"${a}.{b:02}", f"${a}", f"-{a}", f"+{a}", f"{a}+{b}={a + b}", f"{a}*{b}", f"{a}<{a + b}", f"~{a}",
        f"{a % 24}:{b % 60:02}", f"{a % 12 + 1} {_pick(chance, ['am', 'pm'])}",
        f"{day}.{month}.{year % 100:02}", f"{day}/{month}/{year}", f"{day} {named}", f"{year}",
        f"{year}-{month:02}-{day:02}", f"{named} {day}", f"{named} {year}",
        f"{100 + a * 9}-{b:02}{c:02}", f"+{a} {b:02}{c:02}",
        f"{_pick(chance, short)}@{_pick(chance, short)}.{_pick(chance, ['com', 'org', 'net', 'de', 'uk', 'io'])}",
        f"{_pick(chance, short)}_{a}", f"{a} {_pick(chance, ['kg', 'cm', 'km', 'ml', 'g', 'm', 'h', 'min'])}",
        f"{_pick(chance, short)}{a}", f"({a})", f"[{a}]", f"{a}/{b}", f"{_pick(chance, PRINTABLE[33:59])}{a}",
    )  # fmt: skip
    return _pick(chance, list(forms))


def _pairs(chance: Generator, number: int, longest: int) -> str:
    """Some of the 95 x 95 pairs of neighbours, with signs between them and where an end would be a space."""
    many = min(3, (longest - 1) // 3)
    dealt = [(many * number + k) * _SCATTER % _PAIRS for k in range(many)]
    pairs = [PRINTABLE[n // len(PRINTABLE)] + PRINTABLE[n % len(PRINTABLE)] for n in dealt]
    found = "".join(pair + _pick(chance, _SIGNS) for pair in pairs)
    found = found if pairs[-1].endswith(" ") else found[:-1]
    return re.sub(" +", " ", _pick(chance, _SIGNS) + found if found[0] == " " else found)
