"""Voices to a tune and bars written anew: what is given stays as it is, and what cannot be done is said."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from music_models import saved

from seqgen.domains import music
from seqgen.domains.music import DRUMS, Grid, Key, Meter, Note, Performance, Score, Tempo, read_midi
from seqgen.domains.music.grid import BAR, BEAT, ORDER, REST, TIED, to_grid
from seqgen.domains.music.voices import given, wishes
from seqgen.errors import DataError, UnknownName, UsageError
from seqgen.shell.cli import main

TUNE = (67, 69, 71, 72, 74, 74, 71, 71, 69, 69, 67, 67)  # in G, and it ends there
FOUR_FOUR = Meter(0.0, 4, 4)
FEW: dict[str, Any] = {"particles": 4, "seed": 1}


def tune(pitches: Any = TUNE, beat: float = 0.5, meter: Meter = FOUR_FOUR, **settings: Any) -> Score:
    notes = [Note(beat * at, pitch, beat, 90, 73) for at, pitch in enumerate(pitches)]
    return Score(notes, (Tempo(0.0, 60 / beat),), (meter,), **settings)


def quartet(bars: int = 4) -> Score:
    """Four voices of one note a beat, which are all tied over the bar lines to the first beats."""
    voices = enumerate((76, 69, 62, 48))
    notes = [
        Note(0.6 * at, pitch + at % 3, 1.2 if at % 4 == 3 and at < 4 * bars - 1 else 0.6, 70 + part, part, part)
        for part, pitch in voices
        for at in range(4 * bars)
        if at % 4 or not at
    ]
    return Score(notes, (Tempo(0.0, 100.0),), names=("a", "b", "c", "d"))


@pytest.fixture(scope="module")
def singing(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("grid"), Grid(), slice(257, 259))


@pytest.fixture(scope="module", params=["grid", "chorale", "given"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    """A model of four voices that knows of no key and no end, one that does, and one that is told what is given."""
    ranges = ((57, 84), (50, 77), (45, 72), (33, 69)) if request.param != "grid" else ()
    codec = Grid(ranges=ranges, given=request.param == "given")
    return saved(tmp_path_factory.mktemp("either"), codec, slice(257, 259))


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("performance"), Performance(), slice(250, 290))


def of_part(score: Score, part: int) -> list[Note]:
    return [note for note in score.notes if note.part == part]


# What is given


@pytest.mark.parametrize("over", [(4, 4), (3, 4), (6, 8), (9, 8), (2, 2), (5, 8)])
def test_a_tune_of_any_meter_key_and_place_stays_as_it_is(singing: music.MusicModel, over: tuple[int, int]) -> None:
    for pitches in (
        TUNE,
        [pitch + 1 for pitch in TUNE[:5]],
        [pitch - 24 for pitch in TUNE],
        [pitch + 31 for pitch in TUNE],
    ):
        score = tune(pitches, beat=0.4, meter=Meter(0.4, *over), keys=[Key(0.0, 1)])  # with an upbeat
        (made,) = singing.harmonise(score, **FEW)
        assert [n._replace(part=0) for n in score.notes] == of_part(made.score, 0)
        assert (made.score.tempos, made.score.meters, made.score.keys) == (score.tempos, score.meters, score.keys)
        assert made.score.seconds == pytest.approx(score.seconds)
        assert made.made == len(made.score.notes) - len(score.notes) > 3
        assert {note.program for note in made.score.notes} == {73}
        assert made.log_prob < 0 and made.log_evidence < 0
    assert (made.moved, singing.harmonise(tune(), **FEW)[0].moved) == (-24, 0)


@pytest.mark.parametrize("keep", ["soprano", "alto", "bass", "soprano,bass", ("tenor", "alto", "soprano")])
def test_any_voices_of_four_can_be_kept(either: music.MusicModel, keep: Any) -> None:
    piece = quartet()
    numbers = given.numbers(keep)
    (made,) = either.harmonise(piece, keep=keep, **FEW)
    for number in range(4):
        assert (of_part(made.score, number) == of_part(piece, number)) == (number in numbers)
    assert len(to_grid(made.score).cells) == len(to_grid(piece).cells)


def test_several_pieces_differ_and_are_the_same_again(singing: music.MusicModel) -> None:
    one, two = singing.harmonise(tune(), count=2, **FEW)
    assert one.score != two.score
    assert singing.harmonise(tune(), **FEW)[0] == one


@pytest.mark.parametrize("bars", [(1, 1), (2, 3), (4, 4), (1, 4)])
@pytest.mark.parametrize("voices", ["alto", ("alto", "tenor"), "soprano,alto,tenor,bass"])
def test_what_is_not_written_anew_stays_as_it_is(singing: music.MusicModel, bars: tuple[int, int], voices: Any) -> None:
    piece, numbers = quartet(), given.numbers(voices)
    (made,) = singing.inpaint(piece, bars=bars, voices=voices, **FEW)
    old, new = to_grid(piece), to_grid(made.score)
    begin, end = 16 * (bars[0] - 1), 16 * bars[1]
    outside = np.ones(old.cells.shape, bool)
    outside[begin:end, numbers] = False
    same = old.cells == new.cells
    if end < len(same):  # a note that began in the gap begins after it
        same[end] |= old.cells[end] - TIED == new.cells[end]
    assert same[outside].all() and not same[~outside].all()
    assert made.score.names == piece.names and made.made > 0
    kept = {n for n in piece.notes if n.part not in numbers or n.end <= 0.6 * 4 * (bars[0] - 1)}
    assert kept <= set(made.score.notes)


def test_bars_are_counted_from_one_and_what_comes_before_them_is_bar_0() -> None:
    piece = quartet(3)
    assert given.bar_steps(piece, (1, 1)) == (0, 16) and given.bar_steps(piece, (2, 3)) == (16, 48)
    late = dataclasses.replace(piece, meters=(Meter(0.6, 4, 4),))
    assert given.bar_steps(late, (0, 0)) == (0, 4) and given.bar_steps(late, (1, 1)) == (4, 20)
    for bars in ((0, 1), (3, 4), (2, 1), (9, 9)):
        with pytest.raises(
            UsageError, match=rf"bars {bars[0]}-{bars[1]} cannot be; the piece has bars 1 to 3, give two"
        ):
            given.bar_steps(piece, bars)


def test_a_stream_says_whose_turn_it_is_and_where_a_beat_begins() -> None:
    score = tune(beat=0.6)
    rows = np.full((len(TUNE) * 4, 4), REST, np.int32)
    rows[:, 0] = given.cells(score, score.notes, len(rows))
    free = np.ones(rows.shape, bool)
    free[:, 0] = False
    stream = given.stream(Grid(), score, rows, free)
    assert stream.steps[:11].tolist() == [BAR, 67, -1, -1, -1, 67 + TIED, -1, -1, -1, 67 + TIED, -1]
    assert stream.voices[:6].tolist() == [-1, *ORDER, 0] and stream.places[:6].tolist() == [0, 0, 0, 0, 0, 1]
    assert stream.bars == [0, 16, 32] and (stream.steps == BEAT).sum() == 9
    assert np.flatnonzero(stream.beats)[:5].tolist() == [1, 2, 3, 4, 18]
    assert stream.bias[2, [0, REST, BEAT, BAR]].tolist() == [0, 0, -np.inf, -np.inf] and not stream.bias[:2].any()


def test_breaths_are_sung_through_and_grace_notes_give_way() -> None:
    score = Score(
        [Note(0.0, 67, 0.45), Note(0.6, 68, 0.05), Note(0.62, 69, 0.5), Note(3.0, 71, 0.6)], (Tempo(0.0, 100.0),)
    )
    seen = given.cells(score, score.notes, 24)
    assert seen[:5].tolist() == [67, 67 + TIED, 67 + TIED, 67 + TIED, 69] and seen[20] == 71
    assert (seen[8:20] == REST).all()  # twelve sixteenths are no breath


# What is wished


def test_a_tune_ends_on_its_tonic(singing: music.MusicModel) -> None:
    (made,) = singing.harmonise(tune(), end="tonic", **FEW)
    last = to_grid(made.score).cells[-1] % TIED % 12
    assert last[3] == 7 and set(last.tolist()) <= {7, 11, 2}
    assert 11 in last.tolist()  # a triad, and no bare fifth
    assert singing.harmonise(tune(), **FEW)[0] == made  # where it can be, it is
    free = singing.harmonise(tune(), end="free", **FEW)[0]
    assert free != made
    with pytest.raises(
        UsageError, match="the tune does not end on the tonic chord of G major, which seems to be its key; "
    ):
        singing.harmonise(tune([*TUNE, *TUNE, 68]), end="tonic", **FEW)
    assert singing.harmonise(tune([*TUNE, *TUNE, 68]), **FEW)


def test_chords_are_followed(singing: music.MusicModel) -> None:
    chords = "G | D7 C | Em"
    followed, free = (
        singing.harmonise(tune(), chords=wished, end="free", particles=16, seed=1)[0].score for wished in (chords, None)
    )
    tones = {0: {7, 11, 2}, 16: {2, 6, 9, 0}, 24: {0, 4, 7}, 32: {4, 7, 11}}

    def fits(score: Score) -> int:
        cells = to_grid(score).cells[:, 1:] % TIED % 12
        return sum(int(np.isin(cells[at], list(chord)).sum()) for at, chord in tones.items())

    assert fits(followed) > fits(free) + 4
    low = singing.harmonise(tune([pitch - 5 for pitch in TUNE]), chords="D | A7 G | Bm", particles=16, seed=1)[0]
    assert low.moved == 0


def test_chords_as_they_are_written() -> None:
    assert wishes.parsed("G D Em") == [[wishes.Tones.of(name)] for name in ("G", "D", "Em")]
    assert [len(bar) for bar in wishes.parsed("| G D | Em | C G7 D |")] == [2, 1, 3]
    assert wishes.Tones.of("Bbm7/Db") == wishes.Tones(1, frozenset({10, 1, 5, 8}))
    assert wishes.Tones.of("F#dim").higher(1) == wishes.Tones.of("Gdim")
    for chords, message in (
        (" | ", "no chord is named; give some, such as 'G D Em C', a bar each"),
        ("G H", "no chord is called 'H'; write one as C, F#m, Bb7 or C/E, or N.C. for none; kinds are Cm, C7"),
        ("Gfoo", "no chord is called 'Gfoo'"),
        ("G/", "no chord is called 'G/'"),
    ):
        with pytest.raises(UsageError, match=message.replace("|", r"\|")):
            wishes.parsed(chords)


# What is refused


def test_what_is_no_tune_is_refused(singing: music.MusicModel) -> None:
    chord = [Note(0.5 * at, pitch, 0.5) for at in range(4) for pitch in (60, 64, 67)]
    drums = [Note(0.5 * at, 36, 0.1, program=DRUMS) for at in range(8)]
    swing = [Note(0.5 * at + 0.06 * (at % 2), 67 + at % 5, 0.4) for at in range(16)]
    two = [*tune().notes, *(note._replace(part=1, pitch=note.pitch - 12) for note in tune().notes)]
    for notes, keep, message in (
        (chord, "soprano", r"the soprano sings two notes at once, at 0\.0 s; give a tune of one note at a time"),
        ([], "soprano", "the piece has no notes; give a tune"),
        (drums, "soprano", "the piece has drums; leave them out, voices sing"),
        ([*tune().notes, *drums], "soprano", "the piece has drums"),
        (swing, "bass", r"8 of 16 notes of the bass begin between sixteenths, the first at 0\.6 s; quantise the tune"),
        (two, "alto", "the piece has 2 parts, and which is the alto it does not say; give 1 or 4 parts"),
        (
            tune().notes,
            "alto,bass",
            "the piece has 1 part, and which is the alto and bass it does not say; give 2 or 4",
        ),
        ([Note(20000.0, 60, 1.0)], "soprano", "the tune is 160,008 sixteenths long; give 1 to 16,000"),
    ):
        with pytest.raises(DataError, match=message):
            singing.harmonise(Score(notes), keep=keep, **FEW)


def test_settings_that_cannot_be_are_refused(singing: music.MusicModel, playing: music.MusicModel) -> None:
    for settings, error, message in (
        ({"keep": "sopran"}, UnknownName, "no voice named 'sopran'; did you mean 'soprano'"),
        ({"keep": ()}, UsageError, "no voice is named; give one or more of soprano, alto, tenor, bass"),
        ({"keep": "soprano,alto,tenor,bass"}, UsageError, "all four voices are kept, and none is left to write"),
        ({"particles": 0}, UsageError, "1 pieces by 0 particles cannot be"),
        ({"count": 0}, UsageError, "0 pieces by 32 particles cannot be"),
        ({"temperature": -1}, UsageError, "temperature is -1"),
        ({"voice_leading": "hard"}, UnknownName, "no voice leading named 'hard'"),
        ({"end": "dominant"}, UnknownName, "no end named 'dominant'"),
        ({"chords": "H"}, UsageError, "no chord is called 'H'"),
    ):
        with pytest.raises(error, match=message):
            singing.harmonise(tune(), **settings)
    with pytest.raises(UnknownName, match="no voice named 'piano'"):
        singing.inpaint(quartet(), bars=(1, 1), voices="piano")
    with pytest.raises(DataError, match="the piece has 1 part; the grid is for four voices"):
        singing.inpaint(tune(), bars=(1, 1))
    for asked, what in (
        (lambda: playing.harmonise(tune()), "harmonising"),
        (lambda: playing.inpaint(quartet(), bars=(1, 1)), "inpainting"),
        (lambda: playing.sample(seconds=1, voice_leading="soft"), "voice leading"),
    ):
        with pytest.raises(UsageError, match=f"{what} is for models of four voices, and .* is none; take bach, or"):
            asked()


# As typed


def test_harmonise_and_inpaint_as_typed(
    singing: music.MusicModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tune.abc").write_text("X:1\nM:3/4\nL:1/4\nK:G\nG,A,B,|D2B,|G,3|]\n", encoding="utf-8")
    how = ["--model", singing.name, "--particles", "4", "--seed", "1", "--no-wav"]
    full = tmp_path / "full.mid"
    assert main(["music", "harmonise", str(tmp_path / "tune.abc"), "--out", str(full), *how]) == 0
    said = capsys.readouterr().out
    assert said.startswith("seqgen: moved by +12 semitones into the voice's range, and back when it was done\n")
    assert f"seqgen: wrote {full}\n" in said and "6 of them" not in said and " of them new; -" in said
    made = read_midi(full)
    assert [note.pitch for note in of_part(made, 0)] == [55, 57, 59, 62, 59, 55]
    assert made.names == ("Soprano", "Alto", "Tenor", "Bass") and made.meters[0][1:] == (3, 4)
    assert full.with_suffix(".png").exists() and not full.with_suffix(".wav").exists()
    out = tmp_path / "new.mid"
    asked = [
        "music",
        "inpaint",
        str(full),
        "--bars",
        "2-3",
        "--voices",
        "bass",
        "--count",
        "2",
        "--out",
        str(out),
        *how,
    ]
    assert main(asked) == 0
    assert of_part(read_midi(tmp_path / "new-1.mid"), 1) == of_part(made, 1)
    assert (tmp_path / "new-2.mid").exists()
    for arguments, code, message in (
        (["inpaint", str(full), "--bars", "two"], 2, "--bars is 'two'; give a bar or two, such as 5 or 5-8"),
        (["inpaint", str(full), "--bars", "9"], 2, "bars 9-9 cannot be; the piece has bars 1 to 3"),
        (["harmonise", str(full), "--out", "x.wav"], 2, "--out names the file of notes, x.wav is none"),
        (["harmonise", str(tmp_path / "none.mid")], 1, "cannot read"),
    ):
        assert main(["music", *arguments, *how]) == code
        assert message in capsys.readouterr().err
