"""The music models people hold: composing, going on from a primer, scoring, training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError, pick
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Params

from . import MIN_P, MODEL, TEMPERATURE
from .beats import Beats
from .composing import Wanted, check_voices, compose
from .composition import Composition
from .drums import HOW
from .formats.guard import MAX_EVENTS
from .grid import Grid, to_grid
from .likelihood import Likelihood
from .performance import Performance
from .presets import DOMAIN, ENCODINGS
from .reports.marks import ends_on_tonic
from .rolls import Roll
from .score import Meter, Score
from .signs import Key
from .voices.filling import PARTICLES, Filled, Settings, harmonise, inpaint
from .voices.given import NAMES

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

    from .reports.report import Report

TRIES = 8  # of a piece that is to end on its tonic


@dataclass(frozen=True, eq=False)
class MusicModel:
    """A trained music model. Make one with `load`. learned_from: what its notes say of that, a data set, file or folder.

    >>> tune = load().sample(bars=2, seed=1)
    >>> tune.seconds > 2, len(tune.notes) > 8
    (True, True)
    """

    codec: Grid | Beats | Performance | Roll
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
        chords: str | None = None,
        temperature: float = TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = MIN_P,
        voice_leading: str = "off",
        end: str = "free",
        seed: int = 0,
    ) -> list[Composition]:
        """One piece a primer, each the same as if it had been made with others.

        primers: any pieces; None for a piece from nothing.
        seconds, bars, events: how much is new, one of them (30 s); bars are for all models but those of performances.
        meter: of the new bars, for the same; the first primer's last one, or 4/4, but any for models of beats.
        key: of pieces from nothing, and what a primer is in, for models that know keys; the primer's own, named or by its notes, or any.
        tempo: of the new bars, quarter notes a minute, for models of beats.
        chords: of the new bars, "Am F C G" a bar each or "Am F | C" bars by lines, over and over, for models of beats, which say
        what is played to them: they learned how from pieces with chord symbols.
        temperature: 0 the likeliest each time, 1 follows the model, more is wilder.
        top_k, top_p, min_p: see `seqgen.Options`.
        voice_leading: "off", "soft" or "strict", for models of the grid, see `VoiceLeading`.
        end: "free", as the model ends; "tonic", for models that know keys, with bars: drawn again, up to eight times, until a
        piece ends on its key's tonic triad in root position.
        Raises UsageError for settings out of range, DataError for a primer that the model cannot read.
        """
        options = Options(temperature, top_k, top_p, min_p)
        how = Wanted(seconds, bars, events, meter, key, tempo, chords, options, voice_leading, seed)
        made = compose(self, primers, how)
        if pick("end", end, {"free": False, "tonic": True}):
            if not (isinstance(self.codec, Grid) and self.codec.ranges) or bars is None:
                raise UsageError(
                    f"an end on the tonic is for models that know keys, and for so many bars: give bars, and a model such as {MODEL!r}"
                )
            for attempt in range(1, TRIES):
                if all(ends_on_tonic(piece.score) for piece in made):
                    break
                pairs = zip(made, compose(self, primers, how, attempt), strict=True)
                made = [old if ends_on_tonic(old.score) else new for old, new in pairs]
        return made

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
        return harmonise(check_voices(self, "harmonising"), self.model, self.params, score, keep, how)

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
        return inpaint(check_voices(self, "inpainting"), self.model, self.params, score, bars, voices, how)

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
    for four voices whose model knows their ranges, the key and where a piece ends, "given" for one that is told, too, what is
    given of the voices, before and after, for `harmonise` and `inpaint`, "roll" for chords of piano keys, a sixteenth
    each; "auto" looks at the pieces; a model that is fine-tuned keeps its own.
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
