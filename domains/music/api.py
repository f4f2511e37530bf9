"""The music models people hold: composing, going on from a primer, scoring, training."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import jax
import numpy as np

from seqgen import sampling
from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError, pick
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Params

from . import MODEL, TEMPERATURE, metered
from .beats import Beats
from .composition import Composition, in_meter, said
from .drums import HOW
from .formats.guard import MAX_EVENTS
from .grid import Grid, to_grid, voices
from .length import Length
from .likelihood import Likelihood
from .performance import Decoded, Performance
from .presets import DOMAIN, ENCODINGS
from .reports.marks import ends_on_tonic
from .score import Meter, Score
from .signs import Key
from .voices.filling import PARTICLES, Filled, Settings, harmonise, inpaint
from .voices.given import NAMES
from .voices.leading import rules_of

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

    from .reports.report import Report

CHUNK = 128  # events drawn at once
TRIES = 8  # of a piece that is to end on its tonic


@dataclass(frozen=True, eq=False)
class MusicModel:
    """A trained music model. Make one with `load`. learned_from: what its notes say of that, a data set, file or folder.

    >>> tune = load().sample(bars=2, seed=1)
    >>> tune.seconds > 2, len(tune.notes) > 8
    (True, True)
    """

    codec: Grid | Beats | Performance
    model: Model
    params: Params
    name: str
    learned_from: str = ""

    def sample(self, *, primer: Score | None = None, **settings: Any) -> Score:
        """A new piece, or one that begins with the whole `primer`; settings as for `compose`."""
        return self.compose([primer], **settings)[0].score

    def compose(
        self,
        primers: Sequence[Score | None] = (None,),
        *,
        seconds: float | None = None,
        bars: int | None = None,
        events: int | None = None,
        meter: Meter | None = None,
        key: Key | None = None,
        tempo: float | None = None,
        temperature: float = TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        voice_leading: str = "off",
        end: str = "free",
        seed: int = 0,
    ) -> list[Composition]:
        """One piece a primer, each the same as if it had been made with others.

        primers: any pieces; None for a piece from nothing.
        seconds, bars, events: how much is new, one of them (30 s); bars are for models of the grid and of beats.
        meter: of the new bars, for the same; the first primer's last one, or 4/4 on the grid, any of beats.
        key: of pieces from nothing, and what a primer is in, for models that know keys; the primer's own by its notes, or any.
        tempo: of the new bars, quarter notes a minute, for models of beats.
        temperature: 0 the likeliest each time, 1 follows the model, more is wilder.
        top_k, top_p, min_p: see `seqgen.Options`.
        voice_leading: "off", "soft" or "strict", for models of the grid, see `VoiceLeading`.
        end: "free", as the model ends; "tonic", for models that know keys, with bars: drawn again, up to eight times, until a
        piece ends on its key's tonic triad in root position.
        Raises UsageError for settings out of range, DataError for a primer that the model cannot read.
        """
        how = (seconds, bars, events, meter, key, tempo, Options(temperature, top_k, top_p, min_p), voice_leading, seed)
        made = self._composed(primers, *how)
        if pick("end", end, {"free": False, "tonic": True}):
            if not (isinstance(self.codec, Grid) and self.codec.ranges) or bars is None:
                raise UsageError(
                    f"an end on the tonic is for models that know keys, and for so many bars: give bars, and a model such as {MODEL!r}"
                )
            for attempt in range(1, TRIES):
                if all(ends_on_tonic(piece.score) for piece in made):
                    break
                pairs = zip(made, self._composed(primers, *how, attempt), strict=True)
                made = [old if ends_on_tonic(old.score) else new for old, new in pairs]
        return made

    def _composed(
        self,
        primers: Sequence[Score | None],
        seconds: float | None,
        bars: int | None,
        events: int | None,
        meter: Meter | None,
        key: Key | None,
        tempo: float | None,
        options: Options,
        voice_leading: str,
        seed: int,
        attempt: int = 0,
    ) -> list[Composition]:
        """Pieces as the model ends them, others with each attempt."""
        if tempo is not None and not isinstance(self.codec, Beats):
            raise UsageError(f"{self.name} is told no tempo: leave it out, or take a model of beats")
        if isinstance(self.codec, Beats):
            sampling.check(options, seed)
            if rules_of(voice_leading):
                self._check_voices("voice leading")
            length = Length.of(self.codec, meter or Meter(0.0, 4, 4), seconds, bars, events)
            wishes = metered.Wishes(meter, key, tempo)
            return metered.compose(self.codec, self.model, self.params, primers, length, wishes, options, seed)
        meters = [primer.meters[-1] for primer in primers[:1] if primer is not None and primer.meters]
        meter = meter or (meters[0] if meters else Meter(0.0, 4, 4))
        length = Length.of(self.codec, meter, seconds, bars, events)
        sampling.check(options, seed)
        rules = rules_of(voice_leading)
        if rules:
            self._check_voices("voice leading")
        grammar, phases = None, [0 for _ in primers]
        if isinstance(self.codec, Grid):
            prompts = [self.codec.opening(primer, key, meter) for primer in primers]
            phases = [self.codec.phase(prompt, meter) for prompt in prompts]
            grammar = self._grammar(self.codec, prompts, phases, meter, length, ends=bars is not None)
        else:
            prompts = [[] if primer is None else self.codec.encode(primer).steps for primer in primers]
        if key is not None and not (isinstance(self.codec, Grid) and self.codec.ranges):
            raise UsageError(
                f"{self.name} knows no keys: leave the key out, or take a model that does, such as {MODEL!r}"
            )
        made: list[np.ndarray] = [np.zeros(0, np.int32) for _ in primers]
        chunks = sampling.stream(
            self.model,
            self.params,
            jax.random.fold_in(jax.random.key(seed), attempt) if attempt else jax.random.key(seed),
            [np.asarray(prompt, np.int32) for prompt in prompts],
            length=length.most,
            options=options,
            chunk=CHUNK,
            grammar=grammar,
            rules=rules,
        )
        for pieces in chunks:
            made = [np.concatenate([steps, piece]) for steps, piece in zip(made, pieces, strict=True)]
            if all(map(length.reached, made)):
                break
        cuts = [length.cut(steps) for steps in made]
        if isinstance(self.codec, Grid):
            pieces = [
                Decoded(in_meter(self.codec.decode(said(steps, prompt)), meter, phase), 0)
                for steps, prompt, phase in zip(cuts, prompts, phases, strict=True)
            ]
        else:
            held = [self.codec.held(prompt) for prompt in prompts]
            pieces = [self.codec.decode_and_count(np.concatenate(both)) for both in zip(held, cuts, strict=True)]
        scores = [piece.score if length.seconds is None else piece.score.until(length.seconds) for piece in pieces]
        return [
            Composition(
                whole := score if primer is None else self._after(primer, score),
                len(score.notes),
                piece.closed,
                whole.seconds - (0.0 if primer is None else primer.seconds),
            )
            for primer, score, piece in zip(primers, scores, pieces, strict=True)
        ]

    @staticmethod
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

    def _after(self, primer: Score, score: Score) -> Score:
        """The primer as it is, then the new notes, played by the same instruments."""
        if isinstance(self.codec, Grid):
            players = {part: voice[0] for part, voice in enumerate(voices(primer))}
            notes = [n._replace(part=players[n.part].part, program=players[n.part].program) for n in score.notes]
            # New bars go on at the speed that the primer ends with.
            factor = self.codec.bpm / (primer.tempos[-1].bpm if primer.tempos else 120.0)
            return primer.then(dataclasses.replace(score, notes=notes, names=()).stretched(factor))
        parts = {note.program: note.part for note in reversed(primer.notes)}
        new = max(parts.values(), default=-1) + 1
        notes = [note._replace(part=parts.get(note.program, new + note.part)) for note in score.notes]
        return primer.then(Score(notes, (), ()))

    def harmonise(
        self,
        score: Score,
        *,
        keep: str | Sequence[str] = "soprano",
        count: int = 1,
        particles: int = PARTICLES,
        voice_leading: str = "soft",
        temperature: float = TEMPERATURE,
        end: str = "auto",
        chords: str | None = None,
        seed: int = 0,
    ) -> list[Filled]:
        """The other voices to a tune, `count` times; the tune stays as it is.

        score: a tune in one part; or several parts, the highest of which is kept; or four voices.
        keep: which voices it has, such as "soprano" or ("soprano", "bass").
        particles: how many ways are tried beside one another: those that expect how the tune goes on are gone on with.
        voice_leading: see `VoiceLeading`: "off" as the model has it, "soft" as rare as in Bach, "strict" hardly ever.
        end: "tonic", with a tonic triad in root position under the tune's last note; "auto" where that note belongs to it;
        "free" as the model ends.
        chords: to follow, "G D Em C" a bar each, or "G D | Em" bars by lines, over and over.
        Raises UsageError for a model of other music and for settings out of range, UnknownName for a voice that is none,
        DataError for a tune with two notes at once, one off the grid, drums, and no tune.

        >>> from seqgen.domains.music import Note
        >>> tune = Score([Note(0.5 * beat, pitch, 0.5) for beat, pitch in enumerate((67, 69, 71, 72))])
        >>> (made,) = load().harmonise(tune, particles=4, seed=1)
        >>> [note.pitch for note in made.score.notes if note.part == 0]
        [67, 69, 71, 72]
        """
        how = Settings(count, particles, voice_leading, temperature, seed, end, chords)
        return harmonise(self._check_voices("harmonising"), self.model, self.params, score, keep, how)

    def inpaint(
        self,
        score: Score,
        *,
        bars: tuple[int, int],
        voices: str | Sequence[str] = tuple(NAMES),
        count: int = 1,
        particles: int = PARTICLES,
        voice_leading: str = "soft",
        temperature: float = TEMPERATURE,
        seed: int = 0,
    ) -> list[Filled]:
        """A piece for four voices with some bars of some of them written anew, `count` times; all else stays as it is.

        bars: the first and the last of them, counted from 1 as `Score.plot` does. voices: such as "alto" or ("alto", "tenor").
        The other settings and errors are those of `harmonise`; UsageError for bars that the piece does not have.

        >>> piece = load().sample(bars=3, seed=1)
        >>> (made,) = load().inpaint(piece, bars=(2, 2), voices="alto", particles=4)
        >>> {note.part for note in set(piece.notes) ^ set(made.score.notes)} <= {1}
        True
        """
        how = Settings(count, particles, voice_leading, temperature, seed)
        return inpaint(self._check_voices("inpainting"), self.model, self.params, score, bars, voices, how)

    def _check_voices(self, what: str) -> Grid:
        """Raises UsageError where a model does not know four voices."""
        if not isinstance(self.codec, Grid):
            raise UsageError(
                f"{what} is for models of four voices, and {self.name} is none; take {MODEL}, or train one"
            )
        return self.codec

    def score(self, score: Score) -> Likelihood:
        """How likely the piece is, from its first event on. Raises DataError for one that the model cannot read."""
        from seqgen.training.scoring import nats  # here: writing needs none of it

        example = self.codec.encode(score)
        if not len(example.steps):
            raise DataError("there is nothing to score: the piece has no notes; give it one or more")
        # On the grid a note is what one voice does in one sixteenth, as it is counted in the literature on chorales.
        notes = to_grid(score).cells.size if isinstance(self.codec, Grid) else len(self.codec.canonical(score).notes)
        beats = max(score.beat_at(score.seconds), 1e-9)
        return Likelihood(nats(self.model, self.params, example), len(example.steps), notes, beats)

    def report(
        self,
        beside: str | Splits[Score] | None = None,
        *,
        count: int = 20,
        bars: int = 16,
        temperature: float = TEMPERATURE,
        seed: int = 0,
    ) -> Report:
        """What a harmony teacher would mark in samples, and how much of them is copied, beside the pieces they should be like.

        beside: a file, folder or data set, or its parts; what the model learned from, where nothing is named.
        count, bars, temperature, seed: of the samples, see `compose`. Raises UsageError for a model of other music.

        >>> pieces = load().compose([None] * 3, bars=2, seed=3)
        >>> found = load().report(Splits([pieces[0].score], [pieces[1].score]), count=1, bars=2)
        >>> found.samples, len(found.copied)
        (1, 1)
        """
        from .reports.report import report

        return report(self, beside=beside, count=count, bars=bars, temperature=temperature, seed=seed)


def load(model: str | os.PathLike[str] = MODEL) -> MusicModel:
    """A shipped model by name, or a model or run folder. Raises UnknownName, ModelError.

    >>> load("chorales").codec.bpm
    100.0
    """
    codec, given = open_model(DOMAIN, model)
    data = (given.training or {}).get("data") or {}
    return MusicModel(codec, given.model, given.params, os.fspath(model), data.get("name") or "")  # type: ignore[arg-type]


def train(
    data: str | os.PathLike[str] | Splits[Score],
    out: str | os.PathLike[str],
    *,
    encoding: str = "auto",
    max_events: int = MAX_EVENTS,
    drums: str = "guess",
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """Trains a model on a MIDI, MusicXML or ABC file, a folder of them, or a data set by name.

    out: a new folder for the run; `load(out)` gives the best model so far at any time.
    encoding: "performance" for music that was played, "beats" for music that was written, "grid" for four voices, "chorale"
    for four voices whose model knows their ranges, the key and where a piece ends; "auto" looks at the pieces; a model that is fine-tuned keeps its own.
    max_events: the longest file that is read.
    drums: which parts are drums: "channel10" as the file says, "guess" also those that look like a kit, "all".
    how: size, steps, minutes, seed, start_from, training, precision, crew: see `seqgen.training.run.How`.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> from seqgen.domains.music import Note
    >>> scale = Score([Note(0.25 * i, 60 + i % 12, 0.25) for i in range(48)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(Splits([scale], [scale]), f"{folder}/run", size="tiny", steps=2)
    >>> outcome.step
    2
    """
    from seqgen.training import run

    pick("encoding", encoding, ENCODINGS)  # before anything is read
    pick("way of finding drums", drums, dict.fromkeys(HOW))
    settings = {"encoding": encoding, "max_events": max_events, "drums": drums}
    return run.begin(out, DOMAIN, data, settings, download=download, **how)


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Score] | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total, `minutes` are more.

    data: only needed when the run did not read it from a file, folder or data set.

    >>> import tempfile
    >>> from seqgen.domains.music import Note
    >>> scale = Score([Note(0.25 * i, 60 + i % 12, 0.25) for i in range(48)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     begun = train(Splits([scale], [scale]), f"{folder}/run", size="tiny", steps=2)
    ...     outcome = resume(begun.folder, Splits([scale], [scale]), steps=4)
    >>> outcome.step
    4
    """
    from seqgen.training import run

    return run.resume(folder, DOMAIN, data, steps=steps, minutes=minutes, crew=crew)
