"""The handwriting models people hold: writing a text, going on from ink, scoring, training."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import jax
import numpy as np

from seqgen import sampling
from seqgen.domain import Splits
from seqgen.errors import DataError, ModelError, UnknownName, UsageError, pick
from seqgen.heads import Options
from seqgen.machine.programs import kept
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Context, Params
from seqgen.sampling import Stop
from seqgen.spec import Steps, empty_steps

from . import MODEL
from .composing import compose
from .hands import Style, Vector, vector_of
from .ink import Ink
from .leaning import leaning
from .marks import bases
from .offsets import Offsets
from .presets import DOMAIN, NETWORKS
from .proofreading import proofread
from .wrap import WIDEST, WIDTH, lines_of
from .writing import BIAS, CHUNK, ENTRIES, FARTHEST, MOST, ROWS, Lines, joined, line_ends, opened, text_ends

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

    from .recognition.reader import HandwritingReader


@dataclass(frozen=True)
class InkScore:
    """How likely ink is: the sum of -ln of its density over all its points, offsets in units of the codec's `std`.

    >>> InkScore(nats=-30.0, points=20).nats_per_point
    -1.5
    """

    nats: float
    points: int

    @property
    def nats_per_point(self) -> float:
        """Below 0 where the density is above 1, as it is for points that are well foreseen."""
        return self.nats / self.points


@dataclass(frozen=True, eq=False)
class HandwritingModel:
    """A trained handwriting model. Make one with `load`.

    >>> (line,) = load().write("Hello, pen!", hand="print", seed=1)
    >>> line.text, line.hand, line.points > 50
    ('Hello, pen!', 'print', True)
    """

    codec: Offsets
    model: Model
    params: Params
    name: str

    def write(
        self,
        text: str,
        *,
        hand: str | Style | None = None,
        bias: float = BIAS,
        temperature: float = 1.0,
        seed: int = 0,
        prime: Ink | None = None,
        width: int = WIDTH,
        tries: int = 1,
        reader: HandwritingReader | None = None,
    ) -> list[Ink]:
        """The text in ink, a line of ink for each line of at most `width` characters; a blank one has no strokes.

        What the model has not learned, or hardly, is composed of what it writes and what is drawn to it, where that can be
        done: letters with marks, signs (`marks.base_of`).
        hand: one of `codec.hands`, some of them mixed (`oak:0.6,birch:0.4`), or one of your own (`adopt`); the prime's,
        or the first.
        bias: 0 writes as differently as people do, more is neater (Graves 2013, section 5.4).
        prime: ink with its text, in x-heights; what is written goes on in its manner (section 5.5).
        tries: of so many the best is kept, and from its first bad word on a line is written again (`proofreading`).
        reader: the recogniser that reads the tries, the shipped one if none is given.
        Raises UsageError for characters that the model has not learned and settings out of range.
        """
        wanted = lines_of(text, width)
        lines = [bases(line, self.codec.learned) for line in wanted]
        self._writes("".join(lines))
        if not 1 <= tries <= ROWS:
            raise UsageError(f"tries is {tries}; give 1 to {ROWS}")
        opening, prompt = ("", empty_steps(self.codec.spec)) if prime is None else self._opening(prime)
        name, vector = self._who(hand, prime)
        made = [Ink((), text="") for _ in lines]
        inked = [number for number, line in enumerate(lines) if line]
        options = Options(temperature, bias=bias)
        at_once = ROWS // tries
        if tries > 1 and reader is None:
            reader = _shipped_reader()
        for begin in range(0, len(inked), at_once):
            rows = inked[begin : begin + at_once]
            texts = [lines[row] for row in rows]
            page = Lines(self, opening, prompt, texts, name, vector, options, seed, begin, reader)
            drawn = page.once() if tries == 1 else proofread(texts, page.tries, empty_steps(self.codec.spec), tries)
            for row, steps in zip(rows, drawn, strict=True):
                made[row] = replace(self.codec.decode(steps), text=lines[row], hand=name)
        return compose(self, made, wanted, seed)

    def go_on(self, ink: Ink, text: str | None = None, *, points: int = 400, bias: float = BIAS, seed: int = 0) -> Ink:
        """The ink, and then what a pen might have done next.

        ink: in x-heights, see `in_x_heights`.
        text: what to write next, for a model that knows texts; the ink must have its own.
        points: how many at most, for a model that does not; it may end the line before.
        Raises UsageError as `write`, DataError for ink without points.
        """
        if not 1 <= points <= FARTHEST:
            raise UsageError(f"points is {points}; give 1 to {FARTHEST:,}")
        if self.codec.alphabet:
            if text is None:
                raise UsageError(f"{self.name} writes texts: say what comes next")
            text = " ".join(text.split())
            plain = bases(text, self.codec.learned)
            self._writes(plain)
            if len(text) > WIDEST:
                raise UsageError(f"the text has {len(text):,} characters; go on with at most {WIDEST} at once")
            opening, prompt = self._opening(ink)
            points, stop, wanted, whole = MOST * (len(plain) + 1), text_ends, opening + text, opening + plain
        else:
            if text is not None:
                raise UsageError(f"{self.name} continues ink without knowing a text; leave the text out")
            prompt, stop, wanted, whole = opened(self.codec.encode(ink).steps), line_ends, "", ""
        hand, vector = self._who(None, ink)
        context = self.context([whole], vector, [hand])
        (new,) = self.draw([prompt], context, length=points, options=Options(bias=bias), seed=seed, stop=stop)
        made = replace(self.codec.decode(joined(prompt, opened(new))), text=whole or None, hand=ink.hand)
        return compose(self, [made], [wanted], seed)[0] if whole else made

    def score(self, ink: Ink) -> InkScore:
        """How likely the ink is, with its text if the model knows texts; `ink` in x-heights, see `in_x_heights`.

        Raises DataError for ink without points or, if the model needs one, without a text.
        """
        from seqgen.training.scoring import nats  # here: writing needs none of it

        self.check(ink)
        example = self.codec.encode(ink)
        return InkScore(nats(self.model, self.params, example, ENTRIES), len(example.steps[1]))

    def check(self, ink: Ink) -> None:
        """Raises DataError for ink without a text, if the model knows texts, or with one that it cannot write."""
        if not self.codec.alphabet:
            return
        if not ink.text:
            raise DataError("it has no text, and the model scores ink with its text")
        alphabet, learned = self.codec.alphabet, self.codec.learned
        if drawn := "".join(dict.fromkeys(c for c in ink.text if c not in alphabet and bases(c, learned) != c)):
            raise DataError(
                f"its text has {drawn!r:.40}, for which this model writes {bases(drawn, learned)!r:.40} and draws the rest: "
                "such ink has no likelihood; give ink without it"
            )
        try:
            self.codec.check(ink.text)
        except UsageError as error:
            raise DataError(f"its text is {ink.text!r:.60}, but {error}") from None

    def _writes(self, text: str) -> None:
        """Raises UsageError for a text that this model cannot write."""
        if not self.codec.alphabet:
            raise UsageError(
                f"{self.name} continues ink and cannot write a text; have it continue ink, or train one on ink that has its texts"
            )
        if not text:
            raise UsageError("there is nothing to write: give a text of one character or more")
        self.codec.check(text)

    def _opening(self, prime: Ink) -> tuple[str, Steps]:
        """What the prime says, with a space if the model knows one, and its steps."""
        if not (prime.text or "").strip():
            raise UsageError("the ink to begin with has no text, and the model must know it; give it one")
        text = " ".join(str(prime.text).split())
        self.codec.check(text)
        space = " " if " " in self.codec.alphabet else ""
        return text + space, opened(self.codec.encode(prime).steps)

    def _who(self, hand: str | Style | None, prime: Ink | None) -> tuple[str | None, Vector | None]:
        """The hand asked for, or the prime's, or the first; none of a model of one hand."""
        hands = self.codec.hands
        if not hands:
            if hand is not None:
                raise UnknownName("hand", str(hand), ())
            return None, None
        if hand is None:
            own = None if prime is None else prime.hand or ""
            hand = own if own in hands else hands[0]
        assert hand is not None
        return hand if isinstance(hand, str) else None, vector_of(hand, hands, self.params)

    def vectors(self, inks: Sequence[Ink]) -> Vector | None:
        """Of the hand of each line, the first one's where the model does not know it; None for a model of one hand."""
        if not self.codec.hands:
            return None
        table = np.asarray(self.params["network"]["static_table"], np.float32)
        return table[[self.codec.hand(ink.hand) for ink in inks]]

    def context(self, texts: Sequence[str], vector: Vector | None, hands: Sequence[str | None] = ()) -> Context:
        """What conditions a row a text; vector: of the hand of all, or one a row.

        hands: a name a row; what the model has under it leans on another hand where it must (`leaning`).
        """
        encode, params, codec = _encoder(self.model), self.params["network"], self.codec
        static = None if vector is None else np.broadcast_to(vector, (len(texts), vector.shape[-1]))
        if not codec.alphabet:
            return encode(params, None, static, None)
        sources = [codec.source(text) for text in texts]
        size = -(-max(map(len, sources)) // ENTRIES) * ENTRIES
        source = np.stack([np.pad(ids, (0, size - len(ids))) for ids in sources])
        if codec.weak and hands and static is not None:
            known = dict(zip(codec.hands, codec.weak, strict=True))
            other = vector_of(min(known, key=lambda hand: len(known[hand])), codec.hands, self.params)
            static = leaning(static, other, texts, [known.get(hand or "") for hand in hands], size)
        return encode(params, source, static, np.arange(size) < np.array([[len(ids)] for ids in sources]))

    def draw(
        self,
        prompts: Sequence[Steps],
        context: Context,
        *,
        length: int,
        options: Options,
        seed: int,
        stop: Stop,
        parts: Sequence[int] = (0,),
    ) -> list[Steps]:
        """A row for each prompt and row of the context; `parts` of a writing draw from keys of their own."""
        sampling.check(options, seed)
        key = functools.reduce(jax.random.fold_in, parts, jax.random.key(seed))
        settings: Any = {"options": options, "context": context, "chunk": CHUNK, "stop": stop}
        return sampling.sample(self.model, self.params, key, prompts, length=length, **settings)


@functools.cache
def _shipped_reader() -> HandwritingReader:
    from .recognition.reader import load_reader  # here: a line written once is read by nobody

    return load_reader()


@functools.lru_cache(maxsize=8)
def _encoder(model: Model) -> Callable[..., Context]:
    return kept(model.network.encode, model.network.to_dict(), parts=(model.network,))


def load(model: str | os.PathLike[str] = MODEL) -> HandwritingModel:
    """A shipped model by name, or a model or run folder. Raises UnknownName, ModelError.

    >>> load("two-hands").codec.hands
    ('print', 'joined')
    """
    codec, given = open_model(DOMAIN, model)
    if not isinstance(codec, Offsets):
        raise ModelError(f"{os.fspath(model)} reads ink and writes none: open it with `load_reader`, or `read` with it")
    network = given.model.network
    if (network.source, network.static) != (codec.symbols, len(codec.hands)):
        raise ModelError(
            f"{os.fspath(model)}: the network knows {network.source} symbols and {network.static} hands, the codec "
            f"{codec.symbols} and {len(codec.hands)}; the model is damaged"
        )
    return HandwritingModel(codec, given.model, given.params, os.fspath(model))


def train(
    data: str | os.PathLike[str] | Splits[Ink],
    out: str | os.PathLike[str],
    *,
    network: str = "auto",
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """Trains a model on a file of ink, a folder of them, IAM-OnDB's for one, or a data set by name.

    data: a file or folder is brought to x-heights; what is in `Splits` must be, see `in_x_heights`.
    out: a new folder for the run; `load(out)` gives the best model so far at any time.
    network: "synthesis" writes texts and uses lines that have one, "recognition" reads them, "prediction" continues ink
    and uses all lines, "auto" is the first where most lines have a text. A model that is fine-tuned keeps its own; what
    the alphabet and the hands of one that writes lack is added to them.
    how: size, steps, minutes, seed, start_from, training, precision, crew: see `seqgen.training.run.How`.
    Raises UsageError, DataError, ModelError: see `seqgen.errors`.

    >>> import tempfile
    >>> zigzag = Ink([[[i / 2, i % 2] for i in range(40)]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = train(Splits([zigzag], [zigzag]), f"{folder}/run", size="tiny", steps=2)
    >>> outcome.step
    2
    """
    from seqgen.training import run

    pick("network", network, NETWORKS)  # before anything is read
    return run.begin(out, DOMAIN, data, {"network": network}, download=download, **how)


def resume(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | Splits[Ink] | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Continues a run to the same bits as if it had never stopped; `steps` is a new total, `minutes` are more.

    data: only needed when the run did not read it from a file, folder or data set.

    >>> import tempfile
    >>> zigzag = Ink([[[i / 2, i % 2] for i in range(40)]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     begun = train(Splits([zigzag], [zigzag]), f"{folder}/run", size="tiny", steps=2)
    ...     outcome = resume(begun.folder, Splits([zigzag], [zigzag]), steps=4)
    >>> outcome.step
    4
    """
    from seqgen.training import run

    return run.resume(folder, DOMAIN, data, steps=steps, minutes=minutes, crew=crew)
