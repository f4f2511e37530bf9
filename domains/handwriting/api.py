"""The handwriting models people hold: writing a text, going on from ink, scoring, training."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from seqgen import sampling
from seqgen.domain import Splits
from seqgen.errors import DataError, ModelError, UnknownName, UsageError, pick
from seqgen.heads import Options
from seqgen.machine.programs import kept
from seqgen.models.model import Model
from seqgen.models.pretrained import open_model
from seqgen.nn.context import Context, Params
from seqgen.nn.recurrence import Array, Carry
from seqgen.nn.window import WindowCarry, weights
from seqgen.sampling import Stop
from seqgen.spec import Steps, empty_steps

from . import MODEL
from .ink import Ink
from .offsets import DOWN, END, UP, Offsets
from .presets import DOMAIN, NETWORKS
from .wrap import WIDEST, WIDTH, lines_of

if TYPE_CHECKING:
    from seqgen.devices.crew import Crew
    from seqgen.training.outcome import Outcome
    from seqgen.training.run import How

BIAS = 0.75
ROWS = 32  # lines written side by side
CHUNK = 64  # points drawn before it is looked whether all lines have ended
MOST = 50  # points for each character of a line: two and a half times what a joined hand needs
FARTHEST = 100_000  # points that ink is continued by, at most
GONE = 0.02  # the window's weight on a text that it has left; at the end of a line it has 0.1 or more
ENTRIES = 64  # sources are filled up to a multiple: texts of any length share a few compiled programs


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
        hand: str | None = None,
        bias: float = BIAS,
        temperature: float = 1.0,
        seed: int = 0,
        prime: Ink | None = None,
        width: int = WIDTH,
    ) -> list[Ink]:
        """The text in ink, a line of ink for each line of at most `width` characters; a blank one has no strokes.

        hand: one of `codec.hands`; the prime's, or the first.
        bias: 0 writes as differently as people do, more is neater (Graves 2013, section 5.4).
        prime: ink with its text, in x-heights; what is written goes on in its manner (section 5.5).
        Raises UsageError for characters that the model has not learned and settings out of range.
        """
        lines = lines_of(text, width)
        self._writes("".join(lines))
        opening, prompt = ("", empty_steps(self.codec.spec)) if prime is None else self._opening(prime)
        who = self._hand(hand, prime)
        made = [Ink((), text="") for _ in lines]
        wanted = [number for number, line in enumerate(lines) if line]
        for begin in range(0, len(wanted), ROWS):
            rows = wanted[begin : begin + ROWS]
            # As many as a power of two: pages of any length share a few compiled programs.
            more = (1 << (len(rows) - 1).bit_length()) - len(rows)
            texts = [lines[row] for row in rows + rows[-1:] * more]
            steps = self._draw(
                [prompt] * len(texts),
                self._context([opening + text for text in texts], who),
                length=MOST * (max(map(len, texts)) + 1),
                options=Options(temperature, bias=bias),
                seed=seed,
                part=begin,
                stop=text_ends,
            )
            name = self.codec.hands[who] if self.codec.hands else None
            for row, drawn in zip(rows, steps, strict=False):
                most = MOST * (len(lines[row]) + 1)  # its own, however long the lines beside it are
                drawn = jax.tree.map(lambda leaf, most=most: leaf[:most], drawn)
                made[row] = replace(self.codec.decode(_open(drawn)), text=lines[row], hand=name)
        return made

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
            self._writes(text)
            if len(text) > WIDEST:
                raise UsageError(f"the text has {len(text):,} characters; go on with at most {WIDEST} at once")
            opening, prompt = self._opening(ink)
            points, stop, whole = MOST * (len(text) + 1), text_ends, opening + text
        else:
            if text is not None:
                raise UsageError(f"{self.name} continues ink without knowing a text; leave the text out")
            prompt, stop, whole = _open(self.codec.encode(ink).steps), line_ends, None
        context = self._context([whole or ""], self._hand(None, ink))
        (new,) = self._draw([prompt], context, length=points, options=Options(bias=bias), seed=seed, stop=stop)
        both = jax.tree.map(lambda old, new: np.concatenate([old, new]), prompt, _open(new))
        return replace(self.codec.decode(both), text=whole, hand=ink.hand)

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
        try:
            self.codec.check(ink.text)
        except UsageError as error:
            raise DataError(f"its text is {ink.text!r:.60}, but {error}") from None

    def _writes(self, text: str) -> None:
        """Raises UsageError for a text that this model cannot write."""
        if not self.codec.alphabet:
            raise UsageError(f"{self.name} continues ink and cannot write a text; train on ink that has its texts")
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
        return text + space, _open(self.codec.encode(prime).steps)

    def _hand(self, name: str | None, prime: Ink | None) -> int:
        """The hand asked for, or the prime's, or the first."""
        if name is not None and name not in self.codec.hands:
            raise UnknownName("hand", name, self.codec.hands)
        return 0 if name is None and prime is None else self.codec.hand(name or (prime.hand if prime else None))

    def _context(self, texts: Sequence[str], hand: int) -> Context:
        """What conditions a row a text."""
        encode, params = _encoder(self.model), self.params["network"]
        static = np.full(len(texts), hand, np.int32) if self.codec.hands else None
        if not self.codec.alphabet:
            return encode(params, None, static, None)
        sources = [self.codec.source(text) for text in texts]
        size = -(-max(map(len, sources)) // ENTRIES) * ENTRIES
        source = np.stack([np.pad(ids, (0, size - len(ids))) for ids in sources])
        return encode(params, source, static, np.arange(size) < np.array([[len(ids)] for ids in sources]))

    def _draw(
        self,
        prompts: Sequence[Steps],
        context: Context,
        *,
        length: int,
        options: Options,
        seed: int,
        stop: Stop,
        part: int = 0,
    ) -> list[Steps]:
        sampling.check(options, seed)
        key = jax.random.fold_in(jax.random.key(seed), part)
        settings: Any = {"options": options, "context": context, "chunk": CHUNK, "stop": stop}
        return sampling.sample(self.model, self.params, key, prompts, length=length, **settings)


@functools.lru_cache(maxsize=8)
def _encoder(model: Model) -> Callable[..., Context]:
    return kept(model.network.encode, model.network.to_dict(), parts=(model.network,))


def line_ends(carry: Carry, step: Steps, context: Context) -> Array:
    """The model says that the line ends here."""
    del carry, context
    ends: Array = step[1] == END
    return ends


def text_ends(carry: Carry, step: Steps, context: Context) -> Array:
    """The model says that the line ends here, and the window is on the last character; or the window has left the text.

    Graves' rule (2013, section 5.3) ends a line when the window weighs the end of the text more than any character. A
    joined hand is there before it goes back to dot the last word, so more is asked for: a lifted pen, a window past the
    end, and hardly any weight left on anything. Where the window is, its greatest Gaussian says: one that the model makes
    no use of may be anywhere.
    """
    assert context.memory is not None
    window: WindowCarry = carry[0]
    seen = weights(window, context.memory)
    last = context.memory.valid.sum(axis=1).astype(jnp.int32) - 1
    near = last - jnp.argmax(seen, axis=1) <= 1  # the last character, or the end of the text
    greatest = jnp.argmax(window.alpha / jnp.sqrt(window.beta), axis=1, keepdims=True)  # by area
    position = jnp.take_along_axis(window.position, greatest, axis=1)[:, 0]
    gone = (seen.sum(axis=1) < GONE) & (position > last.astype(jnp.float32))
    ends: Array = ((step[1] == END) & near) | ((step[1] != DOWN) & gone)
    return ends


def _open(steps: Steps) -> Steps:
    """Steps without the end of the line, to go on from."""
    offsets, pens = steps
    return offsets, np.minimum(pens, UP)


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
    and uses all lines, "auto" is the first where most lines have a text; a model that is fine-tuned keeps its own, its alphabet and its hands.
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
