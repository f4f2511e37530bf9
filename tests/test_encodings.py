"""Texts that are not UTF-8: the refusal names what they are, and latin-1 never makes control characters of quotes."""

# ruff: noqa: RUF001 (the characters of other scripts are meant)

from __future__ import annotations

import codecs
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.domains.text.corpus import prepare
from seqgen.errors import DataError
from seqgen.files.encodings import likely_encoding
from seqgen.files.reading import read_text

FRENCH = "Il était une fois, à l’orée d’une forêt, un garçon très sage. « Où vas-tu ? » dit la fée.\n"
GERMAN = "Es war einmal ein Müller, der hatte eine schöne Tochter; “größer” als alle Bäume, sagte er – und lächelte.\n"
SPANISH = "¿Quién vendrá mañana? ¡El niño y su hermano pequeño!\n"
ENGLISH = "“It’s late,” she said — and it was.\n"
POLISH = "Był sobie król, był sobie paź i była też królewna; żyli wśród róż, nie znali burz.\n"
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy, řekla babička a zavřela okno.\n"
ACCENTS = "Où êtes-vous allés cet été ? Le garçon a mangé des pâtes près de la forêt où naît la rivière.\n"
UMLAUTS = "Die Bäume blühen früh; größere Vögel ziehen über die Höfe, und müde Füße gehen.\n"
RUSSIAN = "Мороз и солнце; день чудесный! Ещё ты дремлешь, друг прелестный.\n"
GREEK = "Στην αρχή ήταν ο λόγος και ο λόγος ήταν μαζί με τον θεό.\n"
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"
SIMPLE = "床前明月光，疑是地上霜。我们在这里说的是一个人的生活，他不知道为什么。\n"
TRADITIONAL = "他們說這個國家的人民是自由的，我們不知道為什麼要來這裡。\n"
KOREAN = "나는 학교에 가서 친구를 만나고 이야기를 하였다.\n"

TEXTS = {
    "shift_jis": (JAPANESE,),
    "euc_jp": (JAPANESE,),
    "gb18030": (SIMPLE,),
    "big5": (TRADITIONAL,),
    "euc_kr": (KOREAN,),
    "cp1252": (FRENCH, GERMAN, SPANISH, ENGLISH),
    "cp1250": (POLISH, CZECH),
    "iso8859-2": (POLISH, CZECH),
    "cp1251": (RUSSIAN,),
    "koi8-r": (RUSSIAN,),
    "cp866": (RUSSIAN.replace("—", "-"),),
    "cp1253": (GREEK,),
    "mac_roman": (FRENCH, SPANISH, UMLAUTS),
    "cp437": (ACCENTS, UMLAUTS),
}
CASES = [(name, text) for name, texts in TEXTS.items() for text in texts]


@pytest.mark.parametrize(("encoding", "text"), CASES)
@pytest.mark.parametrize("times", [1, 200])
def test_the_refusal_of_a_text_names_what_it_is(tmp_path: Path, encoding: str, text: str, times: int) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(b"plain words first\n" * times + (text * times).encode(encoding))
    message = (
        rf"is not UTF-8: byte 0x.. at offset \d+; it looks like {encoding}: name it with --encoding {encoding}, or"
    )
    with pytest.raises(DataError, match=message):
        read_text(path)
    with pytest.raises(DataError, match=message):
        prepare(path, tmp_path / "out")
    assert read_text(path, encoding).endswith(text)


def test_latin_1_is_read_as_windows_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_bytes((ENGLISH * 40).encode("cp1252"))
    for name in ("latin-1", "iso-8859-1", "L1", "cp1252"):
        assert read_text(path, name) == ENGLISH * 40
    made = prepare(path, tmp_path / "out", encoding="latin-1")
    assert "’" in made.manifest.codec["alphabet"] and not re.search("[\x80-\x9f]", made.manifest.codec["alphabet"])
    path.write_bytes(bytes(range(1, 256)))  # all but five of them are in cp1252
    assert len(read_text(path, "latin-1")) == 255


@pytest.mark.parametrize(("encoding", "text"), CASES)
@pytest.mark.parametrize("said", ["latin-1", "cp1252"])
def test_a_text_of_another_script_is_not_made_accents_of(tmp_path: Path, encoding: str, text: str, said: str) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes((text * 20).encode(encoding))
    western = encoding in ("cp1252", "cp1250", "iso8859-2", "mac_roman", "cp437")
    for read in (lambda: read_text(path, said), lambda: prepare(path, tmp_path / encoding, encoding=said)):
        if western:  # what these make of one another only a reader can tell, and who names it may know better
            try:
                read()
            except DataError as error:
                assert "looks like" in str(error)  # cp1252 has no letter for every byte
        else:
            with pytest.raises(DataError, match=f"is (said to be|not) {said.upper()}.* looks like {encoding}: name it"):
                read()


@given(st.binary(max_size=200))
def test_a_name_that_is_given_reads_the_text(raw: bytes) -> None:
    name = likely_encoding(raw)
    if name is not None:
        codecs.getincrementaldecoder(name)().decode(raw)


@pytest.mark.parametrize("raw", [b"", b"plain", bytes(range(128, 256)), bytes(range(256)) * 4])
def test_what_is_like_no_language_is_not_guessed_at(raw: bytes) -> None:
    assert likely_encoding(raw) is None


def test_a_text_in_two_encodings_is_told_by_the_line_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_bytes("".join(itertools.repeat(JAPANESE, 3)).encode() + FRENCH.encode("cp1252"))
    with pytest.raises(DataError, match="looks like cp1252"):
        read_text(path)


def test_catalan_has_dots_inside_words(tmp_path: Path) -> None:
    text = "La col·lecció i l'al·lota de la il·lusió, intel·ligència paral·lela excel·lent. "
    (tmp_path / "a.txt").write_bytes(text.encode("cp1252"))
    with pytest.raises(DataError, match="looks like cp1252"):
        read_text(tmp_path / "a.txt")
