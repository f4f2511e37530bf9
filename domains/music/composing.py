"""Composing, from nothing or on from a primer, by each kind of model: what `MusicModel.compose` does."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen import sampling
from seqgen.errors import UsageError
from seqgen.heads import Options
from seqgen.spec import empty_steps

from . import MODEL, metered
from .beats import Beats
from .composition import Composition, in_meter, said
from .grid import END, REST, Grid, voices
from .length import Length
from .performance import Decoded, Performance
from .rolls import Roll
from .score import DRUMS, Meter, Score
from .signs import Key
from .voices.leading import rules_of
from .voices.told import controls, marked

if TYPE_CHECKING:
    from .api import MusicModel

CHUNK = 128  # events drawn at once
Primers = Sequence[Score | None]


class Wanted(NamedTuple):
    """What is asked of new pieces, see `MusicModel.compose`."""

    seconds: float | None
    bars: int | None
    events: int | None
    meter: Meter | None
    key: Key | None
    tempo: float | None
    chords: str | None
    options: Options
    voice_leading: str
    seed: int

    def length(self, codec: Any, meter: Meter) -> Length:
        """How long that is. Raises UsageError."""
        return Length.of(codec, meter, self.seconds, self.bars, self.events)


def compose(given: MusicModel, primers: Primers, wanted: Wanted, attempt: int = 0) -> list[Composition]:
    """Pieces as the model ends them, others with each attempt. Raises UsageError, DataError."""
    codec = given.codec
    if wanted.tempo is not None and not isinstance(codec, Beats):
        raise UsageError(f"{given.name} is told no tempo: leave it out, or take a model of beats")
    if wanted.chords is not None and not isinstance(codec, Beats):
        raise UsageError(
            f"{given.name} is told no chords: take a model of beats; `harmonise` follows chords with four voices"
        )
    sampling.check(wanted.options, wanted.seed)
    if rules_of(wanted.voice_leading):
        check_voices(given, "voice leading")
    if isinstance(codec, Beats):
        length = wanted.length(codec, wanted.meter or Meter(0.0, 4, 4))
        wishes = metered.Wishes(wanted.meter, wanted.key, wanted.tempo, wanted.chords)
        return metered.compose(codec, given.model, given.params, primers, length, wishes, wanted.options, wanted.seed)
    if wanted.key is not None and not (isinstance(codec, Grid) and codec.ranges):
        raise UsageError(f"{given.name} knows no keys: leave the key out, or take a model that does, such as {MODEL!r}")
    meters = [primer.meters[-1] for primer in primers[:1] if primer is not None and primer.meters]
    meter = wanted.meter or (meters[0] if meters else Meter(0.0, 4, 4))
    length = wanted.length(codec, meter)
    by_kind: Any = {Grid: _sung, Performance: _played, Roll: _pressed}[type(codec)]
    key = jax.random.key(wanted.seed)
    if attempt:
        key = jax.random.fold_in(key, attempt)
    pieces = by_kind(given, codec, primers, wanted, meter, length, key)
    scores = [piece.score if length.seconds is None else piece.score.until(length.seconds) for piece in pieces]
    return [
        Composition(
            whole := score if primer is None else _after(codec, primer, score),
            len(score.notes),
            piece.closed,
            whole.seconds - (0.0 if primer is None else primer.seconds),
        )
        for primer, score, piece in zip(primers, scores, pieces, strict=True)
    ]


def check_voices(given: MusicModel, what: str) -> Grid:
    """The codec of a model of four voices. Raises UsageError for other models."""
    if not isinstance(given.codec, Grid):
        raise UsageError(f"{what} is for models of four voices, and {given.name} is none; take {MODEL}, or train one")
    return given.codec


def _sung(
    given: MusicModel, codec: Grid, primers: Primers, wanted: Wanted, meter: Meter, length: Length, key: jax.Array
) -> list[Decoded]:
    prompts = [codec.opening(primer, wanted.key, meter) for primer in primers]
    phases = [codec.phase(prompt, meter) for prompt in prompts]
    grammar = _grammar(codec, prompts, phases, meter, length, ends=wanted.bars is not None)
    how: dict[str, Any] = {"grammar": grammar, "rules": rules_of(wanted.voice_leading)}
    if codec.given:
        how["controls"], most = _told(prompts, grammar, length)
        length = length._replace(most=most)
    cuts = _drawn(given, prompts, wanted, length, key, **how)
    return [
        Decoded(in_meter(codec.decode(said(steps, prompt)), meter, phase), 0)
        for steps, prompt, phase in zip(cuts, prompts, phases, strict=True)
    ]


def _played(
    given: MusicModel,
    codec: Performance,
    primers: Primers,
    wanted: Wanted,
    meter: Meter,
    length: Length,
    key: jax.Array,
) -> list[Decoded]:
    prompts = [_prompt(codec, primer) for primer in primers]
    held = [codec.held(prompt) for prompt in prompts]
    cuts = _drawn(given, prompts, wanted, length, key)
    return [codec.decode_and_count(np.concatenate(both)) for both in zip(held, cuts, strict=True)]


def _pressed(
    given: MusicModel, codec: Roll, primers: Primers, wanted: Wanted, meter: Meter, length: Length, key: jax.Array
) -> list[Decoded]:
    # A key that is held where a primer ends is struck again: what was given stays as it is.
    cuts = _drawn(given, [_prompt(codec, primer) for primer in primers], wanted, length, key)
    return [Decoded(dataclasses.replace(codec.decode(steps), meters=(meter._replace(time=0.0),)), 0) for steps in cuts]


def _prompt(codec: Performance | Roll, primer: Score | None) -> Any:
    return empty_steps(codec.spec) if primer is None else codec.encode(primer).steps


def _drawn(
    given: MusicModel, prompts: Sequence[Any], wanted: Wanted, length: Length, key: jax.Array, **how: Any
) -> list[Any]:
    """The new steps of each piece, as many as were wanted."""
    made = [empty_steps(given.codec.spec) for _ in prompts]
    for pieces in sampling.stream(
        given.model,
        given.params,
        key,
        prompts,
        length=length.most,
        options=wanted.options,
        chunk=CHUNK,
        **how,
    ):
        made = [np.concatenate([steps, piece]) for steps, piece in zip(made, pieces, strict=True)]
        if all(map(length.reached, made)):
            break
    return [length.cut(steps) for steps in made]


def _grammar(
    codec: Grid, prompts: Sequence[Any], phases: Sequence[int], meter: Meter, length: Length, ends: bool
) -> sampling.Grammar:
    """What may come where: in every bar the same, or, of a model that knows where it is in a piece, up to its end."""
    if not codec.ranges:
        return sampling.Grammar(codec.cycle(meter), np.array(phases, np.int32))
    steps = length.sixteenths or length.most // 4 + 1
    begun = [(phase, not len(prompt)) for phase, prompt in zip(phases, prompts, strict=True)]
    plans = {how: codec.plan(meter, how[0], steps, begins=how[1], ends=ends) for how in dict.fromkeys(begun)}
    places = dict(zip(plans, np.cumsum([0, *map(len, plans.values())]), strict=False))
    allowed = np.concatenate([*plans.values()])
    # Padded, so that pieces of many lengths share a program.
    more = np.repeat(allowed[-1:], (1 << (len(allowed) - 1).bit_length()) - len(allowed), axis=0)
    return sampling.Grammar(np.concatenate([allowed, more]), np.array([places[how] for how in begun], np.int32))


def _told(prompts: Sequence[Any], grammar: sampling.Grammar, length: Length) -> tuple[list[NDArray[np.float32]], int]:
    """What a model is told that is given of pieces from nothing, where bars and beats begin and the end; and how long they are."""
    found = []
    for prompt, phase in zip(prompts, grammar.phase, strict=True):
        allowed = grammar.allowed[(phase + np.arange(length.most)) % len(grammar.allowed)]
        steps = np.concatenate([prompt, np.where(allowed[:, REST], -1, allowed.argmax(axis=1))])
        steps = steps[: (*np.flatnonzero(steps == END), len(steps))[0] + 1]
        found.append(controls(steps, marked(steps)))
    most = max(len(told) - len(prompt) for told, prompt in zip(found, prompts, strict=True))
    pad = [len(prompt) + most - len(told) for told, prompt in zip(found, prompts, strict=True)]
    return [np.pad(told, ((0, more), (0, 0))) for told, more in zip(found, pad, strict=True)], most


def _after(codec: Grid | Performance | Roll, primer: Score, score: Score) -> Score:
    """The primer as it is, then the new notes, played by the same instruments: those of a roll by the one that plays most."""
    if isinstance(codec, Performance):
        parts = {note.program: note.part for note in reversed(primer.notes)}
        new = max(parts.values(), default=-1) + 1
        notes = [note._replace(part=parts.get(note.program, new + note.part)) for note in score.notes]
        return primer.then(Score(notes, (), ()))
    notes = list(score.notes)
    if isinstance(codec, Grid):
        players = {part: voice[0] for part, voice in enumerate(voices(primer))}
        notes = [n._replace(part=players[n.part].part, program=players[n.part].program) for n in notes]
    pitched = Counter((note.part, note.program) for note in primer.notes if note.program != DRUMS)
    if isinstance(codec, Roll) and pitched:
        (part, program), _ = pitched.most_common(1)[0]
        notes = [note._replace(part=part, program=program) for note in notes]
    # New bars go on at the speed that the primer ends with.
    factor = codec.bpm / (primer.tempos[-1].bpm if primer.tempos else 120.0)
    return primer.then(dataclasses.replace(score, notes=notes, names=()).stretched(factor))
