"""Music as piano rolls: what is kept, that any chords make a piece, and that models of them compose and go on."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seqgen import Nade, Splits
from seqgen.domains import music
from seqgen.domains.music import DRUMS, Meter, Note, Roll, Score, Tempo
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.shell.cli import main

CODEC = Roll(120.0)
STEP = 0.125


def test_keys_are_down_and_struck() -> None:
    twice = [Note(0.0, 60, 2 * STEP), Note(2 * STEP, 60, 2 * STEP), Note(STEP, 64, 2 * STEP)]
    steps = CODEC.encode(Score(twice)).steps
    assert steps.shape == (4, 176)
    assert steps[:, 60 - 21].tolist() == [1, 1, 1, 1]
    assert steps[:, 88 + 60 - 21].tolist() == [1, 0, 1, 0]
    assert steps[:, 64 - 21].tolist() == [0, 1, 1, 0]
    assert CODEC.decode(steps).notes == tuple(sorted(twice))


@hypothesis.given(
    arrays.arrays(np.float32, st.tuples(st.integers(0, 12), st.just(176)), elements=st.sampled_from([0, 1]))
)
@hypothesis.settings(deadline=None, max_examples=200)
def test_any_chords_make_a_piece_that_is_its_own_roll(steps: np.ndarray) -> None:
    piece = CODEC.decode(steps)
    for note in piece.notes:
        begin, end = round(note.onset / STEP), round(note.end / STEP)
        assert steps[begin:end, note.pitch - 21].all()
    if piece.notes:
        assert CODEC.canonical(piece) == piece
        again = CODEC.encode(piece).steps
        assert (again[:, :88] == steps[: len(again), :88]).all()


@pytest.mark.parametrize("bpm", [37.0, 120.0, 301.5])
def test_a_piece_is_read_by_its_beats(bpm: float) -> None:
    beat = 60 / bpm
    piece = Score([Note(beat * i / 4, 60 + i, beat / 4) for i in range(16)], tempos=[Tempo(0, bpm)])
    assert np.allclose(Roll(bpm).canonical(piece).notes, piece.notes)
    assert [note.onset for note in CODEC.canonical(piece).notes] == pytest.approx([STEP * i for i in range(16)])


def test_what_no_piano_plays_is_lost_and_nothing_else_is_refused() -> None:
    drum, whistle, key = Note(0, 38, 0.1, program=DRUMS), Note(0, 120, 0.5), Note(0, 60, 0.5)
    assert len(CODEC.canonical(Score([drum, whistle, key])).notes) == 1
    for nothing in ([], [drum, whistle]):
        with pytest.raises(DataError, match="no notes for the keys of a piano"):
            CODEC.encode(Score(nothing))
    with pytest.raises(DataError, match="262,144 is the most a roll takes"):
        CODEC.encode(Score([Note(40_000.0, 60, 1.0)]))


def test_settings_are_read_back_and_damage_is_said() -> None:
    assert music.DOMAIN.load_codec(CODEC.to_dict()) == CODEC
    for damaged in ({"kind": "roll"}, {"kind": "roll", "bpm": -1.0}, {"kind": "roll", "bpm": 100.0, "more": 1}):
        with pytest.raises(ModelError, match="a roll codec's settings"):
            music.DOMAIN.load_codec(damaged)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    """Learned a little from triads that go up and down."""
    chords = [(0.25 * i, 60 + step + i % 5) for i in range(64) for step in (0, 4, 7)]
    piece = Score([Note(onset, pitch, 0.25) for onset, pitch in chords], tempos=[Tempo(0.0, 90.0)])
    folder = tmp_path_factory.mktemp("rolls") / "run"
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        music.train(Splits([piece], [piece]), folder, encoding="roll", size="tiny", steps=60)
    return music.load(folder)


def test_a_run_learns_rolls_under_a_nade(model: music.MusicModel) -> None:
    assert model.codec == Roll(90.0)
    assert model.model.head == Nade(176, 32)


def test_pieces_are_as_long_as_asked_and_alone_or_beside_others_the_same(model: music.MusicModel) -> None:
    first, waltz = (model.compose(bars=3, meter=meter, seed=4)[0].score for meter in (None, Meter(0, 3, 4)))
    assert first.notes
    assert first.seconds <= 12 * 60 / 90 + 1e-9
    assert waltz.meters == (Meter(0.0, 3, 4),)
    assert waltz.seconds <= 9 * 60 / 90 + 1e-9
    assert model.compose([None, None], bars=3, seed=4)[0].score == first
    assert model.sample(seconds=2.0, seed=1).seconds <= 2.1
    assert model.score(first).events == CODEC.encode(first.stretched(90 / 120)).steps.shape[0]


def test_it_goes_on_from_a_primer_at_its_tempo(model: music.MusicModel) -> None:
    primer = Score([Note(0.5 * i, 60 + i, 0.5, program=11, part=2) for i in range(8)], tempos=[Tempo(0.0, 120.0)])
    (made,) = model.compose([primer], bars=2, seed=2)
    assert made.score.notes[: len(primer.notes)] == primer.notes
    assert made.made == len(made.score.notes) - len(primer.notes) > 0
    assert 0 < made.new <= 4 + 1e-9


def test_what_a_roll_does_not_know_is_refused(model: music.MusicModel) -> None:
    for settings, message in (
        ({"tempo": 90.0}, "is told no tempo"),
        ({"key": music.Key(0.0, 1)}, "knows no keys"),
        ({"voice_leading": "soft"}, "voice leading is for models of four voices"),
    ):
        with pytest.raises(UsageError, match=message):
            model.sample(bars=1, **settings)


def test_a_folder_of_files_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        Score([Note(0.25 * i, 60 + (i + number) % 7, 0.25) for i in range(64)]).save(tmp_path / f"{number}.mid")
    run = tmp_path / "run"
    with jax.numpy_dtype_promotion("standard"):
        assert not main(
            ["music", "train", str(tmp_path), "--encoding", "roll", "--size", "tiny", "--steps", "2", "--out", str(run)]
        )
    assert not main(
        [
            "music",
            "sample",
            "--model",
            str(run),
            "--bars",
            "2",
            "--seed",
            "1",
            "--no-wav",
            "--temperature",
            "1",
            "--out",
            str(tmp_path / "new.mid"),
        ]
    )
    assert "wrote" in capsys.readouterr().out
    assert music.read_midi(tmp_path / "new.mid").notes


def test_new_notes_are_played_by_who_plays_most_and_never_as_drums(model: music.MusicModel) -> None:
    beat = [Note(0.25 * i, 38, 0.1, program=DRUMS, part=0) for i in range(16)]
    primer = Score([*beat, *(Note(0.5 * i, 60 + i, 0.5, program=40, part=3) for i in range(8))])
    (made,) = model.compose([primer], bars=2, seed=2)
    new = set(made.score.notes) - set(primer.notes)
    assert new and {(note.program, note.part) for note in new} == {(40, 3)}


def test_pieces_of_any_tempo_make_a_codec_that_is_read_back() -> None:
    for bpm in (2.0, 5000.0):
        codec = music.DOMAIN.fit_codec([Score([Note(0.0, 60, 1.0)], tempos=[Tempo(0.0, bpm)])], encoding="roll")
        assert music.DOMAIN.load_codec(codec.to_dict()) == codec
