"""Written music as symbols: what is kept, that any symbols make a piece, and that bars come out as they were asked for."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import strategies as st
from music_models import saved

from seqgen.domains import music
from seqgen.domains.music import DRUMS, Beats, Chord, Key, Meter, Note, Score, Tempo
from seqgen.domains.music.barlines import Barlines
from seqgen.domains.music.beats import (
    BAR,
    CHORD,
    DRUM,
    END,
    KEY,
    LEFT,
    LENGTH,
    LEVEL,
    METER,
    NOTE,
    PART,
    PLACE,
    PROGRAM,
    SIZE,
    SPEED,
    UP,
)
from seqgen.domains.music.files import read_score
from seqgen.domains.music.presets import fit_either
from seqgen.domains.music.ticks import KEYS, METERS, TEMPOS, ticked
from seqgen.errors import ModelError, UsageError
from seqgen.shell.cli import main

CODEC, HOME = Beats(), Beats(tonic=True)
BEAT = 0.5


def tune(*beats: float, pitch: int = 60, length: float = 1.0, part: int = 0, program: int = 0) -> list[Note]:
    return [Note(BEAT * beat, pitch, BEAT * length, 78, program, part) for beat in beats]


SONG = Score(
    [*tune(0, 1, 2.5, 5 + 1 / 3, pitch=67), *tune(1, 4, pitch=48, length=2, part=1, program=33), *tune(0, 4, pitch=36, part=2, program=DRUMS)],
    tempos=[Tempo(0.0, 120.0), Tempo(2.0, 90.0)],
    meters=[Meter(0.5, 3, 4)],
    keys=[Key(0.0, -3, "minor")],
    chords=[Chord(0.5, "Cm7/Eb"), Chord(2.0, "N.C.")],
)  # fmt: skip


def test_the_symbols_of_a_piece() -> None:
    four = METERS.index((4, 4))
    piece = Score([*tune(0, 1, pitch=64), *tune(1, pitch=38, part=1, program=DRUMS, length=0.25)])
    assert CODEC.encode(piece).steps.tolist() == [
        BAR, METER + four, LEFT, SPEED + TEMPOS.index(120),
        PART, PROGRAM, NOTE + 64, LENGTH + 11,
        PLACE + 12, NOTE + 64, LENGTH + 11, PART + 1, PROGRAM + DRUMS, DRUM + 38, LENGTH + 2,
        END,
    ]  # fmt: skip


def test_bars_tempos_keys_chords_and_parts_are_kept() -> None:
    found = CODEC.decode(CODEC.encode(SONG).steps)
    assert found == CODEC.canonical(SONG) == CODEC.canonical(found)
    assert found.meters == SONG.meters and found.tempos == SONG.tempos
    assert found.keys == SONG.keys and found.chords == SONG.chords
    assert [(note.part, note.program, note.pitch) for note in found.notes] == [
        (note.part, note.program, note.pitch) for note in SONG.notes
    ]
    for kept, given in zip(found.notes, SONG.notes, strict=True):
        assert kept.onset == pytest.approx(given.onset) and kept.duration == pytest.approx(given.duration)


def test_an_upbeat_is_the_end_of_a_bar() -> None:
    steps = CODEC.encode(SONG).steps
    three = METERS.index((3, 4))
    assert steps[:5].tolist() == [BAR, METER + three, LEFT + 2, PLACE + 24, UP]
    assert ticked(SONG).bars == ((-24, three), (12, three), (48, three))


def test_a_bar_that_is_cut_short_is_followed_by_the_next() -> None:
    piece = Score(tune(0, 1, 2, 3, 4, 5, 6), meters=[Meter(0.0, 4, 4), Meter(1.0, 3, 4)])
    three = METERS.index((3, 4))
    assert ticked(piece).bars == ((0, METERS.index((4, 4))), (24, three), (60, three))
    assert CODEC.decode(CODEC.encode(piece).steps) == piece


def test_a_single_short_bar_is_an_upbeat_or_a_bar_cut_short() -> None:
    three, one = METERS.index((3, 4)), METERS.index((1, 4))
    notes = tune(*range(9))
    begins = Score(notes, meters=[Meter(0.0, 1, 4), Meter(0.5, 3, 4)])
    assert ticked(begins).bars == ((-24, three), (12, three), (48, three), (84, three))
    repeats = Score(notes, meters=[Meter(0.0, 3, 4), Meter(1.5, 1, 4), Meter(2.0, 3, 4)])
    assert ticked(repeats).bars == ((0, three), (36, three), (48, three), (84, three))
    changes = Score(notes, meters=[Meter(0.0, 3, 4), Meter(1.5, 1, 4)])
    assert ticked(changes).bars[1:] == tuple((tick, one) for tick in range(36, 108, 12))
    for piece in (begins, repeats, changes):
        assert CODEC.decode(CODEC.encode(piece).steps) == CODEC.canonical(piece)


@st.composite
def pieces(draw: st.DrawFn) -> Score:
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 300), st.integers(0, 127), st.integers(0, 400), st.integers(1, 127), st.integers(0, 20), st.sampled_from([0, 40, DRUMS])),
            max_size=12,
        )
    )  # fmt: skip
    notes = [
        Note(tick / 24, pitch, length / 24, level, program, part) for tick, pitch, length, level, part, program in rows
    ]
    meters = [
        Meter(place / 24, *over)
        for place, over in draw(st.lists(st.tuples(st.integers(0, 200), st.sampled_from([(4, 4), (3, 4), (7, 8), (19, 32), (40, 2)])), max_size=3))
    ]  # fmt: skip
    tempos = [
        Tempo(0.0, 100.0),
        *(
            Tempo(place / 24, bpm)
            for place, bpm in draw(st.lists(st.tuples(st.integers(0, 200), st.floats(5, 900)), max_size=3))
        ),
    ]
    return Score(notes, tempos, meters)  # fmt: skip


KEYED = st.lists(
    st.builds(Key, st.sampled_from([0.0, 0.5, 3.0]), st.integers(-7, 7), st.sampled_from(["major", "minor"]))
)


@pytest.mark.parametrize("codec", [CODEC, HOME], ids=["as it sounds", "from the tonic"])
@hypothesis.given(piece=pieces(), keys=KEYED)
def test_any_piece_is_read_back_as_it_is_on_the_grid(codec: Beats, piece: Score, keys: list[Key]) -> None:
    piece = replace(piece, keys=keys, chords=[Chord(0.5, "Dm7/F"), Chord(1.0, "N.C.")])
    found = codec.decode(codec.encode(piece).steps)
    assert found == codec.canonical(piece)
    assert [note.pitch for note in found.notes] == [note.pitch for note in CODEC.canonical(piece).notes]


@hypothesis.given(piece=pieces(), semitones=st.integers(-11, 11))
def test_from_the_tonic_on_a_piece_is_the_same_in_every_key(piece: Score, semitones: int) -> None:
    def classes(piece: Score) -> list[int]:
        steps = HOME.encode(piece).steps
        return sorted((symbol - NOTE) % 12 if NOTE <= symbol < DRUM else -symbol for symbol in steps if symbol != first)

    piece = replace(piece, keys=[Key(0.0, 2)], chords=[Chord(0.5, "D")])
    pitches = [note.pitch for note in piece.notes if note.program != DRUMS]
    if not pitches or (min(pitches) >= 12 and max(pitches) <= 115):
        moved = piece.transposed(semitones)
        first = KEY + KEYS.index((2, "major"))
        here = classes(piece)
        first = KEY + KEYS.index(moved.keys[0][1:])
        assert here == classes(moved)


def test_a_piece_without_a_key_has_that_of_its_notes() -> None:
    scale = Score(tune(0, pitch=62) + tune(1, pitch=66) + tune(2, pitch=69) + tune(3, pitch=61) + tune(4, pitch=62))
    assert HOME.canonical(scale).keys == (Key(0.0, 2),)
    assert KEY + KEYS.index((2, "major")) in HOME.encode(scale).steps


@hypothesis.given(
    st.lists(st.one_of(st.integers(-3, SIZE + 3), st.sampled_from([BAR, UP, LENGTH + 40, PLACE + 30, METER + 5])))
)
def test_any_symbols_make_a_piece(symbols: list[int]) -> None:
    piece = CODEC.decode(np.array(symbols, np.int32))
    assert all(note.duration > 0 for note in piece.notes)
    CODEC.encode(piece)


may, after = jax.jit(Barlines.scores), jax.jit(Barlines.read)


@hypothesis.settings(max_examples=25)
@hypothesis.given(pieces())
def test_the_grammar_allows_what_is_written(piece: Score) -> None:
    first = ticked(piece).bars[0][1]
    steady = replace(piece, meters=[Meter(0.0, *METERS[first])])
    steps = CODEC.encode(steady).steps
    rule = Barlines(len(ticked(steady).bars))
    state = rule.start([steps[:1]], SIZE)
    for symbol in steps[1:]:
        assert np.isfinite(np.asarray(may(rule, state, np.zeros((1, SIZE), np.float32)))[0, symbol])
        state = after(rule, state, np.array([symbol]))
    assert bool(rule.done(state)[0])


def test_in_the_last_bar_a_new_bar_is_the_end_and_before_it_the_end_is_a_new_bar() -> None:
    logits = np.zeros((1, SIZE), np.float32)
    logits[0, BAR] = 3.0
    steps = CODEC.encode(Score(tune(0, 1))).steps
    steps = steps[: np.flatnonzero(steps == END)[0]]
    for bars, said, other in ((1, END, BAR), (2, BAR, END)):
        rule = Barlines(bars)
        scores = np.asarray(may(rule, rule.start([steps], SIZE), logits))[0]
        assert scores[said] == pytest.approx(np.logaddexp(3.0, 0.0))
        assert scores[other] == -np.inf


def test_a_prompt_stands_where_its_symbols_lead() -> None:
    steps = CODEC.encode(Score(tune(0, 1.5, 3, 5, 9))).steps
    for cut in range(1, len(steps)):
        read = Barlines().start([steps[:1]], SIZE)
        for symbol in steps[1:cut]:
            read = after(Barlines(), read, np.array([symbol]))
        given = Barlines().start([steps[:cut]], SIZE)
        assert [int(of[0]) for of in (read.kind, read.place, read.ticks)] == [
            int(of[0]) for of in (given.kind, given.place, given.ticks)
        ]


def test_songs_of_people_are_kept(data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(data / "openscore_lieder" / "lieder_mxl.zip") as songs:
        for name in sorted(songs.namelist())[100:400:100]:
            path = tmp_path / "song.mxl"
            path.write_bytes(songs.read(name))
            song = music.read_musicxml(path)
            found = CODEC.decode(CODEC.encode(song).steps)
            assert found == CODEC.canonical(song)
            assert len(found.notes) == len(song.notes)
            top = [[note.pitch for note in piece.notes if note.part == 0] for piece in (song, found)]
            assert top[0] == top[1]


# Composing


@pytest.fixture(scope="module", params=[CODEC, HOME], ids=["as it sounds", "from the tonic"])
def writing(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("beats"), request.param, slice(PLACE + 30, PLACE + 48))


def test_bars_meter_key_and_tempo_come_out_as_asked(writing: music.MusicModel) -> None:
    key, meter = Key(0.0, 2, "minor"), Meter(0.0, 6, 8)
    (piece,) = writing.compose([None], bars=3, meter=meter, key=key, tempo=90.0, seed=2)
    assert piece.score.meters == (meter,)
    assert piece.score.keys[0] == key and piece.score.tempos[0] == Tempo(0.0, 90.0)
    assert piece.made == len(piece.score.notes) > 0
    bars = CODEC.encode(piece.score).steps
    assert (bars == BAR).sum() <= 3
    (short,) = writing.compose([None], seconds=2.0, seed=2)
    assert short.score.seconds <= 2.0
    (few,) = writing.compose([None], events=30, seed=2)
    assert 0 < len(few.score.notes) <= 15


def test_a_piece_that_comes_not_as_far_as_asked_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = saved(tmp_path / "m", CODEC, slice(NOTE, NOTE + 128))  # it never goes on
    monkeypatch.setattr("seqgen.domains.music.length.BUSY_BAR", 60)
    (piece,) = model.compose([None], bars=3, seed=2)
    assert not piece.whole and piece.made
    sample = [
        "music",
        "sample",
        "--model",
        str(tmp_path / "m"),
        "--bars",
        "3",
        "--no-wav",
        "--out",
        str(tmp_path / "a.mid"),
    ]
    assert main(sample) == 0
    assert "the piece is shorter than asked: the model wrote note upon note" in capsys.readouterr().err


def test_chords_are_written_where_the_format_has_them(writing: music.MusicModel, tmp_path: Path) -> None:
    for name in ("a.abc", "a.musicxml"):
        sample = ["music", "sample", "--model", writing.name, "--bars", "2", "--chords", "Am F", "--no-wav"]
        assert main([*sample, "--seed", "3", "--out", str(tmp_path / name)]) == 0
        assert [chord.symbol for chord in read_score(tmp_path / name).chords] == ["Am", "F"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.abc", "a.musicxml", "a.svg", "a.png"}


def test_a_primer_is_kept_and_gone_on_from_the_next_bar(writing: music.MusicModel) -> None:
    primer = Score(tune(0, 1, 2, 3, 4, part=3), [Tempo(0.0, 121.0)], names=("", "", "", "Flute"))
    both = writing.compose([primer, None], bars=2, seed=1)
    assert writing.compose([primer], bars=2, seed=1)[0] == both[0]
    piece = both[0].score
    assert piece.notes[: len(primer.notes)] == primer.notes and piece.names == primer.names
    new = piece.notes[len(primer.notes) :]
    assert new and min(note.onset for note in new) >= 8 * 60 / 121 - 1e-9
    assert {note.part for note in new} >= {3}


@pytest.mark.parametrize(("meter", "beats"), [(None, [0, 2, 4, 8, 10, 12]), (Meter(0.0, 6, 4), [0, 3, 6, 12, 15, 18])])
def test_chords_come_where_they_were_asked_for_and_no_others(
    writing: music.MusicModel, meter: Meter | None, beats: list[float]
) -> None:
    primer = Score(tune(*range(8)), meters=[Meter(0.0, *(meter[1:] if meter else (4, 4)))])
    for given in (None, primer):
        (piece,) = writing.compose([given], bars=4, meter=meter, chords="Am F | C/E", seed=3)
        begin = 0.0 if given is None else 8 * BEAT
        chords = [chord for chord in piece.score.chords if chord.time >= begin - 1e-9]
        assert [chord.symbol for chord in chords] == ["Am", "F", "C/E"] * 2
        after = 0 if given is None else 8 if meter is None else 12
        assert [piece.score.beat_at(chord.time) - after for chord in chords] == pytest.approx(beats, abs=1e-6)
    (other,) = writing.compose([replace(primer, keys=[Key(0.0, 3)])], bars=4, meter=meter, chords="F#m", seed=3)
    assert {chord.symbol for chord in other.score.chords} == {"F#m"}
    # Several at once, in other meters and keys, one with a short last bar and one with a meter after its end.
    short = Score(tune(*range(6), pitch=60), meters=[Meter(0.0, 4, 4), Meter(2.0, 2, 4)])
    late = Score(tune(*range(6), pitch=61), meters=[Meter(0.0, 6, 4), Meter(3.0, 4, 4)], keys=[Key(0.0, 2)])
    for piece, given in zip(
        writing.compose([short, late], bars=2, chords="Am F | C G", seed=3), (short, late), strict=True
    ):
        assert [chord.symbol for chord in piece.score.chords] == ["Am", "F", "C", "G"]
        first, *_, last = [piece.score.beat_at(chord.time) for chord in piece.score.chords]
        assert last - first == pytest.approx(6 if given is short else 9)
    (none,) = writing.compose([None], bars=2, chords="N.C.", seed=3)
    assert {chord.symbol for chord in none.score.chords} == {"N.C."}


def test_what_is_learned_from_the_tonic_on_is_the_same_tune_in_the_key_asked_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model = saved(tmp_path_factory.mktemp("tonic"), HOME, slice(PLACE + 30, PLACE + 48))
    meter = Meter(0.0, 4, 4)
    sharp, _ = (
        model.compose([None], bars=2, meter=meter, key=Key(0.0, fifths), temperature=0, seed=1)[0].score
        for fifths in (2, 0)
    )
    assert sharp.keys[0].fifths == 2
    primer = Score(tune(0, 1, 2, 3, pitch=62), keys=[Key(0.0, 2)])
    for codec in (CODEC, HOME):
        other = saved(tmp_path_factory.mktemp("tonic"), codec, slice(PLACE + 30, PLACE + 48))
        (made,) = other.compose([primer], bars=2, key=Key(0.0, 4, "minor"), seed=1)
        assert made.score.keys[-1].fifths == 4 and made.score.keys[0] == Key(0.0, 2)


def test_wishes_that_cannot_be(writing: music.MusicModel, tmp_path: Path) -> None:
    for settings, message in (
        ({"tempo": 2000.0}, "a tempo of 2000 cannot be; give 20 to 310"),
        ({"meter": Meter(0.0, 17, 1)}, "a meter of 17/1 is not known; bars have 16 quarters at most"),
        ({"bars": 0}, "a piece of 0 bars cannot be"),
        ({"voice_leading": "soft"}, "voice leading is for models of four voices"),
        ({"chords": "Am H7"}, "no chord is called 'H7'; write one as C, F#m, Bb7 or C/E, or N.C. for none"),
        ({"chords": " | "}, "no chord is named; give some, such as 'G D Em C', a bar each"),
        ({"chords": "Cfoo"}, "no chord is called 'Cfoo'"),
        ({"chords": "Am/X"}, "no chord is called 'Am/X'"),
        ({"chords": "C " * 50 + "|"}, "50 chords are too many for a bar; give 12 at most"),
        ({"key": Key(0.0, 9)}, "is no key; give -7 to 7 fifths, and major or minor"),
        ({"key": Key(0.0, 0, "dorian")}, "is no key; give -7 to 7 fifths, and major or minor"),
    ):
        with pytest.raises(UsageError, match=message):
            writing.compose([None], **settings)
    playing = saved(tmp_path / "playing", music.Performance(), slice(250, 290))
    with pytest.raises(UsageError, match="is told no tempo: leave it out, or take a model of beats"):
        playing.compose([None], tempo=100.0)
    with pytest.raises(UsageError, match="is told no chords: take a model of beats; `harmonise` follows chords"):
        playing.compose([None], chords="C")


def test_what_was_written_is_learned_in_beats_and_what_was_played_is_not() -> None:
    written = Score(tune(*range(40)))
    random = np.random.default_rng(0)
    played = Score([Note(float(time), 60, 0.2) for time in random.uniform(0, 20, 40)])
    assert fit_either([written]) == HOME
    assert fit_either([played]) == music.Performance()


def test_other_settings_are_refused() -> None:
    assert Beats.from_dict(CODEC.to_dict()) == CODEC
    assert Beats.from_dict(HOME.to_dict()) == HOME
    for damaged in ({"kind": "beats", "ticks": 24}, {"kind": "beats", "tonic": 1}):
        with pytest.raises(ModelError, match="a beats codec's settings are kind 'beats' and, if it is so, 'tonic'"):
            Beats.from_dict(damaged)


def test_places_of_symbols_do_not_overlap() -> None:
    assert (SIZE, KEY + len(KEYS), LEVEL + 32) == (CHORD + 277 + 12, LEFT, PART)
