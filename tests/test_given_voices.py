"""What a model is told of given voices: all of it, and nothing of the others; and that it learns to sing to it."""

from __future__ import annotations

import collections
import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest
from music_models import saved

from seqgen.domain import Splits
from seqgen.domains import music
from seqgen.domains.music import Grid, Key, Meter, Note, Score, Tempo
from seqgen.domains.music.grid import BAR, KEYS, REST, TIED, to_grid
from seqgen.domains.music.presets import as_learned
from seqgen.domains.music.voices.task import nats_under, partly, under
from seqgen.domains.music.voices.told import OF_A_VOICE, WIDTH, Partly, controls
from seqgen.errors import ModelError

RANGES = ((57, 84), (50, 77), (45, 72), (33, 69))
GRID = Grid(ranges=RANGES, given=True)


def quartet(shift: int = 0, bars: int = 4) -> Score:
    """Four voices of one note a beat, but the soprano, whose notes are two beats; the alto is moved."""
    voices = enumerate((76, 69 + shift, 62, 48))
    notes = [
        Note(0.6 * at, pitch + at % 3, 1.2 if part == 0 else 0.6, part=part)
        for part, pitch in voices
        for at in range(0, 4 * bars, 2 if part == 0 else 1)
    ]
    return Score(notes, (Tempo(0.0, 100.0),))


def test_the_codec_survives_json_and_another_s_settings_are_refused() -> None:
    assert Grid.from_dict(GRID.to_dict()) == GRID and Grid.from_dict(Grid().to_dict()) == Grid()
    assert "given" not in Grid(ranges=RANGES).to_dict()  # older versions read it
    assert GRID.canonical(GRID.canonical(quartet())) == GRID.decode(GRID.encode(quartet()).steps)
    for wrong in ({"given": 1}, {"ranges": [[60, 81]]}, {"told": True}):
        with pytest.raises(ModelError, match="a grid codec's settings are"):
            Grid.from_dict({**GRID.to_dict(), **wrong})


def test_what_is_not_given_is_not_told() -> None:
    voices = np.ones((64, 4), bool)
    voices[:, 1] = False
    voices[16:32, 2] = False
    one, other = quartet(), quartet(shift=2)
    told, again = (GRID.encode(Partly(score, voices)) for score in (one, other))
    assert (told.steps != again.steps).any()
    free = told.steps != again.steps
    free[0] = True  # the key, which follows from all voices
    np.testing.assert_array_equal(told.controls, again.controls)
    assert not told.controls[free, 0].any() and told.controls.shape == (len(told.steps), WIDTH)
    assert GRID.encode(Partly(one, voices, key=True)).controls[0, 0] == 1
    nothing = GRID.encode(one)
    assert not nothing.controls[:, 1:-2].any()  # but for bars and beats
    np.testing.assert_array_equal(
        nothing.controls[:, 0] == 0, (nothing.steps <= REST) | (nothing.steps < KEYS + 24) & (nothing.steps >= KEYS)
    )
    assert Grid(ranges=RANGES).encode(one).controls is None


def test_what_is_given_is_told_of_its_sixteenth() -> None:
    steps = np.array([BAR, 72, 48, 64, 55, 72 + TIED, REST, 65, -1])
    told = controls(steps, steps >= 0)
    voices = told[:, 1:-2].reshape(len(steps), 4, OF_A_VOICE)
    assert told[:, 0].tolist() == [1, 1, 1, 1, 1, 1, 1, 1, 0] and told[:, -2].tolist() == [1] * 5 + [0] * 4
    np.testing.assert_array_equal(voices[0], voices[4])
    soprano, alto, tenor, bass = voices[8]  # given?, begins?, silent?, how high in octaves from middle C on
    assert soprano[:4].tolist() == [1, 0, 0, 1] and soprano[4:].tolist() == [1] + [0] * 11
    assert alto[:4].tolist() == [1, 1, 0, np.float32(5 / 12)] and np.flatnonzero(alto[4:]).tolist() == [5]
    assert bass[:3].tolist() == [1, 0, 1] and not bass[3:].any() and not tenor.any()


def test_what_is_tied_over_from_what_is_not_given_begins() -> None:
    held = np.array([72, 48, 64, 55, *[pitch + TIED for pitch in (72, 48, 64, 55)]])
    told = controls(held, np.array([False] + [True] * 7))
    voices = told[4, 1:-2].reshape(4, OF_A_VOICE)
    assert voices[:, 1].tolist() == [1, 0, 0, 0] and voices[:, 0].all()


def test_each_epoch_another_part_of_a_piece_is_given() -> None:
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(400):
        given = partly(quartet(), np.random.default_rng(seed)).voices
        assert given is not None and given.shape == (64, 4)
        whole = given.all(axis=0)
        match bool(given.any()), bool((given == given[:1]).all()):
            case False, _:
                counts["nothing"] += 1
            case _, True:
                counts["soprano" if whole.tolist() == [True, False, False, False] else "voices"] += 1
            case _:
                counts["bars"] += 1
                changes = np.flatnonzero((given[1:] != given[:-1]).any(axis=1)) + 1
                assert not (changes % 16).any()
    assert counts["soprano"] > 120 and min(counts["nothing"], counts["voices"], counts["bars"]) > 30
    one, again = (partly(quartet(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.voices, again.voices)


def test_a_model_that_is_told_composes_too(tmp_path: Path) -> None:
    model = saved(tmp_path / "model", GRID, slice(257, 259))
    primer = quartet(bars=2)
    alone, more = (
        made.score for made in model.compose([None, primer], bars=3, meter=Meter(0.0, 3, 4), key=Key(0.0, 2))
    )
    assert len(to_grid(alone).cells) == 36 and alone.keys[0].fifths == 2
    assert more.notes[: len(primer.notes)] == primer.notes and more.seconds > primer.seconds
    assert model.compose([None], bars=3, meter=Meter(0.0, 3, 4), key=Key(0.0, 2))[0].score == alone
    assert model.compose([None], seconds=4)[0].score.seconds == pytest.approx(4, abs=0.15)


def test_to_learn_it_is_judged_by_the_voices_under_a_soprano(tmp_path: Path) -> None:
    pieces = [quartet(shift) for shift in range(4)]
    parts, how = Splits(pieces[:3], pieces[3:]), {"size": "tiny", "steps": 2}
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        outcome = music.train(parts, tmp_path / "run", encoding="given", **how)
    model = music.load(outcome.folder)
    assert isinstance(model.codec, Grid) and model.codec.given and model.model.whole
    nats, notes = nats_under(model.codec, model.model, model.params, pieces[3:])
    assert notes == 3 * 64 and nats / notes == pytest.approx(outcome.best, rel=1e-3)
    # Under all voices nothing is left but the key.
    assert nats_under(model.codec, model.model, model.params, pieces[3:], (0, 1, 2, 3))[1] == 0
    one = model.codec.encode(under((0,), pieces[3]))
    assert int((one.controls[:, 0] == 0).sum()) == 3 * 64 + 1
    (made,) = model.harmonise(quartet(), particles=2, seed=1)
    assert made.log_evidence == 0 > made.log_prob and [n for n in made.score.notes if n.part == 0] == [
        n for n in quartet().notes if n.part == 0
    ]
    assert as_learned(dataclasses.replace(model.codec, given=False)).metric is None
