"""Voices that a model sings to those that are given: a tune harmonised, a gap filled in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen import sampling
from seqgen.errors import DataError, UsageError, pick
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.sampling.particles import fill

from ..grid import PER_BEAT, REST, TIED, VELOCITY, VOICES, Grid, to_grid, voices
from ..length import MOST_BARS
from ..score import Note, Score
from . import given
from .leading import VoiceLeading

PARTICLES = 64
AFTER = 4 * 4 * PER_BEAT  # steps after a gap that say what goes there: four bars of 4/4
LEADING: dict[str, VoiceLeading | None] = {
    "off": None,
    "soft": VoiceLeading(),
    "strict": VoiceLeading(fifths=20.0, octaves=20.0, leaps=20.0, crossing=5.0, outside=5.0),
}


class Filled(NamedTuple):
    """What came of a piece. score: what was given, as it was, and what is new; made: how many notes are new.

    log_prob: nats of all that was read from the first new note on, as the model finds it; log_evidence: nats of what was
    given of it, an estimate. moved: by how many semitones the model was shown it higher, to have it in its voices' ranges.
    """

    score: Score
    made: int
    log_prob: float
    log_evidence: float
    moved: int = 0


class How(NamedTuple):
    """How voices are drawn, see `MusicModel.harmonise`."""

    temperature: float = 1.0
    voice_leading: str = "soft"
    particles: int = PARTICLES
    count: int = 1
    seed: int = 0

    def check(self) -> None:
        """Raises UsageError for settings out of range, UnknownName for no way of leading voices."""
        sampling.check(Options(self.temperature), self.seed)
        rules_of(self.voice_leading)
        if self.count < 1 or self.particles < 1:
            raise UsageError(f"{self.count} pieces by {self.particles} particles cannot be; give 1 or more of each")


def rules_of(voice_leading: str) -> tuple[VoiceLeading, ...]:
    """The rules of this name. Raises UnknownName."""
    rule = pick("voice leading", voice_leading, LEADING)
    return () if rule is None else (rule,)


def harmonise(
    codec: Grid, model: Model, params: Params, score: Score, keep: str | Sequence[str], how: How
) -> list[Filled]:
    """Four voices, of which those in `keep` are the piece's, see `MusicModel.harmonise`."""
    how.check()
    numbers = given.numbers(keep)
    if len(numbers) == 4:
        raise UsageError("all four voices are kept, and none is left to write; keep three or fewer")
    found = given.kept(score, numbers)
    moved = given.moved(found)
    length = max(round(PER_BEAT * score.beat_at(note.end)) for notes in found.values() for note in notes)
    if not 0 < length <= MOST_BARS * 4 * PER_BEAT:
        raise DataError(f"the tune is {length} sixteenths long; give 1 to {MOST_BARS * 4 * PER_BEAT:,}")
    rows = np.full((length, 4), REST, np.int32)
    for voice, notes in found.items():
        higher = [note._replace(pitch=note.pitch + moved) for note in notes]
        rows[:, voice] = given.cells(score, higher, length)
    free = np.ones((length, 4), bool)
    free[:, numbers] = False
    near = {voice: found[min(numbers, key=lambda own: abs(own - voice))][0] for voice in range(4)}
    players = {voice: note._replace(part=voice, velocity=VELOCITY) for voice, note in near.items()}
    old = [note._replace(part=voice) for voice, notes in found.items() for note in notes]
    filled = _fill(codec, model, params, score, rows, free, how)
    pieces = []
    for drawn, log_prob, evidence in filled:
        new = _notes(codec, score, drawn, players)
        new = [note._replace(pitch=note.pitch - moved) for note in new if note.part not in numbers]
        whole = dataclasses.replace(score, notes=[*old, *new], names=VOICES)
        pieces.append(Filled(whole, len(new), log_prob, evidence, moved))
    return pieces


def inpaint(
    codec: Grid,
    model: Model,
    params: Params,
    score: Score,
    bars: tuple[int, int],
    names: str | Sequence[str],
    how: How,
) -> list[Filled]:
    """The piece with voices in some of its bars sung anew, see `MusicModel.inpaint`."""
    how.check()
    numbers = given.numbers(names)
    begin, end = given.bar_steps(score, bars)
    rows = to_grid(score).cells.copy()
    free = np.zeros(rows.shape, bool)
    free[begin:end, numbers] = True
    if end < len(rows):  # what was tied over from the gap begins after it
        tied = rows[end, numbers]
        rows[end, numbers] = np.where((tied >= TIED) & (tied < REST), tied - TIED, tied)
    sung = voices(score)
    players = {voice: notes[0]._replace(velocity=VELOCITY) for voice, notes in enumerate(sung)}
    old = [note for voice, notes in enumerate(sung) if voice not in numbers for note in notes]
    before = {
        (note.part, round(PER_BEAT * score.beat_at(note.onset)), note.pitch): note for notes in sung for note in notes
    }
    pieces = []
    for drawn, log_prob, evidence in _fill(codec, model, params, score, rows, free, how):
        own = {players[voice].part for voice in numbers}
        notes, made = [], 0
        for note in _notes(codec, score, drawn, players):
            if note.part not in own:
                continue
            start, stop = (round(PER_BEAT * score.beat_at(time)) for time in (note.onset, note.end))
            same = before.get((note.part, start, note.pitch))
            made += same is None or begin <= start < end
            if same is not None and round(PER_BEAT * score.beat_at(same.end)) == stop:
                note = same
            elif same is not None:
                note = same._replace(duration=note.end - same.onset)
            notes.append(note)
        pieces.append(Filled(dataclasses.replace(score, notes=[*old, *notes]), made, log_prob, evidence))
    return pieces


def _fill(
    codec: Grid,
    model: Model,
    params: Params,
    score: Score,
    rows: NDArray[np.int32],
    free: NDArray[np.bool_],
    how: How,
) -> list[tuple[NDArray[np.int32], float, float]]:
    """Streams of symbols with what is free drawn, each with nats of all and nats of what is given."""
    whole = given.stream(codec, score, rows, free)
    drawn = np.flatnonzero(whole.steps < 0)
    if not len(drawn):
        raise UsageError("nothing is left to write; free a voice or a bar")
    first = int(drawn[0])
    until = min(len(whole.steps), int(drawn[-1]) + 1 + 5 * AFTER)
    pieces = []
    for number in range(how.count):
        key = jax.random.fold_in(jax.random.key(how.seed), number)
        found = fill(
            model,
            params,
            key,
            whole.steps[first:until],
            prompt=whole.steps[:first],
            particles=how.particles,
            options=Options(how.temperature),
            bias=whole.bias[first:until],
            rules=rules_of(how.voice_leading),
            turns=whole.beats[first:until],
        )
        one = found.drawn(jax.random.fold_in(key, how.particles + 1))  # a key that no particle has
        steps = np.concatenate([whole.steps[:first], found.steps[one], whole.steps[until:]])
        pieces.append((steps, float(found.log_prob[one]), found.log_evidence))
    return pieces


def _notes(
    codec: Grid, score: Score, steps: NDArray[np.int32], players: Mapping[int, Note]
) -> list[Note]:
    """The notes of a stream in the piece's own tempo, played by those who play."""
    notes = []
    for note in codec.decode(steps).notes:
        start, end = (
            score.time_at(round(time / codec.step_seconds) / PER_BEAT) for time in (note.onset, note.end)
        )
        notes.append(players[note.part]._replace(onset=start, pitch=note.pitch, duration=end - start))
    return notes
