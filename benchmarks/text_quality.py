"""How well the shipped text model does on the held-out end of tiny Shakespeare, which it was not trained on, and at its tasks.

likelihood: static, the weights do not change while reading. One pass in order, state carried; and, to set beside nanoGPT's
figures, windows of 256 characters that each start without context (its first character is given, 256 are scored).
compress: the same text packed, against `xz -9e` of it alone. words: those of samples that nobody knows. limits: what a
pattern, penalties and a limit on copies cost a character. encodings: files that nobody says the encoding of.
"""

from __future__ import annotations

import contextlib
import lzma
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from _encodings import outcomes
from _report import Row, measured, parser, report

from seqgen import Example, evaluation_windows, in_memory, registry
from seqgen.domains import text
from seqgen.domains.text.reports import measures
from seqgen.models.shipped import megabytes
from seqgen.training import log_probs

DATA, WINDOW = "tiny-shakespeare", 256
DICTIONARIES, LISTS = Path("/usr/share/dict"), ("british-english-huge", "american-english-huge")


def fresh_windows(model: text.TextModel, held_out: str) -> float:
    """Nats a character over consecutive windows that know nothing of what came before them."""
    ids = model.codec.encode(held_out).steps
    windows = [Example(ids[start : start + WINDOW + 1]) for start in range(0, len(ids) - WINDOW, WINDOW)]
    total, count = 0.0, 0
    batches = evaluation_windows(in_memory(model.codec.spec, windows), 16, WINDOW + 1)
    masks = (batch.valid & ~batch.reset for batch in batches)
    for (log_prob, _), counted in zip(log_probs(model.model, model.params, batches), masks, strict=True):
        total -= float(log_prob[counted].sum(dtype="float64"))
        count += int(counted.sum())
    return total / count


def likelihood(model: text.TextModel, held_out: str, toy: bool) -> list[Row]:
    score = model.score(held_out)
    folder = Path(text.DOMAIN.shipped or "", model.name)
    size = megabytes(folder) if folder.is_dir() else 0
    return [
        Row("held out, one pass, state carried", score.nats_per_char, "<=", 1.47, "nats/char"),
        Row("the same in bits", score.bits_per_char, unit="bits/char"),
        Row("held out, windows of 256 without context", fresh_windows(model, held_out), unit="nats/char"),
        Row("characters scored", score.characters),
        Row("on disk", size, "<=", 10, "MB"),
    ]


def compress(model: text.TextModel, held_out: str, toy: bool) -> list[Row]:
    raw, noise = held_out.encode(), np.random.default_rng(0).bytes(10_000)
    other = len(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME))
    static, adapting = (len(model.compress(raw, adapt=adapt)) for adapt in (False, True))
    short = raw[:2000]
    return [
        Row("compress: shorter than xz -9e", 100 * (1 - static / other), ">=", 25, "%"),
        Row("compress: shorter than xz -9e, adapting", 100 * (1 - adapting / other), ">=", 30, "%"),
        Row("compress: bytes back of 2,000", float(model.decompress(model.compress(short)) == short), ">=", 1),
        Row("compress: random bytes, longer by", len(model.compress(noise)) - len(noise), "<=", 100, "bytes"),
    ]


def words(model: text.TextModel, held_out: str, toy: bool) -> list[Row]:
    """Known are the words of the training text, and those of Debian's wbritish-huge and wamerican-huge where they are installed."""
    known = set(measures.words_of("" if toy else registry.load_dataset(DATA, "text").train[0]))
    for name in LISTS:
        with contextlib.suppress(OSError):
            known |= {word.casefold() for word in (DICTIONARIES / name).read_text(encoding="utf-8").split()}
    shares = []
    for min_p in (text.MIN_P, 0.0):
        drawn = model.samples(
            [""] * (1 if toy else 20), length=50 if toy else 2000, temperature=0.8, min_p=min_p, seed=0
        )
        shares.append(measures.invented("\n".join(drawn), known)[0])
    share, free = shares
    usual = measures.invented(held_out, known)[0]
    return [
        Row("words of samples, temperature 0.8, that are in no list", 100 * share, "<=", 2, "%"),
        Row("the same without min-p", 100 * free, unit="%"),
        Row("the same of the held-out text", 100 * usual, unit="%"),
        Row("samples against the held-out text", share / max(usual, 1e-9), "<=", 1.5, "x"),
    ]


def limits(model: text.TextModel, held_out: str, toy: bool) -> list[Row]:
    """Each beside plain sampling, turn and turn about; the first turn compiles and is not counted."""
    asked: dict[str, dict[str, Any]] = {
        "plain": {},
        "a pattern": {"match": r"([A-Z]+:\n(.*\n)+\n)+"},
        "penalties": {"repetition": 1.1, "presence": 0.1},
        "a limit on copies": {"max_copy": 30},
    }
    if toy:
        del asked["a limit on copies"]  # its corpus is data
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(2 if toy else 6):
        for name, settings in asked.items():
            seconds = seconds_a_character(model, 200 if toy else 2000, turn, settings)
            if turn:
                spent[name].append(seconds)
    plain = statistics.median(spent.pop("plain"))
    return [
        measured(f"a character with {name}, against plain", [one / plain for one in times], "<=", 1.3, "x")
        for name, times in spent.items()
    ]


def seconds_a_character(model: text.TextModel, length: int, seed: int, settings: dict[str, Any]) -> float:
    """From the first piece on: to read a corpus or to compile a pattern is done once, however long the text."""
    begun, written = 0.0, 0
    for (piece,) in model.stream(["A"], length=length, seed=seed, **settings):
        if begun:
            written += len(piece)
        begun = begun or time.perf_counter()
    return (time.perf_counter() - begun) / max(written, 1)


def encodings(model: text.TextModel, held_out: str, toy: bool) -> list[Row]:
    found = Counter(outcome for _, outcome in outcomes())
    return [
        Row("files in other encodings: read, or refused with the right name", found["right"] + found["named"], ">=",
            found.total(), f"of {found.total()}"),
        Row("the same, silently wrong", found["wrong"], "<=", 0),
    ]  # fmt: skip


PARTS = {"likelihood": likelihood, "compress": compress, "words": words, "limits": limits, "encodings": encodings}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--model", default="shakespeare", help="another text model (shakespeare)")
    options.add_argument(
        "--part", action="append", choices=PARTS, help="only this; may repeat (all; toy: all but compress)"
    )
    args = options.parse_args()
    model = text.load(args.model)
    if args.toy:
        held_out = "First Citizen:\nBefore we proceed any further, hear me speak.\n" * 10
    else:
        held_out = registry.load_dataset(DATA, "text").valid[0]
    parts = args.part or [part for part in PARTS if not args.toy or part != "compress"]
    report([row for part in parts for row in PARTS[part](model, held_out, args.toy)], args.json)


if __name__ == "__main__":
    main()
