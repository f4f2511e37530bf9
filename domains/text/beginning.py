"""What a new run of texts begins from where nobody said: a shipped model, if it reads them better than counting would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgen.counting.ngrams import NGrams
from seqgen.domain import Splits

from . import MODEL
from .division import Item, text_of

KNOWN = 0.99  # of the characters of the texts must stand in the model's alphabet
JUDGED = 10_000  # characters of the held-out part
LEARNED = 1_000_000  # characters, from which on a text has enough to teach by itself
ORDERS = (4, 6)


def shipped_for(splits: Splits[Item], settings: dict[str, Any]) -> str | None:
    """The shipped model's name, or None: for other levels than characters, documents, and texts that it does not read
    better than a Kneser-Ney model of these texts themselves.
    """
    if settings["level"] != "characters" or any(settings[name] for name in ("documents", "field", "labels")):
        return None
    train, valid = (_joined(part) for part in (splits.train, splits.valid))
    train, valid = train[:LEARNED], valid[:JUDGED]
    if not valid or len(train) == LEARNED:
        return None
    from . import api

    model = api.load(MODEL)
    alphabet = {symbol for symbol in model.codec.symbols() if isinstance(symbol, str)}
    if sum(character in alphabet for character in train + valid) < KNOWN * len(train + valid):
        return None
    known = {character: number for number, character in enumerate(sorted({*train, *valid}))}
    ids = [np.array([known[character] for character in part], np.int32) for part in (train, valid)]
    models = NGrams.up_to(max(ORDERS), ids[0], len(known))
    counted = min(float(models[order - 1].nats(ids[1]).mean()) for order in ORDERS)
    return MODEL if model.score(valid).nats_per_char < counted else None


def _joined(items: Sequence[Item]) -> str:
    return "\n".join(map(text_of, items))
