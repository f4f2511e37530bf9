"""The voices that people hold: saying a text, scoring recordings, looking at what is said when, training."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np

from seqgen.domain import Splits
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.models.pretrained import open_model
from seqgen.models.readers.renderer import Renderer
from seqgen.nn.context import Params

from . import VOICE
from .clip import PAUSE, Clip
from .codec import VoiceCodec
from .front.languages import ENGLISH, phones_in, sentences_in
from .measures import Nearness, nearness
from .prediction.codec import SoundCodec
from .presets import DOMAIN
from .sound.frames import SECONDS
from .sound.vocoder import synthesised
from .speaking import LIVELINESS, spoken

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

MOST_SENTENCES = 2000
SLOWEST, FASTEST = 0.25, 4.0


class VoiceScore(NamedTuple):
    """How near a voice is to recordings of whole sentences, their durations given: `nearness`, and nats a frame.

    durations: root mean squared error of how long a phone lasts, in frames of 5 ms, pauses left out. frames: how many, of 10 ms.

    >>> VoiceScore(Nearness(5.0, 12.0, 0.05), 40.0, 6.0, 1000).nearness.hertz
    12.0
    """

    nearness: Nearness
    nats: float
    durations: float
    frames: int


@dataclass(frozen=True, eq=False)
class VoiceModel:
    """A voice. Make one with `load`.

    >>> voice = load(VOICE)
    >>> clip = voice.say("It is one.")
    >>> clip.rate, bool(0.3 < clip.seconds < 3), [phone.name for phone in clip.phones[1:3]]
    (16000, True, ['IH', 'T'])
    """

    codec: VoiceCodec
    model: Renderer
    params: Params
    name: str

    def say(self, text: str, *, speed: float = 1.0, pitch: float = 1.0, lively: float = LIVELINESS) -> Clip:
        """A text as sound of 16 kHz, with its phones and when each ends.

        speed, pitch: so many times as fast, as high, 0.25 to 4. lively: 0 for what is likeliest and flat, 1 for speech
        that moves as much as a recorded one's. Raises UsageError for settings out of range, DataError for no words.
        """
        clips = list(self.stream(text, speed=speed, pitch=pitch, lively=lively))
        begins = np.cumsum([0.0, *(clip.seconds for clip in clips)]).tolist()
        return Clip(
            np.concatenate([clip.samples for clip in clips]),
            text=text,
            phones=tuple(phone for clip in clips for phone in clip.phones),
            ends=tuple(begin + end for begin, clip in zip(begins, clips, strict=False) for end in clip.ends),
        )

    def stream(
        self, text: str, *, speed: float = 1.0, pitch: float = 1.0, lively: float = LIVELINESS
    ) -> Iterator[Clip]:
        """The same, a clip a sentence, each as soon as it is there."""
        for what, value in (("speed", speed), ("pitch", pitch)):
            if not SLOWEST <= value <= FASTEST:
                raise UsageError(f"{what} is {value}; give {SLOWEST} to {FASTEST:.0f} times the voice's own")
        if not 0 <= lively <= 1:
            raise UsageError(f"lively is {lively}; give 0 to 1")
        sentences = sentences_in(text, self.codec.language)
        if len(sentences) > MOST_SENTENCES:
            raise UsageError(f"{len(sentences):,} sentences are too many at once; give {MOST_SENTENCES:,} at most")
        for sentence in sentences:
            phones = phones_in(sentence, self.codec.language, self.codec.lexicon)
            ((frames, lasts),) = spoken(self.codec, self.model, self.params, [phones], None, lively)
            ends = np.cumsum(lasts) * SECONDS / speed
            yield Clip(
                synthesised(frames, speed=speed, pitch=pitch), text=sentence, phones=phones, ends=tuple(ends.tolist())
            )

    def align(self, clip: Clip) -> Clip:
        """A recording with its phones, and when each ends. Raises DataError for one without text, or too short for it."""
        if not clip.text:
            raise DataError("the clip has no text: say what is said in it")
        phones, counts = self.codec.aligned(clip)
        ends = np.minimum(np.cumsum(counts) * SECONDS, clip.seconds)
        return Clip(clip.samples, clip.rate, clip.text, clip.name, phones, tuple(ends.tolist()))

    def score(self, clips: Sequence[Clip]) -> VoiceScore:
        """How near the voice comes to recordings with texts. Raises DataError for none."""
        from seqgen.batching.items import EvaluationItems
        from seqgen.batching.sources import in_memory
        from seqgen.training.scoring import evaluate  # here: saying needs none of it

        if not clips:
            raise DataError("there is nothing to score: give a clip or more")
        examples = [self.codec.encode(clip) for clip in clips]
        sentences = [self.codec.decode(example.steps).phones for example in examples]
        counts = [np.bincount(example.source[:, -1].astype(int)).tolist() for example in examples]
        recorded = [self.codec.frames(example.source[:, :-1]) for example in examples]
        made = [frames for frames, _ in spoken(self.codec, self.model, self.params, sentences, counts, 0.0)]
        expected = self.model.durations(self.params, [example.steps for example in examples])
        off = [
            2 * (mean - count)
            for phones, means, own in zip(sentences, expected, counts, strict=True)
            for phone, mean, count in zip(phones, means.tolist(), own, strict=True)
            if phone.name != PAUSE
        ]
        batches = EvaluationItems(in_memory(self.codec.spec, examples), min(16, len(examples)))
        nats = evaluate(self.model, self.params, batches)
        return VoiceScore(nearness(made, recorded), nats, float(np.sqrt(np.square(off).mean())), sum(map(sum, counts)))


def load(model: str | os.PathLike[str] = VOICE) -> VoiceModel:
    """A shipped voice by name, or a model or run folder. Raises UnknownName, ModelError.

    >>> load("nobody")
    Traceback (most recent call last):
    ...
    seqgen.errors.UnknownName: no model named 'nobody' (known: alto)
    """
    codec, given = open_model(DOMAIN, model)
    name = os.fspath(model)
    if isinstance(codec, SoundCodec):
        raise ModelError(f"{name} goes on from clips and says no texts: give a model trained with --network synthesis")
    if not isinstance(codec, VoiceCodec) or not isinstance(given.model, Renderer) or given.model.dim != codec.width:
        raise ModelError(f"{name}: the networks and the codec are not of one voice; the model is damaged")
    return VoiceModel(codec, given.model, given.params, name)


def train(
    data: str | os.PathLike[str] | Splits[Clip],
    out: str | os.PathLike[str],
    *,
    network: str = "synthesis",
    language: str = ENGLISH,
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """Trains a voice on a folder of recordings with texts (see `read_clips`) or a data set by name.

    out: a new folder for the run; `load(out)` gives the best voice so far at any time.
    network: "synthesis", or "prediction" for what goes on from clips and needs no texts; `load_sound(out)` then.
    language: of the texts, "en"; others are pronounced by espeak-ng (the extra `espeak`) and called as there: "de", "fr".
    how: size, steps, minutes, seed, start_from, training, precision, crew: see `seqgen.training.run.How`.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> noise = np.random.default_rng(0)
    >>> clips = [Clip(noise.normal(0, 0.1, 16_000), text="How are you there?", name=f"{n}") for n in range(3)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     train(Splits(clips[:2], clips[2:]), f"{folder}/run", size="tiny", steps=1).step
    1
    """
    from seqgen.training import run

    return run.begin(out, DOMAIN, data, {"network": network, "language": language}, download=download, **how)


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Clip] | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total, `minutes` are more.

    data: only needed when the run did not read it from a folder or data set.

    >>> import tempfile
    >>> noise = np.random.default_rng(0)
    >>> clips = [Clip(noise.normal(0, 0.1, 16_000), text="How are you there?", name=f"{n}") for n in range(3)]
    >>> data = Splits(clips[:2], clips[2:])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     resume(train(data, f"{folder}/run", size="tiny", steps=1).folder, data, steps=2).step
    2
    """
    from seqgen.training import run

    return run.resume(folder, DOMAIN, data, steps=steps, minutes=minutes, crew=crew)
