"""Tunes in ABC as they are played: repeats, endings, jumps; keys and chord symbols. Expected by hand from the standard 2.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqgen.domains.music import Chord, Key, Meter, Score
from seqgen.domains.music.beats import CHORD, LEFT, UNDER, Beats
from seqgen.domains.music.formats.abc import score_from_abc
from seqgen.errors import DataError

LETTERS = dict(zip((0, 2, 4, 5, 7, 9, 11), "CDEFGAB", strict=True))


def tune(lines: str, head: str = "L:1/4\nQ:1/4=60\nK:C") -> Score:
    return score_from_abc(f"X:1\n{head}\n{lines}\n")


@pytest.mark.parametrize(
    ("written", "played"),
    [
        ("CD|EF|GA|", "CDEFGA"),
        ("CD|EF:|GA:|", "CDEFCDEFGAGA"),
        ("CD||EF:|", "CDEFEF"),
        ("|:CD:|:EF:|G", "CDCDEFEFG"),
        ("CD::EF:|", "CDCDEFEF"),
        ("CD:||:EF:|]", "CDCDEFEF"),
        ("|:C|1 D:|2 E|F", "CDCEF"),
        ("|:C [1 D:| [2 E |]", "CDCE"),
        ("|:C|1D:|2E||F G:|", "CDCEFGFG"),
        ("|:C|1,3 D:|2 E:|4 F|]", "CDCECDCF"),
        ("|:C|1-2 D:|3 E|]", "CDCDCE"),
        ("C|D!fine!|E|F!D.C.!|", "CDEFCD"),
        ('C|"Fine"D|E|"^D.C. al Fine"F|', "CDEFCD"),
        ("|:C|D!fine!:|E !dacapo!|", "CDCDECD"),
        ("C|!segno!D E|F !D.S.!|", "CDEFDEF"),
        ("C|!segno!D !dacoda!|E !D.S.!|!coda!F|", "CDEDF"),
        ("C|1-9999999999 D:|", "CD" + "CD" * 15),
    ],
)
def test_what_is_repeated_is_heard_again(written: str, played: str) -> None:
    score = tune(written)
    assert "".join(LETTERS[note.pitch % 12] for note in score.notes) == played
    assert [note.onset for note in score.notes] == [pytest.approx(at) for at in range(len(played))]


def test_all_voices_are_repeated_by_the_lines_of_any() -> None:
    score = tune("V:1\n|:C D|E F:|\nV:2\nG2|A2|")
    assert [[note.pitch for note in score.notes if note.part == part] for part in (0, 1)] == [
        [60, 62, 64, 65] * 2,
        [67, 69] * 2,
    ]


def test_a_tie_out_of_a_section_ends_where_another_follows() -> None:
    assert [note.duration for note in tune("|:C D-:|D E|").notes] == [1, 1, 1, 2, 1]


def test_tempo_key_meter_and_upbeat_hold_where_a_repeat_leads_back() -> None:
    score = tune("C|D E F|[M:2/4][Q:1/4=120][K:G]G A|B2:|", "M:3/4\nL:1/4\nQ:1/4=60\nK:C")
    assert [(tempo.time, tempo.bpm) for tempo in score.tempos] == [(0, 60), (4, 120), (6, 60), (10, 120)]
    assert [key[:2] for key in score.keys] == [(0, 0), (4, 1), (6, 0), (10, 1)]
    assert [meter[1:] for meter in score.meters] == [(1, 4), (3, 4), (2, 4), (1, 4), (3, 4), (2, 4)]
    assert score.meters[3] == Meter(6.0, 1, 4) and score.seconds == 12


@pytest.mark.parametrize(
    ("key", "expected"),
    [("G", (1, "major")), ("Em", (1, "minor")), ("Bb maj", (-2, "major")), ("Aaeo", (0, "minor"))],
)
def test_keys_are_kept(key: str, expected: tuple[int, str]) -> None:
    assert tune("C D", f"L:1/4\nK:{key}").keys == (Key(0.0, *expected),)


def test_of_a_mode_the_notes_say_whether_it_is_minor_and_no_key_is_none() -> None:
    assert tune("D E F G A d A F D", "L:1/4\nK:Ddor").keys == (Key(0.0, 0, "minor"),)
    assert tune("G A B d g d B G", "L:1/4\nK:Gmix").keys == (Key(0.0, 0, "major"),)
    assert tune("C D", "L:1/4\nK:none").keys == tune("C D", "L:1/4\nK:HP").keys == ()


def test_chord_symbols_are_kept_and_words_are_none() -> None:
    score = tune('|:"Am7/G"C D|"Bbmaj7"E "N.C."F:|"Slow"G "F#m7b5"A "^Em"B "Fine"c|')
    assert score.chords[:3] == (Chord(0.0, "Am7/G"), Chord(2.0, "Bbmaj7"), Chord(3.0, "N.C."))
    assert [chord.symbol for chord in score.chords[3:]] == ["Am7/G", "Bbmaj7", "N.C.", "F#m7b5"]
    steps = Beats().encode(score).steps.tolist()
    assert sum(CHORD <= symbol < UNDER for symbol in steps) == 7 and LEFT in steps  # a lead sheet is learned with them


def test_a_tune_cannot_play_without_end() -> None:
    for many in ("[1-16C:|", "|:C:|", "!segno!C!D.S.!|", "C:|"):
        with pytest.raises(DataError, match="more than 400 repeats and double bars; split it"):
            tune(many * 17000)
    assert len(tune("C||" * 1000).notes) == 1000
    with pytest.raises(DataError, match=r"more than 200,000 notes as it is played"):
        tune("|:" + "CDEF" * 5000 + "".join(f"|{number} G:" for number in range(1, 17)) + "|")


def test_what_is_written_with_chords_comes_back_with_them(tmp_path: Path) -> None:
    score = tune('"Am"C D|"F"E F|', "M:2/4\nL:1/4\nQ:1/4=60\nK:Am")
    score.save(tmp_path / "a.abc")
    again = score_from_abc((tmp_path / "a.abc").read_text())
    assert again.chords == score.chords and again.keys == score.keys
