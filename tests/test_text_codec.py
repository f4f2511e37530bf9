"""The character codec: round trips, totality, streaming, speed."""

from __future__ import annotations

import json
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqgen.domains.text import codec as module
from seqgen.domains.text.codec import Characters, Symbol, match
from seqgen.errors import ModelError
from seqgen.spec import Discrete

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
ALPHABETS = st.sampled_from(["", "ab", "\n !aeé", "\0\ufffd𝄞", "字漢"])
ID = st.one_of(st.integers(-3, 300), st.integers(-(2**31), 2**31 - 1))
IDS = st.lists(ID)

EDGES = "\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff"  # where UTF-8 takes another byte
AWKWARD = "one\r\ntwo\rthree\n\n é é \ud800 \udfff\ud83d 漢字 😀 \0 \ufeff \ufffd"


def encode_slowly(codec: Characters, text: str) -> list[int]:
    ids: list[int] = []
    for char in codec.canonical(text):
        if char in codec.alphabet:
            ids.append(256 + codec.alphabet.index(char))
        else:
            ids.extend(char.encode())
    return ids


def decode_slowly(codec: Characters, ids: list[int]) -> str:
    """Run by run: bytes beside each other are one piece of UTF-8."""
    text, run = "", b""
    for index in [*ids, None]:
        if index is not None and 0 <= index < 256:
            run += bytes([index])
            continue
        text += run.decode("utf-8", "replace")
        run = b""
        if index is not None:
            text += codec.alphabet[index - 256] if 256 <= index < codec.spec.size else "\ufffd"
    return text


@given(ANY_TEXT, ALPHABETS)
@example(AWKWARD, "")
@example(EDGES, "\x80\uffff")
@example(AWKWARD, "\n aé漢😀")
def test_decode_of_encode_is_canonical(text: str, alphabet: str) -> None:
    codec = Characters(alphabet)
    steps = codec.encode(text).steps
    assert codec.decode(steps) == codec.canonical(text)
    assert codec.canonical(codec.canonical(text)) == codec.canonical(text)
    assert steps.dtype == np.int32
    assert steps.tolist() == encode_slowly(codec, text)


@given(ANY_TEXT)
@example(AWKWARD)
def test_a_codec_fitted_on_a_text_gives_one_id_a_character(text: str) -> None:
    codec = Characters.fit([text])
    steps = codec.encode(text).steps
    assert len(steps) == len(codec.canonical(text))
    assert np.all(steps >= 256)
    assert codec.decode(steps) == codec.canonical(text)


def test_canonical_changes_line_ends_and_surrogates_and_nothing_else() -> None:
    expected = "one\ntwo\nthree\n\n é é \ufffd \ufffd\ufffd 漢字 😀 \0 \ufeff \ufffd"
    assert Characters("").canonical(AWKWARD) == expected


@given(IDS, ALPHABETS)
@example([0xF0, 0x9F, 256, 0x98, 0x80], "ab")
@example([0xED, 0xA0, 0x80, 0xC0, 0xFF, 0xE6, 0xBC], "漢")
def test_decode_answers_any_integers(ids: list[int], alphabet: str) -> None:
    codec = Characters(alphabet)
    text = codec.decode(np.array(ids, np.int32))
    assert text == decode_slowly(codec, ids)
    text.encode()  # no lone surrogate: it can be printed and written


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.uint64, np.float32])
def test_decode_answers_any_type_and_shape(dtype: type) -> None:
    assert Characters("").decode(np.array([[104, 105]], dtype)) == "hi"
    assert Characters("").decode(np.array([], dtype)) == ""


@given(st.lists(st.lists(ID, max_size=4), max_size=20), ALPHABETS)
@example([[0xF0, 0x9F], [0x98], [], [0x80, 256], [0xE6]], "a")
def test_a_stream_joined_is_the_whole(pieces: list[list[int]], alphabet: str) -> None:
    codec = Characters(alphabet)
    decoder = codec.decoder()
    text = "".join(map(decoder.decode, pieces)) + decoder.decode([], final=True)
    assert text == codec.decode([index for piece in pieces for index in piece])


def test_a_stream_holds_back_half_a_character() -> None:
    decoder = Characters("a").decoder()
    euro = list("€".encode())
    assert [decoder.decode([index]) for index in [*euro, 256, euro[0], euro[1]]] == ["", "", "€", "a", "", ""]
    assert decoder.decode([256]) == "\ufffda"
    assert decoder.decode(euro[:2], final=True) == "\ufffd"


def test_the_spec_counts_bytes_and_alphabet() -> None:
    assert Characters("").spec == Discrete(256)
    assert Characters.fit(["ba", "ca"]) == Characters("abc")
    assert Characters("abc").spec == Discrete(259)
    assert Characters.fit([]) == Characters("")


def test_fit_keeps_the_most_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["eeee dddd cc", "b a\r\n", "漢漢漢\ud800"]
    counts = Counter("".join(map(Characters("").canonical, texts)))
    assert Characters.fit(texts).alphabet == "".join(sorted(counts))
    monkeypatch.setattr(module, "MOST", 5)
    # e, d and the space have four or three of each; 漢 three; c two. b, a, LF and U+FFFD have one.
    assert Characters.fit(texts).alphabet == " cde漢"
    monkeypatch.setattr(module, "MOST", 6)
    assert Characters.fit(texts).alphabet == "\n cde漢"  # at a tie the lower code point


def test_fit_looks_at_the_beginning_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIT_LENGTH", 5)
    assert Characters.fit(["abc", "dez", "xy"]).alphabet == "abcde"

    def endless() -> object:
        yield "abcdefgh"
        raise AssertionError("read more than it needs")

    assert Characters.fit(endless()).alphabet == "abcde"  # type: ignore[arg-type]


def test_an_alphabet_is_never_over_the_limit() -> None:
    everything = "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))
    codec = Characters.fit([everything])
    assert len(codec.alphabet) == 8192
    assert codec.decode(codec.encode(everything).steps) == everything


@given(ANY_TEXT)
def test_settings_survive_json(text: str) -> None:
    codec = Characters.fit([text])
    assert Characters.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "characters", "alphabet": "ba"}, "'a' after 'b', not sorted and unique"),
        ({"kind": "characters", "alphabet": "aa"}, "'a' after 'a', not sorted and unique"),
        ({"kind": "characters", "alphabet": "a\ud800"}, r"lone surrogate '\\ud800'"),
        ({"kind": "characters", "alphabet": "".join(map(chr, range(9000)))}, "of 9000 characters is over .* 8192"),
        ({"kind": "characters", "alphabet": ["a", "b"]}, "a string 'alphabet'"),
        ({"kind": "characters"}, "a string 'alphabet'"),
        ({"kind": "words", "alphabet": "ab"}, "kind 'characters'"),
        ({"kind": "characters", "alphabet": "ab", "case": False}, "kind 'characters'"),
        ({}, "kind 'characters'"),
    ],
)
def test_damaged_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        Characters.from_dict(settings)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_symbols_name_every_id() -> None:
    symbols = Characters("ab").symbols()
    assert len(symbols) == 258
    assert symbols[195] == ("byte", 195)
    assert symbols[256:] == ["a", "b"]
    assert len(set(symbols)) == 258


@given(ALPHABETS, ALPHABETS)
def test_match_finds_the_same_symbol(old: str, new: str) -> None:
    table = match(Characters(old), Characters(new))
    before: list[Symbol] = Characters(old).symbols()
    assert len(table) == 256 + len(new)
    for symbol, index in zip(Characters(new).symbols(), table.tolist(), strict=True):
        assert (before[index] == symbol) if index >= 0 else (symbol not in before)


def test_ten_megabytes_are_encoded_without_a_loop() -> None:
    plain = "To be, or not to be: that is the question.\n" * 240_000
    mixed = ("To be, or not to be: " + "漢字é😀" * 4 + "\n") * 27_000
    codec = Characters.fit([plain[:1000]])
    for text in (plain, mixed):
        started = time.process_time()
        steps = codec.encode(text).steps
        # Ten times what it takes: a loop over characters is far above, a busy machine is not.
        assert time.process_time() - started < 1
    assert codec.decode(steps) == mixed
