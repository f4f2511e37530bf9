"""Grace notes and dynamics of ABC: what the reader makes of them is what that of MusicXML makes; what is written of loudness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.domains.music import Note, Score
from seqgen.domains.music.formats.abc import score_from_abc
from seqgen.domains.music.formats.abc_writing import abc
from seqgen.domains.music.formats.dynamics import VELOCITIES, nearest
from seqgen.domains.music.formats.musicxml import parse_musicxml

Heard = tuple[float, int, float]
PITCHES = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B"}


def tune(lines: str) -> Score:
    return score_from_abc(f"X:1\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\n{lines}\n")


def heard(score: Score) -> list[Heard]:
    return [(round(note.onset, 4), note.pitch, round(note.duration, 4)) for note in score.notes]


def loud(score: Score, part: int = 0) -> list[int]:
    return [note.velocity for note in score.notes if note.part == part]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C {G}D", [(0, 60, 0.875), (0.875, 67, 0.125), (1, 62, 1)]),
        ("C {/G}D", [(0, 60, 0.875), (0.875, 67, 0.125), (1, 62, 1)]),
        ("C {GAF2}D", [(0, 60, 0.625), (0.625, 67, 0.125), (0.75, 69, 0.125), (0.875, 65, 0.125), (1, 62, 1)]),
        ("C {G}{A}D", [(0, 60, 0.75), (0.75, 67, 0.125), (0.875, 69, 0.125), (1, 62, 1)]),
        ("C/ {GFGF}D", [(0, 60, 0.25), *((0.25 + n / 16, (67, 65)[n % 2], 0.0625) for n in range(4)), (0.5, 62, 1)]),
        ("C {[EG]F}D", [(0, 60, 0.75), (0.75, 64, 0.125), (0.75, 67, 0.125), (0.875, 65, 0.125), (1, 62, 1)]),
        ("[CE] {G}[DF]", [(0, 60, 0.875), (0, 64, 0.875), (0.875, 67, 0.125), (1, 62, 1), (1, 65, 1)]),
        ("CDEF|{G}A", [(0, 60, 1), (1, 62, 1), (2, 64, 1), (3, 65, 0.875), (3.875, 67, 0.125), (4, 69, 1)]),
        ("{G}C D", [(0, 60, 1), (0, 67, 0.125), (1, 62, 1)]),
        ("{C}C z {G}D", [(0, 60, 1), (1.875, 67, 0.125), (2, 62, 1)]),
        ("C {G}z D", [(0, 60, 1), (1.875, 67, 0.125), (2, 62, 1)]),
        ("C-{G}C D", [(0, 60, 2), (0.875, 67, 0.125), (2, 62, 1)]),
        ("[C-E] {G}[CF]", [(0, 60, 2), (0, 64, 0.875), (0.875, 67, 0.125), (1, 65, 1)]),
        ("C {C}C", [(0, 60, 0.875), (0.875, 60, 0.125), (1, 60, 1)]),
        ("C>{G}D", [(0, 60, 1.375), (1.375, 67, 0.125), (1.5, 62, 0.5)]),
        ("(3C{G}DE", [(0, 60, 0.5417), (0.5417, 67, 0.125), (0.6667, 62, 0.6667), (1.3333, 64, 0.6667)]),
        ("C {^G}D G|G", [(0, 60, 0.875), (0.875, 68, 0.125), (1, 62, 1), (2, 68, 1), (3, 67, 1)]),
        ("C {}D {G}", [(0, 60, 1), (1, 62, 1)]),
        ("C {!mark!G}D", [(0, 60, 0.875), (0.875, 67, 0.125), (1, 62, 1)]),
    ],
)
def test_grace_notes_take_their_time_from_the_note_before(music: str, expected: list[Heard]) -> None:
    assert heard(tune(music)) == expected


def test_a_grace_note_is_heard_in_every_repeat_and_is_of_its_voice() -> None:
    assert heard(tune("C|:{G}D|E:|")) == [
        (0, 60, 0.875), (0.875, 67, 0.125), (1, 62, 1), (2, 64, 1), (2.875, 67, 0.125), (3, 62, 1), (4, 64, 1),
    ]  # fmt: skip
    score = tune("V:1\nC {G}\nV:2\nE F|\nV:1\nD|")
    assert [n.duration for n in score.notes if n.part == 1] == [1, 1]
    assert [n.pitch for n in score.notes if n.part == 0] == [60, 67, 62]


def test_of_a_chord_those_are_tied_that_say_so() -> None:
    assert heard(tune("[C-E] [CE]")) == [(0, 60, 2), (0, 64, 1), (1, 64, 1)]
    assert heard(tune("[CE]-[CE]")) == [(0, 60, 2), (0, 64, 2)]
    score = Score([Note(0.0, 60, 2.0), Note(0.0, 64, 1.0), Note(1.0, 64, 1.0)])
    assert heard(score_from_abc(abc(score))) == heard(score)


def test_what_is_broken_over_a_drone_moves_what_was_struck_last() -> None:
    assert heard(tune("[A-C] [A-D]>[AE]")) == [(0, 60, 1), (0, 69, 3), (1, 62, 1.5), (2.5, 64, 0.5)]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C D", [80, 80]),
        ("!p!C D !ff!E|F", [49, 49, 112, 112]),
        ("+p+C D +f+E", [49, 49, 96]),
        ("C !ffff!D !pppp!E", [80, 127, 10]),
        ("!p![CE] !f!D", [49, 49, 96]),
        ("!p!C-!f!C D", [49, 96]),
        ("!p!z C", [49]),
        ("!sfz!C !accent!D !nonsense!E !mp!F", [80, 80, 80, 64]),
        ("!crescendo(!C D !crescendo)!E", [80, 80, 80]),
        ("!p!(3CD!f!E F", [49, 49, 96, 96]),
        ("!p!C !f!{G}D", [49, 49, 96]),
        ("[!f!C] D", [80, 80]),
        ("|:!p!C !f!D:|", [49, 96, 49, 96]),
    ],
)
def test_dynamics_are_velocities(music: str, expected: list[int]) -> None:
    assert loud(tune(music)) == expected


def test_dynamics_are_of_their_voice() -> None:
    score = tune("V:1\nC !f!D|\nV:2\nE F|\nV:3\n!pp!G A|")
    assert [loud(score, part) for part in range(3)] == [[80, 96], [80, 80], [33, 33]]


def test_letters_for_segno_and_coda_are_signs_like_the_others() -> None:
    assert [note.pitch for note in tune("C|SD E|F !D.S.!|").notes] == [60, 62, 64, 65, 62, 64, 65]
    assert [note.pitch for note in tune("HC LD uE TF").notes] == [60, 62, 64, 65]


def xml_note(pitch: int, grace: bool, chord: bool) -> str:
    step = f"<pitch><step>{PITCHES[pitch]}</step><octave>4</octave></pitch>"
    return f"<note>{'<grace/>' * grace}{'<chord/>' * chord}{step}{'' if grace else '<duration>1</duration>'}</note>"


CHORD = st.lists(st.sampled_from(sorted(PITCHES)), min_size=1, max_size=3, unique=True)


@given(
    st.lists(st.tuples(st.sampled_from(["", *VELOCITIES]), st.lists(CHORD, max_size=3), CHORD), min_size=1, max_size=12)
)
def test_the_same_music_is_heard_from_musicxml_and_from_abc(
    moments: list[tuple[str, list[list[int]], list[int]]],
) -> None:
    xml, letters = "", ""
    for number, (dynamic, graces, chord) in enumerate(moments):
        if number and not number % 4:
            xml, letters = f"{xml}</measure><measure>", f"{letters}|"
        if dynamic:
            mark = f"<dynamics><{dynamic}/></dynamics>"
            xml += f"<direction><direction-type>{mark}</direction-type></direction>"
            letters += f"!{dynamic}!"
        for tones, grace in [*((tones, True) for tones in graces), (chord, False)]:
            xml += "".join(xml_note(pitch, grace, place > 0) for place, pitch in enumerate(tones))
        brackets = [f"[{''.join(map(PITCHES.__getitem__, tones))}]" for tones in (*graces, chord)]
        letters += f"{{{''.join(brackets[:-1])}}}{brackets[-1]}" if graces else brackets[-1]
    head = "<attributes><divisions>1</divisions></attributes><sound tempo='60'/>"
    sheet = f"<score-partwise><part><measure>{head}{xml}</measure></part></score-partwise>"
    assert tune(letters).notes == parse_musicxml(sheet.encode(), "a").notes


@given(
    st.lists(
        st.tuples(st.integers(30, 90), st.integers(1, 127), st.integers(0, 1), st.booleans()), min_size=1, max_size=30
    )
)
def test_velocities_come_back_on_the_levels_of_dynamics(notes: list[tuple[int, int, int, bool]]) -> None:
    score = Score(
        [
            Note(0.5 * at + 0.25 * late, pitch, 0.5, velocity, part=part)
            for at, (pitch, velocity, part, late) in enumerate(notes)
        ]
    )
    again = score_from_abc(abc(score))
    assert [(n.onset, n.pitch, n.velocity) for n in again.notes] == [
        (n.onset, n.pitch, VELOCITIES[nearest(n.velocity)]) for n in score.notes
    ]


def test_a_dynamic_is_written_where_it_changes() -> None:
    velocities = (80, 78, 96, 96, 44, 49)
    score = Score([Note(0.5 * at, 60, 0.5, velocity) for at, velocity in enumerate(velocities)])
    assert abc(score).splitlines()[-1] == "C2 C2 !f!C2 C2 | !p!C2 C2 z4 |]"
    chord = Score([Note(0.0, 60, 1.0, 60), Note(0.0, 64, 1.0, 68), Note(0.5, 67, 0.5, 112)])
    assert "!mp![C-E-]2 !ff![CEG]2" in abc(chord)
    assert "!" not in abc(Score([Note(0.0, 60, 1.0), Note(1.0, 62, 1.0)]))
