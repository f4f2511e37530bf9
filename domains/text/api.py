"""The text models people hold: writing, scoring, training."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import jax
import numpy as np

from seqgen import sampling
from seqgen.domain import Splits
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Context, Params

from . import MODEL
from .division import Item
from .documents import TextCodec
from .labels import nats_by_label, vector_of
from .levels import Decoding
from .presets import DOMAIN

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How


SETTINGS = (
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "seed",
    "stop",
    "label",
)  # of `TextModel.stream`, besides the length


@dataclass(frozen=True)
class TextScore:
    """How likely a text is: the sum of -ln p over all its characters, each given all before it; nothing adapts.

    >>> score = TextScore(nats=14.0, characters=10)
    >>> score.nats_per_char, round(score.bits_per_char, 2), round(score.perplexity, 2)
    (1.4, 2.02, 4.06)
    """

    nats: float
    characters: int

    @property
    def nats_per_char(self) -> float:
        """The mean of -ln p."""
        return self.nats / self.characters

    @property
    def bits_per_char(self) -> float:
        """The mean of -log2 p."""
        return self.nats_per_char / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp(nats per character)."""
        return math.exp(self.nats_per_char)


@dataclass(frozen=True, eq=False)
class TextModel:
    """A trained text model. Make one with `load`.

    >>> book = load()
    >>> page = book.sample("ROMEO:", length=100, temperature=0.8, seed=1)
    >>> page.startswith("ROMEO:"), len(page)
    (True, 106)
    """

    codec: TextCodec
    model: Model
    params: Params
    name: str

    def sample(self, prompt: str = "", *, length: int = 500, **settings: Any) -> str:
        """The prompt and up to `length` new characters; settings as for `stream`."""
        return self.samples([prompt], length=length, **settings)[0]

    def samples(self, prompts: Sequence[str], *, length: int = 500, **settings: Any) -> list[str]:
        """Many at once: one text a prompt, each the same as if it had been sampled with others."""
        for word in settings.keys() - SETTINGS:
            raise TypeError(str(UnknownName("keyword", word, ["length", *SETTINGS])))
        texts = [self.codec.canonical(prompt) for prompt in prompts]
        for pieces in self.stream(prompts, length=length, **settings):
            texts = [text + piece for text, piece in zip(texts, pieces, strict=True)]
        return texts

    def stream(
        self,
        prompts: Sequence[str],
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        seed: int = 0,
        stop: str | Sequence[str] = (),
        label: str | None = None,
    ) -> Iterator[list[str]]:
        """New text as it is written, a piece a prompt at a time.

        prompts: any text in any script, also empty.
        length: new characters; fewer when the document ends, or a `stop` string turns up, which is not written.
        temperature: 0 writes the likeliest character each time, 1 follows the model, more is wilder.
        top_k, top_p, min_p: see `seqgen.Options`.
        label: whose or what kind of document, one of `codec.labels`, or several mixed, "poe:0.7,austen:0.3"; the first.
        Raises UsageError for settings out of range, UnknownName for a label.
        """
        if length < 1:
            raise UsageError(f"length is {length}; give 1 or more")
        options = Options(temperature, top_k, top_p, min_p)
        sampling.check(options, seed)
        stops = [self.codec.canonical(text) for text in ([stop] if isinstance(stop, str) else stop) if text]
        writers = [_Writer(self.codec.decoder(), length, stops) for _ in prompts]
        chunks = sampling.stream(
            self.model,
            self.params,
            jax.random.key(seed),
            [self.codec.prompt(prompt) for prompt in prompts],
            # Enough for every writer to finish: a character takes up to 4 bytes when it is spelt.
            length=4 * (length + max(map(len, stops), default=0)),
            options=options,
            context=self._context(label, len(prompts)),
        )
        return _pieces(writers, chunks)

    def classify(self, text: str) -> dict[str, float]:
        """How probable each label is for a text, the likeliest first, if all were equally so before it was read.

        By likelihood: how well the model says it beforehand, told each label. Raises UsageError for a model without labels.
        """
        if not self.codec.labels:
            raise UsageError(f"{self.name} knows no labels; train a model with --labels")
        example = self.codec.encode(self.codec.canonical(text))
        nats = nats_by_label(self.model, self.params, example, len(self.codec.labels))
        likely = np.exp(nats.min() - nats)
        order = np.argsort(nats, kind="stable").tolist()
        return {self.codec.labels[number]: float(likely[number] / likely.sum()) for number in order}

    def _context(self, label: str | None, rows: int) -> Context:
        labels = self.codec.labels
        if label is None and not labels:
            return Context()
        vector = vector_of(label if label is not None else labels[0], labels, self.params)
        static = np.broadcast_to(vector, (rows, len(vector))).astype(np.float32)
        return self.model.network.encode(self.params["network"], static=static)

    def score(self, text: str | Sequence[Item]) -> TextScore:
        """How likely a text is, from its first character on. Raises DataError for an empty one.

        A model of documents divides it as its training texts were; they may also come divided. Each begins anew, and its
        end counts as a character: it stands where a line end stood.
        """
        from seqgen.training.scoring import total_nats  # here: writing needs none of it

        items = self.codec.divided(self.codec.canonical(text)) if isinstance(text, str) else list(text)
        characters = sum(map(self.codec.characters, items))
        if not characters:
            raise DataError("there is nothing to score: the text is empty; give it a character or more")
        return TextScore(total_nats(self.model, self.params, [self.codec.encode(item) for item in items]), characters)


@dataclass
class _Writer:
    """One row's ids to text: whole characters only, up to a length, up to a stop string."""

    decoder: Decoding
    left: int
    stops: Sequence[str]
    held: str = ""  # might be the beginning of a stop string
    finished: bool = False

    def write(self, steps: Any) -> str:
        if self.finished:
            return ""
        text = self.held + self.decoder.decode(steps)
        # The stop that is complete first counts, so that it does not matter how the text arrives.
        found = [(at + len(stop), at) for stop in self.stops if (at := text.find(stop)) >= 0]
        if found:
            self.finished = True
            return text[: min(min(found)[1], self.left)]
        parts = (n for stop in self.stops for n in range(1, len(stop)) if text.endswith(stop[:n]))
        keep = 0 if self.decoder.ended else max(parts, default=0)
        ready = min(len(text) - keep, self.left)
        self.held = text[ready:]
        self.left -= ready
        self.finished = self.left == 0 or self.decoder.ended
        return text[:ready]


def _pieces(writers: Sequence[_Writer], chunks: Iterator[list[Any]]) -> Iterator[list[str]]:
    for chunk in chunks:
        yield [writer.write(steps) for writer, steps in zip(writers, chunk, strict=True)]
        if all(writer.finished for writer in writers):
            return


def load(model: str | os.PathLike[str] = MODEL) -> TextModel:
    """A shipped model by name, or a model or run folder. Raises UnknownName, ModelError.

    >>> load("shakespeare").score("To be, or not to be").characters
    19
    """
    found, given = open_model(DOMAIN, model)
    codec: TextCodec = found  # type: ignore[assignment]
    if given.model.network.static != len(codec.labels):
        known = f"{given.model.network.static} labels, the codec {len(codec.labels)}"
        raise ModelError(f"{os.fspath(model)}: the network knows {known}; the model is damaged")
    return TextModel(codec, given.model, given.params, os.fspath(model))


def train(
    data: str | os.PathLike[str] | Splits[Any],
    out: str | os.PathLike[str],
    *,
    encoding: str = "utf-8",
    level: str = "characters",
    documents: str = "",
    field: str = "",
    labels: str = "",
    hold_out: str = "documents",
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """Trains a model on a text file, a folder of them or one that `prepare` made, "-" (standard input), or a data set.

    out: a new folder for the run; `load(out)` gives the best model so far at any time.
    level: what the text is spelt in: "bytes", "characters", "words" or "subwords".
    documents: what ends and begins anew: "file", "line", "paragraph", "page", "chapter", "regex:PATTERN"; a file goes on
    for ever by default. field: of each record of a JSON lines or CSV file, which is a document.
    labels: what documents are labelled by: "folder", or another field of the records.
    hold_out: "documents", whole ones by a draw where they are enough, or the "end" of all.
    how: size, steps, minutes, seed, start_from, training, precision, crew: see `seqgen.training.run.How`.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> data = Splits(["to be or not to be " * 20], ["to be or not"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(data, f"{folder}/run", size="tiny", steps=2)
    >>> outcome.step
    2
    """
    from seqgen.training import run

    reading = {
        "encoding": encoding,
        "level": level,
        "documents": documents,
        "field": field,
        "labels": labels,
        "hold_out": hold_out,
    }
    return run.begin(out, DOMAIN, data, reading, download=download, **how)


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Any] | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total, `minutes` are more.

    data: only needed when the run did not read it from a file, folder or data set.

    >>> import tempfile
    >>> data = Splits(["to be or not to be " * 20], ["to be or not"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     begun = train(data, f"{folder}/run", size="tiny", steps=2)
    ...     outcome = resume(begun.folder, data, steps=4)
    >>> outcome.step
    4
    """
    from seqgen.training import run

    return run.resume(folder, DOMAIN, data, steps=steps, minutes=minutes, crew=crew)
