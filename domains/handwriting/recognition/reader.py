"""The models people hold that read: what a line of ink says, how surely, and where each character of it stands."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqgen.errors import DataError, ModelError
from seqgen.models.ctc import CTC
from seqgen.models.decoding import Scorer, Weights, align, beam_search
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Params

from .. import READER
from ..ink import Ink
from ..presets import DOMAIN
from .features import Features

BEAM = 16
WITH_LANGUAGE = Weights(language=0.4, label=0.8)
LEAST = -9.0  # nats: a character that is less likely at a place is not tried there
ALTERNATIVES = 5
LONGEST = 50_000  # points: twenty pages' worth of a line, and some seconds


class Character(NamedTuple):
    """A character that was read, and its place: the numbers of its first and last point in the ink, and these in seconds.

    The points are those by which the network knew it, often the last of the character's own. seconds: None without times.

    >>> Character("a", 3, 9).seconds is None
    True
    """

    character: str
    first: int
    last: int
    seconds: tuple[float, float] | None = None


class Transcript(NamedTuple):
    """What a line says.

    log_prob: nats of the text given the ink, of a language model nothing.
    characters: where each stands. alternatives: what else it may say, best first, with nats as `log_prob`.

    >>> Transcript("hi", -0.5, (), (("ni", -1.5),)).text
    'hi'
    """

    text: str
    log_prob: float
    characters: tuple[Character, ...]
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class HandwritingReader:
    """A trained recogniser. Make one with `load_reader`.

    >>> import tempfile
    >>> from seqgen.domains import handwriting
    >>> from seqgen.domain import Splits
    >>> zigzag = Ink([[[i / 2, i % 2] for i in range(40)]], text="w")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     splits = Splits([zigzag] * 8, [zigzag])
    ...     outcome = handwriting.train(splits, f"{folder}/run", network="recognition", size="tiny", steps=20)
    ...     reader = load_reader(outcome.folder)
    >>> reader.greedy(zigzag), len(reader.read(zigzag, beam=4).alternatives)
    ('w', 3)
    """

    codec: Features
    model: CTC
    params: Params
    name: str

    def read(
        self, ink: Ink, *, beam: int = BEAM, language: Scorer | None = None, weights: Weights = WITH_LANGUAGE
    ) -> Transcript:
        """What a line of ink says; `ink` in x-heights, see `in_x_heights`.

        beam: texts that are followed from left to right, 1 or more.
        language: a language model over `codec.alphabet`, see `load_language`; weights: how much it counts.
        Raises DataError for ink without points, or as much as no line has, UsageError for a beam below 1.
        """
        self.check(ink)
        log_probs = self.model.log_probs(self.params, self.codec.encode(ink).steps)
        found = beam_search(log_probs, beam, scorer=language, weights=weights, least=LEAST)
        texts = [(self.codec.text(one.labels), one.log_prob) for one in found]
        spans = self.codec.places(ink)[align(log_probs, found[0].labels)]
        times = None if ink.times is None else np.concatenate(ink.times)
        characters = tuple(
            Character(character, first, last, None if times is None else (float(times[first]), float(times[last])))
            for character, (first, last) in zip(texts[0][0], spans.tolist(), strict=True)
        )
        return Transcript(*texts[0], characters, tuple(texts[1 : ALTERNATIVES + 1]))

    def check(self, ink: Ink) -> None:
        """Raises DataError for ink that is no line."""
        if ink.points > LONGEST:
            raise DataError(f"it has {ink.points:,} points, and a line has at most {LONGEST:,}: cut it into lines")

    def greedy(self, ink: Ink) -> str:
        """The likeliest character at every place, without a beam: a little worse, and much faster."""
        return self.codec.text(self.model.read(self.params, self.codec.encode(ink).steps))


def load_reader(model: str | os.PathLike[str] = READER) -> HandwritingReader:
    """A recogniser by name, or a model or run folder. Raises UnknownName, and ModelError for a model that writes.

    >>> load_reader("two-hands")
    Traceback (most recent call last):
    ...
    seqgen.errors.ModelError: two-hands writes and does not read: give a model trained with --network recognition
    """
    codec, given = open_model(DOMAIN, model)
    name = os.fspath(model)
    if not isinstance(codec, Features) or not isinstance(given.model, CTC):
        raise ModelError(f"{name} writes and does not read: give a model trained with --network recognition")
    if given.model.labels != len(codec.alphabet):
        raise ModelError(
            f"{name}: the network knows {given.model.labels} labels, the codec {len(codec.alphabet)} characters; the "
            "model is damaged"
        )
    return HandwritingReader(codec, given.model, given.params, name)


def reads(model: str | os.PathLike[str]) -> bool:
    """Whether this is a recogniser. Raises as `load_reader`.

    >>> reads("two-hands")
    False
    """
    return isinstance(open_model(DOMAIN, model)[0], Features)
