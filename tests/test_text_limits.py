"""What a written text keeps to: patterns, banned strings, copies, repeats, lengths in words; and what it never holds."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_text_api import CODEC, MODEL, parameters

from seqgen.domains import text
from seqgen.domains.text.codec import MOST, Characters
from seqgen.domains.text.lengths import Length
from seqgen.domains.text.limits.asked import writable
from seqgen.domains.text.limits.language import derived, nullable
from seqgen.domains.text.limits.machine import machine_for
from seqgen.domains.text.limits.pattern import parse
from seqgen.errors import UsageError
from seqgen.models.pretrained import save_pretrained
from seqgen.shell import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "letters"
    return save_pretrained(path, domain="text", codec=CODEC.to_dict(), model=MODEL, params=parameters())


@pytest.fixture(scope="module")
def letters(folder: Path) -> text.TextModel:
    return text.load(folder)


PATTERNS = [
    r"a+|[bc]\d", r"(ab)*c?", r"[^a]{2,3}", r".é|日*", r"(a|b){0,4}c", r"\w+\s?\w*", r"(?:a?){3}b", r"[a-c]-[\]x]",
    r"\x41\u00e9|", r"(a*)*b", r"(|a)b{2}", r"[^\W\d]", r"\D\S", r"[]a]+", r"a{2}", r"a{1,}b{0,0}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_python_makes_of_it(pattern: str) -> None:
    language = parse(pattern)
    for length in range(4):
        for written in map("".join, itertools.product("abcé日1-\nA]", repeat=length)):
            rest = language
            for byte in written.encode():
                rest = derived(rest, byte)
            assert nullable(rest) == bool(re.fullmatch(pattern, written, re.ASCII)), written


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", r"at character 3: '\(' is never closed"),
        ("a)", r"at character 2: '\)' closes nothing"),
        ("[a", r"at character 3: '\[' is never closed"),
        ("*a", "there is nothing to repeat"),
        ("a+?", "a repeat of a repeat"),
        ("^a$", "the whole new text is matched anyway; leave \\^ out"),
        (r"(?=a)", r"of \(\?...\) only \(\?:...\) is known"),
        (r"\b", r"\\b is not known here"),
        (r"\x4", "wants 2 hexadecimal digits"),
        ("a{3,2}", "m <= n <= 250"),
        ("a{x}", "give {m}, {m,} or {m,n}"),
        ("[b-a]", "a range goes from one character to a later one"),
        ("a\\", "a backslash at the end"),
        ("(" * 3000 + ")" * 3000, "nested too deeply; write it flatter"),
        ("(a|b)*a(a|b){12}", "takes over 5000 states; give shorter repeats"),
        ("日", "there is no text of this model's characters for the pattern '日'"),
        ("", "there is no text of this model's characters for the pattern ''"),
    ],
)
def test_patterns_that_cannot_be_kept_to_are_refused(letters: text.TextModel, pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        letters.stream([""], match=pattern)


@pytest.mark.parametrize("pattern", ["[ad-g]{5}", r"(Id|the|is)( \w+)*\.", r"a+", "(ad|adg|t)"])
def test_what_is_written_matches(letters: text.TextModel, pattern: str) -> None:
    for written in letters.samples(["", "No. ", "日"] * 3, match=pattern, length=3000, seed=2):
        assert re.fullmatch(pattern, written.removeprefix("No. ").removeprefix("日"), re.ASCII), written


def test_a_machine_over_words_and_bytes_walks_their_letters() -> None:
    symbols = (("byte", 0xC3), ("byte", 0xA9), "th", "the", "e", "é", ("end", 0))
    table = machine_for(symbols, "the|é", ()).rule.table
    assert [symbols[at] for at in np.flatnonzero(table[0] >= 0)] == [("byte", 0xC3), "th", "the", "é"]
    free = machine_for(symbols, None, ("e",)).rule.table
    assert [symbols[at] for at in np.flatnonzero(free[0] >= 0)] == [("byte", 0xC3), ("byte", 0xA9), "th", "é"]


def test_banned_strings_are_not_written(letters: text.TextModel) -> None:
    def write(**limits: Any) -> str:
        return letters.sample(length=400, seed=1, **limits)

    bans = [write()[100:102], write()[50:51], ""]
    assert not any(ban in write(ban=bans) for ban in bans[:2]) and bans[1] not in write(ban=bans[1])
    assert "a" not in letters.sample(match="[a-g]{40}", ban="a", seed=1)
    with pytest.raises(UsageError, match="no text of this model's characters for the pattern 'a'"):
        write(match="a", ban="a")


def test_repeats_and_copies_are_short(letters: text.TextModel, tmp_path: Path) -> None:
    def runs(written: str, length: int) -> list[str]:
        return [written[at : at + length] for at in range(len(written) - length + 1)]

    looped = letters.sample(length=300, temperature=0)
    written = letters.sample(length=300, temperature=0, max_repeat=6)
    assert len(set(runs(looped, 7))) < len(runs(looped, 7)) and len(set(runs(written, 7))) == len(runs(written, 7))
    corpus = tmp_path / "learned.txt"
    corpus.write_text(looped)
    written = letters.sample(length=300, temperature=0, max_copy=6, corpus=corpus)
    assert not set(runs(looped, 7)) & set(runs(written, 7))
    with pytest.raises(UsageError, match="not known what this model learned from; name a file, folder or data set"):
        letters.stream([""], max_copy=6)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"repetition": 0.5}, r"repetition is 0.5; give 1 \(off\) or more"),
        ({"presence": -1}, r"presence is -1; give 0 \(off\) or more"),
        ({"max_repeat": -1}, "max-repeat is -1"),
        ({"length": "many words"}, "length is many words; give 1 or more characters, or words as in '80 words'"),
    ],
)
def test_limits_that_mean_nothing_are_refused(letters: text.TextModel, limits: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        letters.stream([""], **limits)


def test_a_length_in_words() -> None:
    for pieces in (["one  two th", "ree four"], ["one  two three ", "four"], list("one  two three four")):
        left, written = Length.of("3 words"), ""
        for piece in pieces:
            part, left = left.cut(piece)
            written += part
        assert written == "one  two three" and left.over
    assert Length.of("80w") == Length.of(" 80 words ") == Length(80 * 64, 80) and Length.of("80 characters") == Length(
        80
    )


def test_what_training_never_met_is_not_written(letters: text.TextModel) -> None:
    assert all(set(one) <= set(CODEC.alphabet) for one in letters.samples([""] * 4, length=300, temperature=2, seed=1))
    full = Characters("".join(map(chr, range(0x4E00, 0x4E00 + MOST))))
    assert writable(full).sum() == 256 - 13 + MOST and writable(Characters("")).sum() == 256 - 13


def test_the_best_of_some_is_the_likeliest_of_them(letters: text.TextModel) -> None:
    tried = letters.samples(["ab"] * 4, length=30, seed=1)
    means = [letters.log_probs(one[2:], after="ab").mean() for one in tried]
    assert letters.sample("ab", length=30, seed=1, best_of=4) == tried[int(np.argmax(means))]
    with pytest.raises(UsageError, match="the best of 0 was asked for; give 1 or more"):
        letters.sample(best_of=0)


def test_log_probs_are_those_of_a_score(letters: text.TextModel) -> None:
    written = "the 日 é\nIs"
    each = letters.log_probs(written)
    assert each.shape == (len(written),) and -each.sum() == pytest.approx(letters.score(written).nats, rel=1e-5)
    assert letters.log_probs(written[4:], after=written[:4]) == pytest.approx(each[4:], abs=1e-4)
    assert letters.log_probs("", after="a").shape == (0,)


def test_the_command_takes_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["text", "sample", "--model", str(folder), "--seed", "3", "--prompt", "Is"]
    assert cli.main([*command, "--match", "[a-g]{4}", "--ban", "ad", "--best-of", "2", "--json", "-n", "2"]) == 0
    for line in capsys.readouterr().out.splitlines():
        row = json.loads(line)
        assert re.fullmatch("Is[a-g]{4}", row["text"]) and len(row["log_probs"]) == 4 and max(row["log_probs"]) < 0
    assert cli.main([*command, "--length", "3 words", "--max-repeat", "9", "--presence", "0.1"]) == 0
    assert len(capsys.readouterr().out.split()) <= 3
    whole = text.load(folder).sample("Is", length=50, seed=3)
    assert cli.main([*command, "--length", "50"]) == 0
    assert capsys.readouterr().out == whole + "\n"
