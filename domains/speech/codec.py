"""Clips as arrays: the phones that are said, and for each the frames in which it is said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError
from seqgen.spec import Binary, Discrete, Product, Steps

from .clip import MARKS, PAUSE, Clip, Phone
from .front.languages import ENGLISH, phones_in
from .front.phones import CONSONANTS, VOWELS, lexicon_of
from .sound.aligner import Aligner, Heard
from .sound.analysis import analysed, resampled
from .sound.frames import ORDERS, Frames, unstacked
from .sound.listening import heard

SOUNDS = tuple(sorted(VOWELS + CONSONANTS))  # of English
FLAGS = 4 + len(MARKS) - 1  # stresses, first, last, marks
FINEST = 2.0**-8  # of a deviation: what frames are rounded to
PACE = 2  # steps of the aligner a frame
SOME = 150  # clips that scales are taken from
CLOSURE, REST = 16, 6  # steps of the aligner: a silence below is a part of the next phone; where a mark stands

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VoiceCodec:
    """What a voice knows besides its networks; a `seqgen.domain.Codec[Clip]`.

    lexicon: pronunciations of the words it learned from. aligner: what finds phones in them.
    means, deviations: of a frame's values. lively: their usual deviation within a clip. language: "en", or as espeak-ng
    calls another. sounds: the names of all phones but the pause.

    >>> from seqgen.domains import speech
    >>> sorted(speech.load().codec.lexicon)[:2]
    ['abandonment', 'able']
    """

    lexicon: Mapping[str, str]
    aligner: Aligner
    means: Floats
    deviations: Floats
    lively: Floats
    language: str = ENGLISH
    sounds: tuple[str, ...] = SOUNDS

    @classmethod
    def fit(cls, clips: Sequence[Clip], language: str = ENGLISH) -> VoiceCodec:
        """Learned from clips with their texts. Raises DataError where none has both, UsageError for unknown languages."""
        clips = [clip for clip in clips if len(clip.samples) and clip.text]
        if not clips:
            raise DataError("there is nothing to learn a voice from: give clips with sound and text")
        english = language == ENGLISH
        lexicon = lexicon_of(clip.text for clip in clips if not clip.phones) if english else {}
        said = [clip.phones or phones_in(clip.text, language, lexicon) for clip in clips]
        sounds = SOUNDS if english else tuple(sorted({phone.name for phones in said for phone in phones} - {PAUSE}))
        some = list(zip(clips, said, strict=True))[:: -(-len(clips) // 400)]
        aligner = Aligner.fit([_heard(clip, phones) for clip, phones in some])
        aligner = Aligner.from_dict(aligner.to_dict())  # as it will be read back
        frames = [analysed(clip).stacked() for clip in clips[:: -(-len(clips) // SOME)]]
        every = np.concatenate(frames)
        deviations = np.maximum(every.std(axis=0), 1e-3)
        lively = np.sqrt(np.mean([part.var(axis=0) for part in frames], axis=0))
        means, deviations, lively = (np.round(values, 5) for values in (every.mean(axis=0), deviations, lively))
        return cls(lexicon, aligner, means, deviations, lively, language, sounds)

    @property
    def spec(self) -> Product:
        """A phone, and what is so of it."""
        return Product((Discrete(len(self.sounds) + 2), Binary(FLAGS)))

    @property
    def width(self) -> int:
        """Values of a frame."""
        return len(self.means)

    def canonical(self, item: Clip) -> Clip:
        """Its phones alone."""
        return self.decode(self.encode(item).steps)

    def encode(self, item: Clip) -> Example:
        """Phones with their frames; of a clip without sound the phones alone.

        Raises DataError for sound without a text, and where the two cannot belong together.
        """
        if not len(item.samples):
            return Example(self.steps(self.phones(item)))
        if not item.text:
            raise DataError(f"the clip {item.name} has no text: say what is said in it")
        phones, counts = self.aligned(item)
        values = (analysed(item).stacked() - self.means) / self.deviations
        values = np.round(np.clip(values, -100, 100) / FINEST) * FINEST
        index = np.repeat(np.arange(len(phones)), counts)
        if len(index) > len(values):
            values = np.pad(values, ((0, len(index) - len(values)), (0, 0)), "edge")
        source = np.concatenate([values[: len(index)], index[:, None]], axis=1).astype(np.float32)
        return Example(self.steps(phones), source=source)

    def aligned(self, clip: Clip) -> tuple[tuple[Phone, ...], list[int]]:
        """The phones that are said in a clip, pauses where they are made, and how many frames each lasts.

        Raises DataError for a clip that is too short for its text.
        """
        said = _heard(clip, self.phones(clip))
        return _in_frames(said.phones, self.aligner.align(said).frames.tolist())

    def phones(self, clip: Clip) -> tuple[Phone, ...]:
        """What a clip says of itself, or the sounds of its text. Raises DataError for a text without words."""
        return clip.phones or phones_in(clip.text, self.language, self.lexicon)

    def steps(self, phones: Sequence[Phone]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Phones as symbols and flags."""
        place = {name: number for number, name in enumerate((PAUSE, *self.sounds), 1)}
        flags = np.zeros((len(phones), FLAGS), np.float32)
        for row, phone in zip(flags, phones, strict=True):
            row[:4] = phone.stress == 1, phone.stress == 2, phone.first, phone.last
            if phone.mark:
                row[3 + MARKS.index(phone.mark)] = 1
        return np.array([_number(place, phone.name) for phone in phones], np.int32), flags

    def decode(self, steps: Steps) -> Clip:
        """A clip of the phones that steps stand for, without sound."""
        symbols, flags = (np.asarray(leaf) for leaf in steps)
        phones, names = [], (PAUSE, *self.sounds)
        for symbol, row in zip(symbols.tolist(), (flags > 0.5).tolist(), strict=True):
            name = names[symbol - 1] if 1 <= symbol <= len(names) else PAUSE
            mark = next((mark for mark, there in zip(MARKS[1:], row[4:], strict=True) if there), "")
            phones.append(Phone(name, 1 if row[0] else 2 if row[1] else 0, row[2], row[3], mark))
        return Clip(np.zeros(0, np.float32), phones=tuple(phones))

    def frames(self, values: NDArray[Any], liveliness: float = 0.0) -> Frames:
        """Frames of what a network says, `[T, width]`; `liveliness` 1 gives them the movement of recorded speech."""
        plain = np.asarray(values, np.float64) * self.deviations + self.means
        if liveliness and len(plain) > 1:
            middle, now = plain.mean(axis=0), np.maximum(plain.std(axis=0), 1e-6)
            gain = np.clip(self.lively / now, 1.0, 2.0) ** liveliness
            gain[0] = gain[ORDERS + 1 :] = 1.0  # loudness, voicing and roughness are as they are
            plain = middle + (plain - middle) * gain
        return unstacked(plain)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        numbers = {name: getattr(self, name).tolist() for name in ("means", "deviations", "lively")}
        other = {} if self.language == ENGLISH else {"language": self.language, "sounds": list(self.sounds)}
        return {"kind": "voice", "lexicon": dict(self.lexicon), "aligner": self.aligner.to_dict(), **numbers, **other}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VoiceCodec:
        """The codec that wrote `data`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "voice", "lexicon": dict(lexicon), "aligner": dict(aligner), "means": [*means],
                  "deviations": [*deviations], "lively": [*lively], **others} if (
                _is_other(others) and _sayable(lexicon)
                and len(means) == len(deviations) == len(lively) == ORDERS + 3
                and all(isinstance(value, int | float) and math.isfinite(value) for value in (*means, *deviations, *lively))
                and min(deviations) > 0
            ):  # fmt: skip
                arrays = [np.array(values, np.float64) for values in (means, deviations, lively)]
                language, sounds = others.get("language", ENGLISH), tuple(others.get("sounds", SOUNDS))
                return cls(lexicon, Aligner.from_dict(aligner), arrays[0], arrays[1], arrays[2], language, sounds)
        raise ModelError("the codec of a voice is not one of voices; the model is damaged or newer")


def _sayable(lexicon: Mapping[Any, Any]) -> bool:
    return all(isinstance(word, str) and isinstance(sounds, str) and sounds.split() for word, sounds in lexicon.items())


def _number(place: Mapping[str, int], name: str) -> int:
    """The number of a sound, or of one without its length or tone where a voice has never heard that; 0 for none."""
    return next((place[name[:end]] for end in range(len(name), 0, -1) if name[:end] in place), 0)


def _is_other(data: Mapping[str, Any]) -> bool:
    """Nothing, for English, or another language and its sounds."""
    match dict(data):
        case {"language": str(language), "sounds": [*sounds], **rest} if not rest:
            named = all(isinstance(name, str) and name for name in sounds)
            return language != ENGLISH and named and PAUSE not in sounds and 0 < len(sounds) == len(set(sounds))
    return not data


def _heard(clip: Clip, phones: Sequence[Phone]) -> Heard:
    return Heard(heard(resampled(clip)), with_rests(phones))


def with_rests(phones: Sequence[Phone]) -> tuple[Phone, ...]:
    """Phones with a pause wherever one may be made: before every word."""
    found: list[Phone] = []
    for phone in phones:
        if phone.first and found and found[-1].name != PAUSE:
            found.append(Phone(PAUSE))
        found.append(phone)
    return tuple(found)


def _in_frames(phones: Sequence[Phone], lasts: Sequence[int]) -> tuple[tuple[Phone, ...], list[int]]:
    """Phones without the pauses that were not made, and whole numbers of frames, each of one or more."""
    kept: list[Phone] = []
    steps: list[int] = []
    waiting = 0
    for number, (phone, count) in enumerate(zip(phones, lasts, strict=True)):
        inside = 0 < number < len(phones) - 1
        if phone.name == PAUSE and (count < (REST if phone.mark else CLOSURE) if inside else not count):
            waiting += count  # the closure of a stop sounds like a pause
            continue
        kept.append(phone)
        steps.append(count + waiting)
        waiting = 0
    ends = [round(end / PACE) for end in np.cumsum(steps).tolist()]
    for number in range(len(ends)):
        ends[number] = max(ends[number], (ends[number - 1] if number else 0) + 1)
    return tuple(kept), [int(count) for count in np.diff(ends, prepend=0)]
