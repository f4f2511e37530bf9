"""Four voices on a grid: what is kept, what is lost, and that any symbols make a piece."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from seqgen.domains.music import DRUMS, Grid, Meter, Note, Score, Tempo, key_of
from seqgen.domains.music.grid import (
    BAR,
    BEAT,
    END,
    KEYS,
    LEFT,
    METERS,
    OVER,
    REST,
    TIED,
    fits,
    key_number,
    numbered_key,
    to_grid,
    whole_key,
)  # fmt: skip
from seqgen.domains.music.signs import Key, key_named
from seqgen.errors import DataError, ModelError, UsageError

SIXTEENTH = 0.15  # seconds at 100 quarters a minute
FOUR_FOUR = Meter(0.0, 4, 4)


def quartet(*voices: list[tuple[int, int, int]], meter: Meter = FOUR_FOUR) -> Score:
    """Voices of (step, pitch, steps)."""
    notes = [
        Note(step * SIXTEENTH, pitch, length * SIXTEENTH, part=part)
        for part, voice in enumerate(voices)
        for step, pitch, length in voice
    ]
    return Score(notes, (Tempo(0.0, 100.0),), (meter,))


ALTO, TENOR, BASS = [(0, 67, 4)], [(0, 60, 4)], [(0, 48, 4)]


def test_a_note_begins_goes_on_and_rests() -> None:
    piece = quartet([(0, 72, 1), (1, 72, 2)], ALTO, TENOR, BASS)
    steps = Grid().encode(piece).steps.reshape(-1)
    assert steps.tolist() == [
        *(BAR, 72, 48, 67, 60),
        *(72, 48 + TIED, 67 + TIED, 60 + TIED),  # struck again
        *(72 + TIED, 48 + TIED, 67 + TIED, 60 + TIED),
        *(REST, 48 + TIED, 67 + TIED, 60 + TIED),
    ]
    assert steps.dtype == np.int32


def test_bars_and_beats_follow_the_meter_and_an_upbeat_counts_backwards() -> None:
    voices = [[(0, pitch, 40)] for pitch in (72, 67, 60, 48)]
    steps = Grid().encode(quartet(*voices, meter=Meter(6 * SIXTEENTH, 3, 4))).steps
    voiced = np.cumsum(steps <= REST) // 4
    assert [(int(voiced[at]), int(steps[at])) for at in np.flatnonzero(steps > REST)] == [
        *((2, BEAT), (6, BAR), (10, BEAT), (14, BEAT), (18, BAR), (22, BEAT), (26, BEAT), (30, BAR), (34, BEAT)),
        (38, BEAT),
    ]
    assert Grid().decode(steps).meters == (Meter(6 * SIXTEENTH, 3, 4),)


@pytest.mark.parametrize("over", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("count", range(1, 17))
def test_every_meter_comes_back_unless_its_bar_is_one_of_fewer_larger_units(count: int, over: int) -> None:
    voices = [[(0, pitch, 300)] for pitch in (72, 67, 60, 48)]
    (meter,) = Grid().canonical(quartet(*voices, meter=Meter(0.0, count, over))).meters
    assert meter.quarters == count * 4 / over
    if over == 4 or (over > 4 and (count % 3 == 0 or count % 2)):
        assert meter == (0.0, count, over)


def test_a_jig_is_no_waltz() -> None:
    voices = [[(0, pitch, 24)] for pitch in (72, 67, 60, 48)]
    jig, waltz = (Grid().encode(quartet(*voices, meter=Meter(0.0, *over))).steps for over in ((6, 8), (3, 4)))

    def beats(steps: np.ndarray) -> list[int]:
        voiced = np.cumsum(steps <= REST) // 4
        return [int(voiced[at]) for at in np.flatnonzero(steps > REST)]

    assert beats(jig) == [0, 6, 12, 18] and beats(waltz) == [0, 4, 8, 12, 16, 20]
    for over in ((6, 8), (9, 8), (3, 8), (7, 8), (3, 4)):  # the grammar puts markers where the encoding does
        meter = Meter(0.0, *over)
        whole = round(4 * meter.quarters)
        piece = quartet(*([(0, pitch, 2 * whole)] for pitch in (72, 67, 60, 48)), meter=meter)
        steps = Grid().encode(piece).steps.reshape(2, -1)
        assert all(row[symbol] for bar in steps for row, symbol in zip(Grid().cycle(meter), bar, strict=True))


def test_tempo_changes_do_not_move_the_grid() -> None:
    slow = Score(
        [
            Note(beat * 1.0 if beat < 4 else 4 + (beat - 4) * 0.5, 60 + p, 0.25, part=p)
            for beat in range(8)
            for p in range(4)
        ],
        [Tempo(0.0, 60.0), Tempo(4.0, 120.0)],
    )
    onsets = np.flatnonzero(to_grid(slow).cells[:, 0] < TIED)
    assert onsets.tolist() == list(range(0, 32, 4))


def test_notes_off_the_grid_move_to_the_nearest_sixteenth_and_never_vanish() -> None:
    piece = quartet([(0, 72, 2)], ALTO, TENOR, BASS)
    late = Score([note._replace(onset=note.onset + 0.05, duration=0.01) for note in piece.notes], piece.tempos)
    assert [(note.onset, round(note.duration, 6)) for note in Grid().canonical(late).notes] == [(0.0, SIXTEENTH)] * 4


def test_what_is_not_four_voices_is_refused_with_the_reason() -> None:
    cases = [
        (Score([Note(0, 60, 1)]), "has 1 part; the grid is for four voices"),
        (Score([]), "has 0 parts"),
        (Score([Note(0, 60, 1, part=part) for part in range(5)]), "has 5 parts"),
        (Score([Note(0, 36, 1, program=DRUMS)]), "has drums"),
        (quartet([(0, 72, 1), (0, 76, 1)], ALTO, TENOR, BASS), "voice 1 sings two notes at once, at 0.0 s"),
        (
            replace(quartet([(400_000, 72, 1)], ALTO, TENOR, BASS), tempos=[Tempo(0, 1000)]),
            "1,048,576 is the most the grid takes",
        ),
    ]
    for piece, reason in cases:
        with pytest.raises(DataError, match=reason):
            Grid().encode(piece)
        assert not fits(piece)


def test_voices_are_told_apart_by_height_not_by_number() -> None:
    upside_down = quartet(BASS, TENOR, ALTO, [(0, 72, 4)])
    assert [note.part for note in Grid().canonical(upside_down).notes] == [3, 2, 1, 0]


@hypothesis.given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 127), st.integers(1, 9)), min_size=1),
        min_size=4,
        max_size=4,
    ),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 16), (1, 4)]),
    st.integers(0, 20),
)
def test_any_four_voices_come_back(
    voices: list[list[tuple[int, int, int]]], meter: tuple[int, int], upbeat: int
) -> None:
    laid = []
    for voice in voices:
        at, line = 0, []
        for rest, pitch, length in voice:
            line.append((at + rest, pitch, length))
            at += rest + length
        laid.append(line)
    piece, codec = quartet(*laid, meter=Meter(upbeat * SIXTEENTH, *meter)), Grid()
    decoded = codec.decode(codec.encode(piece).steps)
    assert decoded == codec.canonical(piece) == codec.canonical(decoded)
    sung = {(round(n.onset / SIXTEENTH), n.pitch, round(n.duration / SIXTEENTH)) for n in decoded.notes}
    assert sung == {note for line in laid for note in line}


@pytest.mark.parametrize(
    "codec", [Grid(), Grid(ranges=((60, 81), (53, 74), (48, 69), (36, 64)))], ids=["plain", "choir"]
)
@hypothesis.given(symbols=st.lists(st.integers(-3, LEFT + 6)))
def test_any_symbols_make_a_piece(codec: Grid, symbols: list[int]) -> None:
    piece = codec.decode(np.array(symbols, np.int32))
    assert all(note.duration > 0 for note in piece.notes)
    if {note.part for note in piece.notes} == {0, 1, 2, 3}:
        codec.encode(piece)


CHOIR = Grid(ranges=((60, 81), (53, 74), (48, 69), (36, 64)))


def test_a_piece_says_its_key_and_meter_and_its_last_beats_how_many_are_to_come() -> None:
    piece = quartet(*([(0, pitch, 6 * 12)] for pitch in (72, 64, 55, 48)), meter=Meter(0.0, 3, 4))
    steps = CHOIR.encode(piece).steps
    assert steps[:3].tolist() == [KEYS, METERS + OVER.index((3, 4)), BAR]
    said = [int(symbol) for symbol in steps if symbol >= LEFT]
    assert said == [LEFT + back for back in range(15, -1, -1)]  # of 18 beats the last 16
    assert all(steps[at - 1] in (BEAT, BAR) for at in np.flatnonzero(steps >= LEFT))
    assert steps[-1] == END and (steps == END).sum() == 1
    assert CHOIR.decode(steps) == CHOIR.canonical(piece) == replace(Grid().canonical(piece), keys=[Key(0.0, 0)])
    assert [*steps[(steps < END)]] == [*Grid().encode(piece).steps]
    assert CHOIR.decode(np.append(steps, [BAR, 72, 48, 67, 60])) == CHOIR.canonical(piece)  # nothing after the end


def test_what_a_piece_begins_with_is_what_learning_saw() -> None:
    piece = quartet(*([(0, pitch, 40)] for pitch in (72, 67, 60, 48)))
    plain = Grid().encode(piece).steps
    assert Grid().opening(piece, None, FOUR_FOUR).tolist() == plain.tolist()
    assert Grid().opening(None, Key(0.0, 1), FOUR_FOUR).tolist() == CHOIR.opening(None, None, FOUR_FOUR).tolist() == []
    assert CHOIR.opening(piece, None, FOUR_FOUR).tolist() == [*CHOIR.encode(piece).steps[:2], *plain]
    minor = numbered_key(12 + 2)
    assert CHOIR.opening(piece, minor, FOUR_FOUR)[0] == KEYS + 14
    assert CHOIR.opening(None, minor, Meter(0.0, 6, 8)).tolist() == [KEYS + 14, METERS + OVER.index((6, 8))]
    assert CHOIR.head(minor, Meter(0.0, 5, 4))[1] == METERS + len(OVER)


@pytest.mark.parametrize("over", [(4, 4), (3, 4), (6, 8), (5, 4)])
@pytest.mark.parametrize("bars", [1, 2, 7])
def test_a_plan_allows_what_encoding_writes_and_no_other_length(bars: int, over: tuple[int, int]) -> None:
    meter = Meter(0.0, *over)
    count = bars * round(4 * meter.quarters)
    piece = quartet(*([(0, pitch, count)] for pitch in (72, 67, 60, 48)), meter=meter)
    steps = CHOIR.encode(piece).steps
    plan = CHOIR.plan(meter, 0, count, begins=True, ends=True)
    assert len(plan) == len(steps) and all(row[symbol] for row, symbol in zip(plan, steps, strict=True))
    where = [at for at, symbol in enumerate(steps) if symbol > REST]
    assert [np.flatnonzero(plan[at]).tolist() for at in where[1:]] == [[int(steps[at])] for at in where[1:]]
    assert plan[0].sum() == 24
    assert not np.delete(plan, where, axis=0)[:, REST + 1 :].any()
    assert not CHOIR.plan(meter, 0, count, begins=True, ends=False)[:-1, END:KEYS].any()


def test_a_plan_goes_on_in_the_middle_of_a_bar() -> None:
    steps = CHOIR.encode(quartet(*([(0, pitch, 110)] for pitch in (72, 67, 60, 48)))).steps
    begun, later = steps[:36], steps[36:]  # half the first of seven bars, of which the last is not whole
    sung = (begun <= REST).sum() // 4
    plan = CHOIR.plan(FOUR_FOUR, CHOIR.phase(begun, FOUR_FOUR), 110 - int(sung), begins=False, ends=True)
    assert len(plan) == len(later) and all(row[symbol] for row, symbol in zip(plan, later, strict=True))


def test_no_voice_sings_beyond_its_range() -> None:
    rows = CHOIR.cycle(FOUR_FOUR)
    for place, (low, high) in enumerate(CHOIR.ranges[part] for part in (0, 3, 1, 2)):
        sung = np.flatnonzero(rows[1 + place])
        assert set(sung.tolist()) == {*range(low, high + 1), *range(low + TIED, high + TIED + 1), REST}


def test_keys_have_numbers() -> None:
    assert [key_number(numbered_key(number)) for number in range(24)] == [*range(24)]
    assert key_named("Bb") == Key(0.0, -2) and key_named("C", "minor") == Key(0.0, -3, "minor")
    for wrong in (("H", "major"), ("C", "dorian"), ("c", "major")):
        with pytest.raises(UsageError, match=r"a key is a letter from A to G"):
            key_named(*wrong)


def test_a_whole_piece_is_in_the_key_of_its_last_bass() -> None:
    beats = (7, 2, 9, 7, 6, 7, 4, 2)  # of G by the notes, and what ends on D is in D
    piece = quartet(*([(4 * at, low + pitch, 4) for at, pitch in enumerate(beats)] for low in (60, 53, 48, 36)))
    assert key_of(piece) != whole_key(piece) == Key(0.0, 2)
    assert CHOIR.encode(piece).steps[0] == KEYS + 2
    assert CHOIR.opening(piece, None, FOUR_FOUR)[0] == KEYS + key_number(key_of(piece))  # which goes on


def test_settings_travel_and_foreign_ones_are_refused() -> None:
    for codec in (Grid(92.5), CHOIR):
        assert Grid.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    assert "ranges" not in Grid().to_dict()  # which versions without them read
    for settings in (
        {"kind": "grid"},
        {"kind": "grid", "bpm": 0.0},
        {"kind": "grid", "bpm": "fast"},
        {"kind": "grid", "bpm": 90.0, "x": 1},
        {"kind": "grid", "bpm": 90.0, "ranges": [[60, 81]]},
        {"kind": "grid", "bpm": 90.0, "ranges": [[60, 81], [53, 74], [48, 69], [64, 36]]},
    ):
        with pytest.raises(ModelError, match="a grid codec's settings"):
            Grid.from_dict(settings)


def test_real_chorales_come_back_to_the_sixteenth(data: Path) -> None:
    pieces = json.loads((data / "jsb_chorales" / "Jsb16thSeparated.json").read_text())["valid"]
    from seqgen.domains.music.formats.grid_json import score_from_grid

    for pitches in pieces[:20]:
        piece = score_from_grid(pitches)
        decoded = Grid().decode(Grid().encode(piece).steps)
        rows = np.full((len(pitches), 4), -1)
        for note in decoded.notes:
            start = round(note.onset / SIXTEENTH)
            rows[start : start + round(note.duration / SIXTEENTH), note.part] = note.pitch
        # Voices are numbered by height, which in all of these is the order they are written in.
        assert rows.tolist() == pitches
