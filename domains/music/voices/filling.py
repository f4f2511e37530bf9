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

from .. import TEMPERATURE
from ..grid import PER_BEAT, REST, TIED, VELOCITY, VOICES, Grid, to_grid, voices
from ..keys import TRUST, key_of
from ..length import MOST_BARS
from ..score import Note, Score
from ..signs import spelled
from . import given, wishes
from .leading import rules_of
from .told import controls

PARTICLES = 32
MOST_STEPS = MOST_BARS * 4 * PER_BEAT
AFTER = 5 * 4 * 4 * PER_BEAT  # symbols after a gap that say what goes there: some four bars
ENDS = ("auto", "tonic", "free")


class Filled(NamedTuple):
    """What came of a piece. score: what was given, as it was, and what is new; made: how many notes are new.

    log_prob: nats of all that was read from the first new note on, as the model finds it; log_evidence: nats of what was
    given of it, an estimate, and 0 of a model that is told what is given: that costs nothing. moved: by how many semitones
    the model was shown it higher, to have it in its voices' ranges.

    >>> chord = Score([Note(0.0, pitch, 1.0, part=part) for part, pitch in enumerate((72, 67, 64, 48))])
    >>> Filled(chord, made=3, log_prob=-12.5, log_evidence=-3.0).moved
    0
    """

    score: Score
    made: int
    log_prob: float
    log_evidence: float
    moved: int = 0


class Settings(NamedTuple):
    """How voices are drawn, and what is wished of them; see `MusicModel.harmonise`."""

    pieces: int = 1
    particles: int = PARTICLES
    voice_leading: str = "soft"
    temperature: float = TEMPERATURE
    seed: int = 0
    end: str = "free"
    chords: str | None = None

    def check(self) -> None:
        """Raises UsageError for settings out of range, UnknownName for no way of leading voices or of ending."""
        sampling.check(Options(self.temperature), self.seed)
        rules_of(self.voice_leading)
        pick("end", self.end, dict.fromkeys(ENDS))
        if self.pieces < 1 or self.particles < 1:
            raise UsageError(f"{self.pieces} pieces by {self.particles} particles cannot be; give 1 or more of each")


def harmonise(
    codec: Grid, model: Model, params: Params, score: Score, keep: str | Sequence[str], how: Settings
) -> list[Filled]:
    """Four voices, of which those in `keep` are the piece's, see `MusicModel.harmonise`."""
    how.check()
    chords = None if how.chords is None else wishes.parsed(how.chords)
    numbers = given.numbers(keep)
    if len(numbers) == 4:
        raise UsageError("all four voices are kept, and none is left to write; keep three or fewer")
    found = given.kept(score, numbers)
    moved = given.moved(found)
    higher = {voice: [note._replace(pitch=note.pitch + moved) for note in notes] for voice, notes in found.items()}
    length = max(round(PER_BEAT * score.beat_at(note.end)) for notes in found.values() for note in notes)
    if not 0 < length <= MOST_STEPS:
        raise DataError(f"the tune is {length:,} sixteenths long; give 1 to {MOST_STEPS:,}")
    rows = np.full((length, 4), REST, np.int32)
    for voice, notes in higher.items():
        rows[:, voice] = given.cells(score, notes, length)
    free = np.ones((length, 4), bool)
    free[:, numbers] = False
    whole = given.stream(codec, score, rows, free)
    if chords is not None:
        whole = wishes.following(whole, [[chord.higher(moved) for chord in bar] for bar in chords])
    if how.end != "free":
        whole = _ended(whole, higher, rows, moved, how.end == "tonic")
    near = {voice: found[min(numbers, key=lambda own: abs(own - voice))][0] for voice in range(4)}
    players = {voice: note._replace(part=voice, velocity=VELOCITY) for voice, note in near.items()}
    old = [note._replace(part=voice) for voice, notes in found.items() for note in notes]
    pieces = []
    for drawn, log_prob, evidence in _fill(codec, model, params, whole, how):
        new = [
            note._replace(pitch=note.pitch - moved)
            for note in _notes(codec, score, drawn, players)
            if note.part not in numbers
        ]
        made = dataclasses.replace(score, notes=[*old, *new], names=VOICES)
        pieces.append(Filled(made, len(new), log_prob, evidence, moved))
    return pieces


def inpaint(
    codec: Grid,
    model: Model,
    params: Params,
    score: Score,
    bars: tuple[int, int],
    names: str | Sequence[str],
    how: Settings,
) -> list[Filled]:
    """The piece with voices in some of its bars sung anew, see `MusicModel.inpaint`."""
    how.check()
    numbers = given.numbers(names)
    begin, end = given.bar_steps(score, bars)
    rows = to_grid(score).cells.copy()
    free = np.zeros(rows.shape, bool)
    free[begin:end, numbers] = True
    if end < len(rows):  # what is tied over from the gap begins after it
        tied = rows[end, numbers]
        rows[end, numbers] = np.where((tied >= TIED) & (tied < REST), tied - TIED, tied)
    sung = voices(score)
    players = {voice: notes[0]._replace(velocity=VELOCITY) for voice, notes in enumerate(sung)}
    own = {players[voice].part for voice in numbers}
    old = [note for notes in sung for note in notes if note.part not in own]
    known = {(*_steps(score, note)[:1], note.part, note.pitch): note for notes in sung for note in notes}
    pieces = []
    for drawn, log_prob, evidence in _fill(codec, model, params, given.stream(codec, score, rows, free), how):
        notes, made = [], 0
        for note in _notes(codec, score, drawn, players):
            start, stop = _steps(score, note)
            if note.part not in own:
                continue
            same = known.get((start, note.part, note.pitch))
            made += same is None or begin <= start < end
            if same is not None:  # as it was, but where it now ends elsewhere
                note = same if _steps(score, same)[1] == stop else same._replace(duration=note.end - same.onset)
            notes.append(note)
        pieces.append(Filled(dataclasses.replace(score, notes=[*old, *notes]), made, log_prob, evidence))
    return pieces


def _ended(
    whole: given.Stream, found: Mapping[int, Sequence[Note]], rows: NDArray[np.int32], moved: int, asked: bool
) -> given.Stream:
    """With the tonic chord under the tune's last note, if it belongs there. Raises UsageError if it does not and was asked."""
    voice = min(found)
    last = {voice: notes[-1].pitch % 12 for voice, notes in found.items()}
    key = key_of(Score(found[voice]), tonic=last[voice], trust=TRUST)
    chord = wishes.triad(key)
    if all(pitch in (chord[:1] if voice == wishes.BASS else chord) for voice, pitch in last.items()):
        return wishes.ending(whole, chord, int(np.flatnonzero(rows[:, voice] < TIED)[-1]), {*last.values()})
    if asked:
        named = key.transposed(-moved)
        raise UsageError(
            f"the tune does not end on the tonic chord of {spelled(named.fifths + 3 * (named.mode == 'minor'))} "
            f"{named.mode}, which seems to be its key; ask for another end, auto or free"
        )
    return whole


def _fill(
    codec: Grid, model: Model, params: Params, whole: given.Stream, how: Settings
) -> list[tuple[NDArray[np.int32], float, float]]:
    """Streams of symbols with what is free drawn, each with nats of all and nats of what is given."""
    drawn = np.flatnonzero(whole.steps < 0)
    first, until = int(drawn[0]), int(drawn[-1]) + 1 + AFTER
    told = controls(whole.steps, whole.steps >= 0) if codec.given else None
    pieces = []
    for number in range(how.pieces):
        key = jax.random.fold_in(jax.random.key(how.seed), number)
        found = sampling.fill(
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
            controls=told,
        )
        one = found.drawn(jax.random.fold_in(key, how.particles + 1))  # a key that no particle has
        steps = np.concatenate([whole.steps[:first], found.steps[one], whole.steps[until:]])
        pieces.append((steps, float(found.log_prob[one]), 0.0 if codec.given else found.log_evidence))
    return pieces


def _steps(score: Score, note: Note) -> tuple[int, int]:
    return round(PER_BEAT * score.beat_at(note.onset)), round(PER_BEAT * score.beat_at(note.end))


def _notes(codec: Grid, score: Score, steps: NDArray[np.int32], players: Mapping[int, Note]) -> list[Note]:
    """The notes of a stream in the piece's own tempo, played by those who play."""
    notes = []
    for note in codec.decode(steps).notes:
        start, end = (score.time_at(round(time / codec.step_seconds) / PER_BEAT) for time in (note.onset, note.end))
        notes.append(players[note.part]._replace(onset=start, pitch=note.pitch, duration=end - start))
    return notes
