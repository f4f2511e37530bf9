"""Music models as people hold them: what they make, how long, after which primer, and what a score means."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import pytest
from music_models import saved

from seqgen.batching import encode as encoding
from seqgen.domain import Splits
from seqgen.domains import music
from seqgen.domains.music import DRUMS, Grid, Meter, Note, Performance, Score, Tempo
from seqgen.domains.music.files import opening, read, read_pieces, read_score, split
from seqgen.domains.music.grid import BAR, REST
from seqgen.domains.music.presets import SHIPPED, augment
from seqgen.domains.music.reports.marks import ends_on_tonic
from seqgen.errors import DataError, ModelError, UnknownName, UsageError


def chorale(start: int = 0, beats: int = 12, bpm: float = 100.0) -> Score:
    voices = enumerate((72, 67, 60, 48))
    length = 60 / bpm
    notes = [
        Note(beat * length, pitch + (start + beat) % 5, length, part=part)
        for part, pitch in voices
        for beat in range(beats)
    ]
    return Score(notes, (Tempo(0.0, bpm),))


@pytest.fixture(scope="module")
def singing(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("grid"), Grid(), slice(257, 259))


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("performance"), Performance(), slice(250, 290))


@pytest.fixture
def learning() -> Iterator[None]:
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        yield


# Composing


def test_seconds_bars_and_events_say_how_long(singing: music.MusicModel, playing: music.MusicModel) -> None:
    assert playing.sample(seconds=4).seconds == 4.0
    assert singing.sample(seconds=3).seconds == pytest.approx(3.0)
    assert singing.sample(bars=3).seconds == pytest.approx(3 * 4 * 0.6)
    assert len(playing.sample(events=40).notes) <= 40


def test_bars_are_whole_in_any_meter_and_after_any_primer(singing: music.MusicModel) -> None:
    for over in ((3, 4), (7, 8), (4, 4), (6, 8), (9, 8), (12, 8), (3, 8), (2, 2), (3, 2), (4, 8), (5, 16), (1, 4)):
        meter = Meter(0.0, *over)
        for bars in (1, 4):
            made = singing.sample(bars=bars, meter=meter)
            assert made.seconds == pytest.approx(bars * meter.quarters * 0.6)
            assert made.meters == (meter,) and made.tempos == (Tempo(0.0, 100.0),)
    waltz = Score(chorale(beats=7).notes, (Tempo(0.0, 100.0),), (Meter(0.0, 3, 4),))  # ends on a first beat
    made = singing.sample(primer=waltz, bars=5)
    assert made.seconds == pytest.approx((7 + 5 * 3) * 0.6)
    steps = singing.codec.encode(made).steps
    bars = np.flatnonzero(steps == BAR)
    assert set(np.diff(bars)) == {3 * 17}


CHOIR = Grid(ranges=((60, 81), (53, 74), (48, 69), (36, 64)))


@pytest.fixture(scope="module")
def choir(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("choir"), CHOIR, slice(257, 290))


def test_a_choir_sings_so_many_bars_in_its_ranges_and_in_a_key(choir: music.MusicModel) -> None:
    key = music.Key(0.0, 2, "minor")
    (told,) = choir.compose([None], bars=3, key=key, meter=Meter(0.0, 3, 4))
    assert told.score.keys == (key,) and told.score.meters == (Meter(0.0, 3, 4),)
    assert told.score.seconds <= 3 * 3 * 0.6 + 1e-9
    (free,) = choir.compose([None], bars=3)
    assert len(free.score.keys) == 1  # one that it chose
    for note in (*told.score.notes, *free.score.notes):
        low, high = CHOIR.ranges[note.part]
        assert low <= note.pitch <= high


def test_a_choir_goes_on_in_the_middle_of_a_bar_alone_or_with_others(choir: music.MusicModel) -> None:
    primers = [chorale(beats=9), None, chorale(1, beats=12)]
    together = choir.compose(primers, bars=2, seed=4)
    assert [piece.score for piece in choir.compose(primers[:1], bars=2, seed=4)] == [together[0].score]
    for primer, piece in zip(primers, together, strict=True):
        assert primer is None or piece.score.notes[: len(primer.notes)] == primer.notes
        assert math.isclose(piece.new, 2 * 2.4, abs_tol=0.6)
    for how in ({"seconds": 4.0}, {"events": 60}):
        assert all(piece.made for piece in choir.compose(primers, **how))


def test_a_piece_is_drawn_again_until_it_ends_on_its_tonic() -> None:
    model = music.load()
    free = model.compose([None] * 4, bars=2, seed=1)
    home = model.compose([None] * 4, bars=2, seed=1, end="tonic")
    ends = [ends_on_tonic(piece.score) for piece in free]
    assert not all(ends) and [ends_on_tonic(piece.score) for piece in home] == [True] * 4
    for ended, one, other in zip(ends, free, home, strict=True):
        assert (one.score == other.score) == ended
    assert model.compose([None], bars=2, seed=1, end="tonic")[0].score == home[0].score


def test_an_end_is_for_models_that_know_keys_and_for_bars(singing: music.MusicModel) -> None:
    for model, settings in ((singing, {"bars": 1}), (music.load(), {"seconds": 2.0})):
        with pytest.raises(UsageError, match="an end on the tonic is for models that know keys"):
            model.compose([None], end="tonic", **settings)
    with pytest.raises(UnknownName, match="no end named 'coda'"):
        singing.compose([None], bars=1, end="coda")


def test_a_model_without_keys_refuses_one(singing: music.MusicModel) -> None:
    with pytest.raises(UsageError, match="knows no keys: leave the key out"):
        singing.compose(bars=1, key=music.Key(0.0, 0))


def test_asking_for_lengths_that_cannot_be(singing: music.MusicModel, playing: music.MusicModel) -> None:
    for settings, message in (
        ({"seconds": 1, "bars": 1}, "give one of them"),
        ({"seconds": 0}, "a piece of 0 seconds cannot be"),
        ({"seconds": math.nan}, "a piece of nan seconds cannot be"),
        ({"seconds": 4000}, "at most 3,600"),
        ({"events": -1}, "a piece of -1 events cannot be"),
        ({"bars": 0}, "a piece of 0 bars cannot be"),
        ({"temperature": -1}, "temperature is -1"),
        ({"seed": -1}, "seed is -1"),
    ):
        with pytest.raises(UsageError, match=message):
            singing.sample(**settings)
    with pytest.raises(UsageError, match="counts seconds, not bars"):
        playing.sample(bars=4)


def test_the_same_seed_makes_the_same_piece_alone_or_with_others(singing: music.MusicModel) -> None:
    one, two = (made.score for made in singing.compose([None, None], seconds=2, seed=5))
    assert singing.sample(seconds=2, seed=5) == one != two
    assert singing.sample(seconds=2, seed=6) != one


@pytest.mark.parametrize("bars", [1, 40])
def test_a_primer_stays_in_front_whole(singing: music.MusicModel, playing: music.MusicModel, bars: int) -> None:
    primer = chorale(beats=4 * bars, bpm=80.0)  # the longer one is longer than any window
    for model in (singing, playing):
        made = model.sample(primer=primer, seconds=2)
        assert made.notes[: len(primer.notes)] == primer.notes
        new = made.notes[len(primer.notes) :]
        assert new and all(note.onset >= primer.seconds - 1e-9 for note in new)
    assert {note.part for note in singing.sample(primer=primer, seconds=2).notes} == {0, 1, 2, 3}


def test_new_bars_go_on_at_the_primers_tempo_with_its_instruments(singing: music.MusicModel) -> None:
    primer = Score([n._replace(program=40 + n.part) for n in chorale(bpm=50.0).notes], (Tempo(0.0, 50.0),))
    made = singing.sample(primer=primer, seconds=3)
    new = made.notes[len(primer.notes) :]
    assert all(note.program == 40 + note.part for note in new)
    for note in new:
        step = 4 * made.beat_at(note.onset)
        assert step == pytest.approx(round(step), abs=1e-6)


def test_a_primer_the_model_cannot_read_is_refused(singing: music.MusicModel) -> None:
    with pytest.raises(DataError, match="has 1 part; the grid is for four voices"):
        singing.sample(primer=Score([Note(0, 60, 1)]))


def test_notes_left_sounding_are_counted(playing: music.MusicModel) -> None:
    (made,) = playing.compose(seconds=4, seed=1)
    assert made.made == len(made.score.notes) and 0 < made.closed <= made.made
    assert all(note.end <= 4.0 + 1e-9 for note in made.score.notes)


# Scoring


def test_a_score_is_the_sum_over_events(singing: music.MusicModel, playing: music.MusicModel) -> None:
    piece = chorale(beats=30)
    for model in (singing, playing):
        score = model.score(piece)
        steps = model.codec.encode(piece).steps
        uniform = math.log(model.codec.spec.size)
        assert score.events == len(steps) and 0.2 * uniform < score.nats_per_event < 3 * uniform
        assert score.nats_per_beat == pytest.approx(score.nats / 30)
    assert singing.score(piece).notes == 4 * 4 * 30 == int((singing.codec.encode(piece).steps <= REST).sum())
    assert playing.score(piece).notes == len(piece.notes)
    with pytest.raises(DataError, match="nothing to score"):
        playing.score(Score([]))


# Training


@pytest.mark.usefixtures("learning")
def test_training_and_going_on(tmp_path: Path) -> None:
    pieces = Splits([chorale(start) for start in range(4)], [chorale(4)])
    outcome = music.train(pieces, tmp_path / "run", size="tiny", steps=10)
    model = music.load(tmp_path / "run")
    assert isinstance(model.codec, Grid) and outcome.best < math.log(model.codec.spec.size)
    with pytest.raises(UsageError, match="does not know where its data is"):
        music.resume(tmp_path / "run")
    assert music.resume(tmp_path / "run", pieces, steps=12).step == 12


def test_what_an_epoch_hears_follows_from_seed_and_epoch() -> None:
    pieces, codec = [chorale(start) for start in range(3)], Grid()

    def heard(seed: int, epoch: int) -> list[list[int]]:
        source = encoding.augmented(music.DOMAIN, codec, pieces, seed)
        assert source is not None
        examples = source(epoch)
        return [examples.read(i, 0, length).tolist() for i, length in enumerate(examples.lengths)]

    assert heard(1, 5) == heard(1, 5)
    assert heard(1, 5) != heard(1, 6) and heard(1, 5) != heard(2, 5)


@pytest.mark.usefixtures("learning")
def test_each_way_to_spell_can_be_asked_for(tmp_path: Path) -> None:
    pieces = Splits([chorale()], [chorale(1)])
    music.train(pieces, tmp_path / "run", size="tiny", steps=1, encoding="performance")
    assert isinstance(music.load(tmp_path / "run").codec, Performance)
    with pytest.raises(UnknownName, match="no encoding named 'performnce'; did you mean 'performance'"):
        music.train(pieces, tmp_path / "other", steps=1, encoding="performnce")
    with pytest.raises(DataError, match="has 1 part"):
        music.train(Splits([Score([Note(0, 60, 1)])], [chorale()]), tmp_path / "other", steps=1, encoding="grid")


@pytest.mark.usefixtures("learning")
def test_fine_tuning_keeps_the_spelling(singing: music.MusicModel, tmp_path: Path) -> None:
    pieces = Splits([chorale()], [chorale(1)])
    music.train(pieces, tmp_path / "tuned", steps=2, start_from=singing.name)
    assert music.load(tmp_path / "tuned").codec == singing.codec
    with pytest.raises(UsageError, match="is for grid and stays so: leave the encoding out when fine-tuning"):
        music.train(pieces, tmp_path / "other", start_from=singing.name, encoding="performance")


def test_models_of_other_domains_are_refused() -> None:
    with pytest.raises(ModelError, match="is a model of text, not music; use the text commands"):
        music.load(SHIPPED.parent.parent / "text" / "pretrained" / "shakespeare")


def test_variations_keep_the_piece_playable() -> None:
    piece = Score([*chorale().notes, Note(0, 36, 0.1, program=DRUMS, part=4)], (Tempo(0.0, 100.0),))
    shifts, lengths = set(), set()
    for seed in range(200):
        varied = augment(piece, np.random.default_rng(seed))
        shifts.add(varied.notes[-1].pitch - piece.notes[-1].pitch)
        lengths.add(round(varied.seconds / piece.seconds, 3))
        assert {n.pitch for n in varied.notes if n.program == DRUMS} == {36}
    assert shifts == set(range(-5, 7)) and lengths == {0.95, 0.975, 1.0, 1.025, 1.05}
    wide = Score([Note(0, 21, 1), Note(0, 108, 1)])
    assert {augment(wide, np.random.default_rng(seed)).notes[0].pitch for seed in range(20)} == {21}


# Files


def test_a_folder_says_what_is_used_and_why_not(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    chorale().save(tmp_path / "a.mid")
    chorale().save(tmp_path / "more" / "again.mid")
    Score([Note(0, 60, 1)]).save(tmp_path / "short.mid")
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    (tmp_path / "notes.txt").write_text("no music")
    pieces = read_pieces([tmp_path])
    assert pieces.names == ("a.mid",) and len(pieces.scores) == 1
    reasons = {row.name.replace("\\", "/"): row.reason for row in pieces.rows}
    assert reasons.keys() == {"a.mid", "more/again.mid", "short.mid", "broken.mid"}
    assert reasons["a.mid"] == "" and reasons["more/again.mid"] == "the same notes as a.mid"
    assert reasons["short.mid"].startswith("only 1 note") and reasons["broken.mid"]


def test_what_is_no_music_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(
        DataError, match=r"is not named like music; seqgen reads \.mid, \.midi, \.kar, \.rmi, \.xml, \.musicxml, \.mxl"
    ):
        read_score(tmp_path / "song.mp3")
    with pytest.raises(DataError, match=r"can be used: it holds no file named \.mid"):
        read(str(tmp_path))
    with pytest.raises(DataError, match=r"can be used: .*not named like music"):
        read(str(tmp_path / "song.mp3"))
    with pytest.raises(UnknownName, match="did you mean 'js-fakes'"):
        encoding.read_named(music.DOMAIN, "js-fake", {})
    with pytest.raises(UsageError, match="'tiny-shakespeare' is for text, not music"):
        encoding.read_named(music.DOMAIN, "tiny-shakespeare", {})


def test_pieces_that_open_alike_stay_together_in_any_order() -> None:
    tunes = [chorale(start, 20) for start in range(5)] + [
        Score([Note(0.3 * i, 60 + (i * step) % 11, 0.3) for i in range(30)]) for step in range(1, 10)
    ]
    variants = [tune.transposed(up).stretched(1 + up / 10) for tune in tunes for up in (0, 3)]
    for order in (variants, variants[::-1]):
        parts = split(order)
        assert len(parts.train) + len(parts.valid) == len(variants) and parts.valid
        assert not {opening(s) for s in parts.train} & {opening(s) for s in parts.valid}
        assert {s.seconds for s in parts.valid} == {s.seconds for s in split(variants).valid}


def test_a_single_piece_is_cut_in_time() -> None:
    parts = split([chorale(beats=40)])
    assert parts.train[0].seconds == pytest.approx(36 * 0.6) and parts.valid[0].seconds == pytest.approx(4 * 0.6)
    assert parts.valid[0].meters == (Meter(0.0, 4, 4),)
    with pytest.raises(DataError, match="no piece to learn from"):
        split([])
