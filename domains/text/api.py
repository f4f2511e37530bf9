"""The text models people hold: writing, scoring, training."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import jax
import numpy as np
from numpy.typing import NDArray

from seqgen import sampling
from seqgen.domain import Example, Splits
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.heads import Options
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Context, Params

from . import MIN_P, MODEL, TEMPERATURE
from .division import Item
from .documents import TextCodec
from .labels import nats_by_label, vector_of
from .lengths import Length
from .likely import by_character
from .limits.asked import Limits, rules_of, writable
from .presets import DOMAIN
from .writing import Writer, written

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

    from .reports.report import Report

SETTINGS = (
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "seed",
    "stop",
    "label",
)  # of `TextModel.stream`, besides its limits


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
    data: Mapping[str, Any] | None = None  # what it learned from: a name, and how that was read

    def sample(self, prompt: str = "", *, length: int | str = 500, best_of: int = 1, **settings: Any) -> str:
        """The prompt and up to `length` new characters; settings as for `stream`, best_of as for `samples`."""
        return self.samples([prompt], length=length, best_of=best_of, **settings)[0]

    def samples(
        self, prompts: Sequence[str], *, length: int | str = 500, best_of: int = 1, **settings: Any
    ) -> list[str]:
        """Many at once: one text a prompt, each the same as if it had been sampled with others.

        best_of: so many are drawn for each, and the one whose characters are likeliest on average is kept.
        """
        for word in settings.keys() - {*SETTINGS, *Limits.__annotations__}:
            known = ["length", "best_of", *SETTINGS, *Limits.__annotations__]
            raise TypeError(str(UnknownName("keyword", word, known)))
        if best_of < 1:
            raise UsageError(f"the best of {best_of} was asked for; give 1 or more")
        prompts = [self.codec.canonical(prompt) for prompt in prompts]
        drawn = [prompt for prompt in prompts for _ in range(best_of)]
        new = [""] * len(drawn)
        for pieces in self.stream(drawn, length=length, **settings):
            new = [text + piece for text, piece in zip(new, pieces, strict=True)]
        texts = []
        for row, prompt in enumerate(prompts):
            tried = new[row * best_of : (row + 1) * best_of]
            texts.append(prompt + (tried[0] if best_of == 1 else max(tried, key=lambda text: self._mean(text, prompt))))
        return texts

    def _mean(self, text: str, after: str) -> float:
        return float(self.log_probs(text, after=after).mean()) if text else -math.inf

    def stream(
        self,
        prompts: Sequence[str],
        *,
        length: int | str = 500,
        temperature: float = TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = MIN_P,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        label: str | None = None,
        **limits: Unpack[Limits],
    ) -> Iterator[list[str]]:
        """New text as it is written, a piece a prompt at a time.

        prompts: any text in any script, also empty.
        length: new characters, or words as in "80 words"; fewer when the document ends, or a `stop` string turns up, which is
        not written.
        temperature: 0 writes the likeliest character each time, 1 follows the model, more is wilder.
        top_k, top_p, min_p: see `seqgen.Options`.
        seed: the same one writes the same text; another text each time, if none is given.
        label: whose or what kind of document, one of `codec.labels`, or several mixed, "poe:0.7,austen:0.3"; the first.
        limits: penalties, banned strings, a pattern and the like, see `Limits`.
        Characters that no text of the training had are not written, see `limits.asked.writable`.
        Raises UsageError for settings out of range, UnknownName for a label.
        """
        most = Length.of(length)
        options = Options(temperature, top_k, top_p, min_p, allowed=writable(self.codec))
        seed = int.from_bytes(os.urandom(3), "big") if seed is None else seed
        sampling.check(options, seed)
        rules, machine = rules_of(self.codec, self.data, limits)
        stops = [self.codec.canonical(text) for text in ([stop] if isinstance(stop, str) else stop) if text]
        writers = [Writer(self.codec.decoder(), most, stops, machine) for _ in prompts]
        chunks = sampling.stream(
            self.model,
            self.params,
            jax.random.key(seed),
            [self.codec.prompt(prompt) for prompt in prompts],
            # Enough for every writer to finish: a character takes up to 4 bytes when it is spelt.
            length=4 * (most.characters + max(map(len, stops), default=0)),
            options=options,
            context=self._context(label, len(prompts)),
            rules=rules,
        )
        return written(writers, chunks)

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

    def score(self, text: str | Sequence[Item], *, adapt: bool = False) -> TextScore:
        """How likely a text is, from its first character on. Raises DataError for an empty one.

        A model of documents divides it as its training texts were; they may also come divided. Each begins anew, and its
        end counts as a character: it stands where a line end stood.
        adapt: the model learns from the text as it reads it (dynamic evaluation), each symbol after it was counted.
        """
        from seqgen.training.scoring import total_nats  # here: writing needs none of it

        items = self.codec.divided(self.codec.canonical(text)) if isinstance(text, str) else list(text)
        characters = sum(map(self.codec.characters, items))
        if not characters:
            raise DataError("there is nothing to score: the text is empty; give it a character or more")
        if adapt:
            from .adapting import read

            steps = np.concatenate([self.codec.encode(item).steps for item in items])
            likely = read(self._plain("adapt"), self.model, self.params, steps).log_probs
            return TextScore(-float(likely.sum(dtype=np.float64)), characters)
        return TextScore(total_nats(self.model, self.params, [self.codec.encode(item) for item in items]), characters)

    def _plain(self, verb: str) -> TextCodec:
        """The codec. Raises UsageError for a model of documents with labels, which says nothing without one."""
        if self.codec.labels:
            raise UsageError(
                f"{self.name} writes by labels, and cannot {verb} without one; take a model without labels"
            )
        return self.codec

    def report(self, text: str, *, adapt: bool = True, words: str = "", seed: int = 0) -> Report:
        """What the model makes of a text, beside what counting does: see `Report`. words: those that are not invented."""
        from .reports.report import report

        return report(self, text, adapt=adapt, words=words, seed=seed)

    def adapted(self, text: str) -> TextModel:
        """The same model once it has read a text and learned from it a little: it writes more like it."""
        from .adapting import read

        return replace(
            self,
            params=read(
                self._plain("adapt"), self.model, self.params, self.codec.prompt(self.codec.canonical(text))
            ).params,
        )

    def tempered(self, temperature: float) -> TextModel:
        """The same model with its scores divided by a temperature, which is 1 from there on: below 1 it is surer.

        Which one suits it best is what `report` finds. Raises UsageError for one that is not above 0.
        """
        if not 0 < temperature < math.inf:
            raise UsageError(f"temperature is {temperature:g}; give one above 0")
        from .tempering import tempered

        return replace(self, params=tempered(self.params, temperature))

    def compress(self, data: bytes, *, adapt: bool = False) -> bytes:
        """Any bytes by arithmetic coding, in few if the model expects them; `decompress` gives them back to the bit.

        adapt: the model learns from the file as it goes, on both sides; slower.
        """
        from .compression import archive

        return archive.compress(data, self._plain("compress"), self.model, self.params, adapt=adapt)

    def decompress(self, packed: bytes) -> bytes:
        """What `compress` of this model was given. Raises DataError where that is not what would come out."""
        from .compression import archive

        return archive.decompress(packed, self._plain("decompress"), self.model, self.params)

    def log_probs(self, text: str, *, after: str = "", label: str | None = None) -> NDArray[np.float32]:
        """ln p of each character of a text, or each larger symbol, given all before it; after: what stands before it.

        label: of the document, one of `codec.labels`, the first if none is named. Raises UnknownName for another.
        """
        from seqgen.training.scoring import log_probs, windows_of

        labels = self.codec.labels
        if label is not None and label not in labels:
            raise UnknownName("label", label, labels)
        before, ids = (np.asarray(self.codec.prompt(self.codec.canonical(one))) for one in (after, text))
        if not len(ids):
            return np.zeros(0, np.float32)
        static = np.int32(labels.index(label) if label is not None else 0) if labels else None
        windows = windows_of(self.codec.spec, Example(np.concatenate([before, ids]), static=static))
        found = np.concatenate([likely[valid] for likely, valid in log_probs(self.model, self.params, windows)])
        return by_character(self.codec, ids, found[len(before) :])


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
    data = given.training.get("data")
    return TextModel(codec, given.model, given.params, os.fspath(model), data if isinstance(data, dict) else None)


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
