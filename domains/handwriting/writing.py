"""Lines in the making: drawn side by side, when a line ends, and its tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from seqgen.batching.filling import filled
from seqgen.heads import Options
from seqgen.nn.context import Context
from seqgen.nn.recurrence import Array, Carry
from seqgen.nn.window import WindowCarry, weights
from seqgen.spec import Steps

from .following import Followed, follow
from .hands import Vector
from .offsets import DOWN, END, UP
from .proofreading import Try, judged

if TYPE_CHECKING:
    from .api import HandwritingModel
    from .recognition.opinion import Opinion
    from .recognition.reader import HandwritingReader

BIAS = 1.0
ROWS = 32  # lines written side by side
CHUNK = 64  # points drawn before it is looked whether all lines have ended
MOST = 50  # points for each character of a line: two and a half times what a joined hand needs
FARTHEST = 100_000  # points that ink is continued by, at most
GONE = 0.02  # the window's weight on a text that it has left; at the end of a line it has 0.1 or more
ENTRIES = 64  # sources are filled up to a multiple: texts of any length share a few compiled programs


@dataclass(frozen=True)
class Lines:
    """Some lines of a page, `texts`, that follow what is there already: a prime of the text `opening`.

    hand, vector: whose, and what the network knows of it. part: which lines of the page these are.
    """

    model: HandwritingModel
    opening: str
    prompt: Steps
    texts: Sequence[str]
    hand: str | None
    vector: Vector | None
    options: Options
    seed: int
    part: int
    reader: HandwritingReader | None = None

    def once(self) -> list[Steps]:
        """The steps of each line."""
        rows = range(len(self.texts))
        return self._draw(rows, [self.prompt] * len(rows), (self.part,))

    def tries(self, lines: Sequence[int], begun: Sequence[Steps], number: int) -> list[Try]:
        """The lines of these numbers, each from what of it was `begun`, judged: see `proofreading.proofread`."""
        before = [joined(self.prompt, steps) for steps in begun]
        drawn = self._draw(lines, before, (self.part, 1 + number))
        whole = [joined(old, new) for old, new in zip(before, drawn, strict=True)]
        read = follow(self.model.model, self.model.params, filled(whole), self._context(lines))
        steps = [jax.tree.map(lambda leaf: leaf[len(self.prompt[1]) :], one) for one in whole]
        said = self._opinions(steps, [self.texts[line] for line in lines])
        return [self._judged(*row) for row in zip(lines, whole, steps, read, said, strict=False)]

    def _opinions(self, steps: Sequence[Steps], texts: Sequence[str]) -> Sequence[Opinion | None]:
        if self.reader is None:
            return [None] * len(steps)
        from .recognition.opinion import opinions  # here: writing without proof-reading needs no recogniser

        return opinions(self.reader, [self.model.codec.decode(one) for one in steps], texts)

    def _judged(self, line: int, whole: Steps, steps: Steps, read: Followed, opinion: Opinion | None) -> Try:
        given, codec = len(self.prompt[1]), self.model.codec
        points = np.cumsum(np.asarray(whole[0], np.float64) * codec.std + codec.mean, axis=0)[given:]
        places = np.maximum(read.places[given:] - len(self.opening), 0)
        return judged(self.texts[line], steps, Followed(places, read.nats[given:]), points, opinion)

    def _draw(self, lines: Sequence[int], prompts: Sequence[Steps], parts: Sequence[int]) -> list[Steps]:
        steps = self.model.draw(
            filled(prompts),
            self._context(lines),
            length=MOST * (max(len(self.texts[line]) for line in lines) + 1),
            options=self.options,
            seed=self.seed,
            parts=parts,
            stop=text_ends,
        )
        # A line's own length, however long the lines beside it are.
        most = [MOST * (len(self.texts[line]) + 1) for line in lines]
        return [opened(jax.tree.map(lambda leaf, n=n: leaf[:n], drawn)) for drawn, n in zip(steps, most, strict=False)]

    def _context(self, lines: Sequence[int]) -> Context:
        texts = filled([self.opening + self.texts[line] for line in lines])
        return self.model.context(texts, self.vector, [self.hand] * len(texts))


def joined(one: Steps, other: Steps) -> Steps:
    """The steps of one, then those of the other."""
    return jax.tree.map(lambda a, b: np.concatenate([a, b]), one, other)


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


def opened(steps: Steps) -> Steps:
    """Steps without the end of the line, to go on from."""
    offsets, pens = steps
    return offsets, np.minimum(pens, UP)
