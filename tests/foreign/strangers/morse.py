"""A domain that reads: which letters a key's signal spells, by CTC, the best model by the share of messages read wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from seqgen.config import TrainingConfig
from seqgen.domain import Domain, Example, Metric, Size
from seqgen.errors import ModelError
from seqgen.spec import Continuous

CODES = {"e": ".", "t": "-", "a": ".-", "n": "-.", "s": "...", "o": "---"}


class Message(NamedTuple):
    """How long the key was down and up, in turns, and what it says."""

    signal: tuple[float, ...]
    text: str


def key(text: str) -> Message:
    marks = [mark for letter in text for mark in [*(3.0 if sign == "-" else 1.0 for sign in CODES[letter]), -3.0]]
    return Message(tuple(marks), text)


@dataclass(frozen=True)
class Signal:
    letters: str
    spec = Continuous(1)

    def canonical(self, item: Message) -> Message:
        return item._replace(text="")

    def encode(self, item: Message) -> Example:
        labels = np.array([self.letters.index(letter) for letter in item.text], np.int32)
        return Example(np.array(item.signal, np.float32)[:, None], source=labels)

    def decode(self, steps: Any) -> Message:
        return Message(tuple(np.asarray(steps)[:, 0].tolist()), "")

    def to_dict(self) -> dict[str, Any]:
        return {"letters": self.letters}


def load(data: Any) -> Signal:
    if data.keys() != {"letters"}:
        raise ModelError(f"a morse codec has `letters` and nothing else, not {[*data]}; the model is damaged")
    return Signal(**data)


def small(codec: Signal) -> Any:
    from seqgen import Network
    from seqgen.models.ctc import CTC

    return CTC(Network(codec.spec, layers=1, units=24, bidirectional=True), len(codec.letters))


def wrong(codec: Signal, model: Any, params: Any, items: Any) -> float:
    """The share of messages that are not read as they are."""
    read = [model.read(params, codec.encode(item).steps) for item in items]
    return float(np.mean(["".join(codec.letters[n] for n in r) != i.text for r, i in zip(read, items, strict=True)]))


MESSAGES = tuple(map(key, ("tea", "seat", "note", "stone", "onto")))
DOMAIN: Domain[Message] = Domain(
    "morse",
    lambda items, **settings: Signal("".join(sorted(CODES))),
    load,
    {"small": Size(small, TrainingConfig(rows=16, learning_rate=2e-2))},
    metric=Metric("messages wrong", wrong, most=40),
    examples=MESSAGES,
)
