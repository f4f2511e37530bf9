"""A report as a value: made of a model and a text, told as a table, drawn as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError, UsageError

from ..adapting import read
from ..likely import by_character
from ..limits.asked import read_again
from ..tempering import tuned
from .measures import Floor, Mean, bootstrap, by_distance, counted, invented, longest_copies, packed, words_of

if TYPE_CHECKING:
    from ..api import TextModel

PIECE, PIECES = 1024, 16  # texts that begin anew, for how much a model remembers
DRAWN = 4000  # characters that a model writes for its words and its copies
LN2 = float(np.log(2))


class Tuned(NamedTuple):
    """The softmax at the temperature that the part which training held out is likeliest at. nats: a character."""

    temperature: float
    nats: Mean


class Report(NamedTuple):
    """What a model makes of a text.

    static, tuned, dynamic: nats a character; tuned is None without what the model learned from, dynamic where the model was
    not to adapt.
    floors: what counting and xz make of it; those of counting only where what the model learned from is at hand.
    memory: (from, to, nats) by the distance to a beginning.
    invented: shares of words that are in neither what it learned from nor the word list, of the text and of a sample; their
    words. copies: the longest that the sample has of what it learned from. All are None without that.
    surprise: -ln p of each character of the text, float32.
    """

    name: str
    text: str
    static: Mean
    tuned: Tuned | None
    dynamic: Mean | None
    floors: list[Floor]
    memory: list[tuple[int, int, float]]
    invented: tuple[float, float, list[str]] | None
    copies: list[str] | None
    surprise: NDArray[np.float32]


def report(model: TextModel, text: str, *, adapt: bool = True, words: str = "", seed: int = 0) -> Report:
    """Measures all there is. words: a text of those that are not invented either. Raises DataError for an empty text."""
    text = model.codec.canonical(text)
    if not text:
        raise DataError("there is nothing to report on: the text is empty; give it a character or more")
    surprise = -model.log_probs(text)
    ids = np.asarray(model.codec.prompt(text))
    dynamic = None
    if adapt:
        likely = read(model.codec, model.model, model.params, ids).log_probs
        dynamic = bootstrap(-by_character(model.codec, ids, likely))
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)][:PIECES]
    floors, best, found, copies = [packed(text)], None, None, None
    try:
        again = read_again(model.codec, model.data)
    except (DataError, UsageError):  # it is elsewhere
        again = None
    if again is not None:
        temperature = tuned(model.model, model.params, again.valid)
        best = Tuned(temperature, bootstrap(-model.tempered(temperature).log_probs(text)))
        train = np.concatenate([again.train.read(index, 0, length) for index, length in enumerate(again.train.lengths)])
        floors = [*counted(train, ids, len(text)), *floors]
        corpus, sample = model.codec.decode(train), model.sample(length=DRAWN, seed=seed)
        vocabulary = {*words_of(corpus), *words_of(words)}
        share, new = invented(sample, vocabulary)
        found, copies = (invented(text, vocabulary)[0], share, new), longest_copies(sample, corpus)
    memory = by_distance([model.log_probs(piece) for piece in pieces])
    return Report(model.name, text, bootstrap(surprise), best, dynamic, floors, memory, found, copies, surprise)


def table(own: Report) -> str:
    """As lines for a terminal."""
    lines = [f"{own.name}: {len(own.text):,} characters", f"{'':34}nats/char  bits/char"]
    tuned = (f"tuned to temperature {own.tuned.temperature:.3f}", own.tuned.nats) if own.tuned else ("", None)
    for name, mean in (("static", own.static), tuned, ("adapting (dynamic evaluation)", own.dynamic)):
        if mean is not None:
            between = f"   95 %: {mean.low:.4f} to {mean.high:.4f} nats"
            lines.append(f"{name:34}{mean.value:9.4f}  {mean.value / LN2:9.4f}{between}")
    lines += [f"{floor.name:34}{floor.nats:9.4f}  {floor.nats / LN2:9.4f}" for floor in own.floors]
    lines.append("by distance to a beginning:")
    lines += [f"{f'  {low} to {high - 1}':34}{nats:9.4f}" for low, high, nats in own.memory]
    if own.invented is not None:
        ours, sampled, new = own.invented
        shown = f": {', '.join(new[:8])}" if new else ""
        lines.append(f"words that it never read: {sampled:.1%} of a sample's, {ours:.1%} of the text's{shown}")
    for copy in own.copies or ():
        lines.append(f"copied, {len(copy)} characters: {copy!r}")
    return "\n".join(lines)
