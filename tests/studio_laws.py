"""What Python's models say of given sequences, which the studio's runtime must say, too, in Node and in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from studio_page import shipped

from seqgen.domains import handwriting, music, text
from seqgen.domains.handwriting import hands
from seqgen.nn.context import Context
from seqgen.spec import Inputs

STEPS = 200
CLOSE = 1e-4
GAUSSIANS = {"logWeights": "log_weights", "means": "means", "logSigmas": "log_sigmas", "r": "r"}


class Law(NamedTuple):
    """What is asked of the model in a folder, and what a head reads at each step: logits, or the parts of a joint head."""

    folder: Path
    asked: dict[str, Any]
    logits: NDArray[Any]
    gaussians: Mapping[str, NDArray[Any]] = {}

    def check(self, found: list[Any]) -> None:
        said = [step[1] for step in found] if self.gaussians else found
        assert np.abs(np.array(said) - self.logits).max() <= CLOSE
        for name, wanted in self.gaussians.items():
            assert np.abs(np.array([step[0][name] for step in found]) - wanted).max() <= CLOSE, name


def writing() -> Law:
    model = text.load()
    steps = model.codec.prompt("ROMEO:\nIt is the east, and Juliet is the sun. Ünïcode 漢字\n" * 4)[:STEPS]
    return Law(shipped("text", "shakespeare"), {"steps": steps.tolist()}, _logits(model, steps))


def telling(folder: Path) -> Law:
    """Of documents, with the vectors of two labels mixed."""
    model, mixed = text.load(folder), {"calm": 0.25, "loud": 0.75}
    steps = model.codec.prompt("The sea is LOUD. Hear it, É! " * 9)[:STEPS]
    context = model._context(",".join(f"{label}:{weight}" for label, weight in mixed.items()), 1)
    return Law(folder, {"steps": steps.tolist(), "mixed": mixed}, _logits(model, steps, context))


def singing(folder: Path, bars: int = 9) -> Law:
    """Also of networks with registers, which tell voices how they lie to one another."""
    model = music.load(folder)
    steps = model.codec.encode(model.sample(bars=bars, seed=2, meter=music.Meter(0.0, 3, 4))).steps[:STEPS]
    wanted = _logits(model, steps)
    assert len(steps) == STEPS and np.ptp(wanted) > 0.5
    return Law(folder, {"steps": steps.tolist()}, wanted)


def drawing(name: str) -> Law:
    model = handwriting.load(name)
    words = "The quick brown fox jumps over"
    codec, params = model.codec, model.params
    offsets, pens = codec.encode(model.write(words, hand=codec.hands[1], seed=3)[0]).steps
    offsets, pens = offsets[:STEPS], pens[:STEPS]
    weights = {codec.hands[0]: 1.0, codec.hands[1]: 3.0}
    vector = hands.vector_of(",".join(f"{hand}:{weight}" for hand, weight in weights.items()), codec.hands, params)
    context = model.context([words], vector)
    shifted = (np.concatenate([np.zeros((1, 2), np.float32), offsets[:-1]]), np.concatenate([[3], pens[:-1]]))
    inputs = Inputs((shifted[0][None], shifted[1].astype(np.int32)[None]))
    network = model.model.network
    start = network.start(params["network"], 1, context)
    _, features = network.unroll(params["network"], start, inputs, context=context)
    mixture, pen = model.model.head.heads  # type: ignore[attr-defined]
    found = mixture.gaussians(params["head"]["0"], features)
    gaussians = {word: np.asarray(getattr(found, field))[0] for word, field in GAUSSIANS.items()}
    steps = list(zip(offsets.tolist(), pens.tolist(), strict=True))
    asked = {"steps": steps, "source": codec.source(words).tolist(), "mixed": weights}
    return Law(shipped("handwriting", name), asked, np.asarray(pen.logits(params["head"]["1"], features)[0]), gaussians)


def _logits(model: Any, steps: NDArray[Any], context: Context = Context()) -> NDArray[Any]:
    inputs = Inputs(np.concatenate([[model.codec.spec.size], steps[:-1]]).astype(np.int32)[None])
    start = model.model.network.start(model.params["network"], 1, context)
    _, features = model.model.network.unroll(model.params["network"], start, inputs, context=context)
    return np.asarray(model.model.head.logits(model.params["head"], features)[0])


# By the model, each given the folder in which those that a test makes for itself lie.
SAYINGS: dict[str, Callable[[Path], Law]] = {
    "shakespeare": lambda own: writing(),
    "letters": lambda own: telling(own / "letters"),
    "hands": lambda own: drawing("hands"),
    "two-hands": lambda own: drawing("two-hands"),
    "chorales": lambda own: singing(shipped("music", "chorales")),
    "bach": lambda own: singing(shipped("music", "bach")),
    "choir": lambda own: singing(own / "choir"),
    "ballads": lambda own: singing(own / "ballads", bars=30),
}
