"""How well one thing is read and another written: every figure of docs/pairs.md.

Shipped models are measured on what they were not trained on, beside what needs no network; `dates` and `sums` train
models of their own, in --runs, and take what was trained there before. `back` and `emoji` take what `make_pairs.py
french-english`, and `emoji`, with --runs runs/sequence_to_sequence, has trained. Choose parts with --part.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _made_pairs import dates, sums
from _report import Row, report_parts

from seqgen import Splits, registry
from seqgen.batching.items import Items
from seqgen.batching.sources import in_memory
from seqgen.domains import pairs
from seqgen.domains.pairs import Pair, Picture
from seqgen.domains.pairs.scores import Measured, rated, scored
from seqgen.machine.cache import use_compile_cache

BEAM, SENTENCES = 5, 1000
Targets = Mapping[str, tuple[str, float]]
TARGETS = {"word errors": ("<=", 25.0), "phoneme errors": ("<=", 6.0), "chrF2": (">=", 60.0), "BLEU": (">=", 42.0)}
UNITS = {"nats/char": "nats/char", "exact": "%", "word errors": "%", "phoneme errors": "%"}


class Arguments(NamedTuple):
    """What was asked for."""

    toy: bool
    runs: Path

    @property
    def most(self) -> int:
        return 8 if self.toy else 20_000


def trained(args: Arguments, name: str, splits: Splits[Pair], target: float, steps: int) -> list[Row]:
    """Learned from nothing in two minutes, of the test part the share that is right."""
    folder = args.runs / name
    if not (folder / "model").exists():
        pairs.train(splits, folder, size="tiny", steps=4 if args.toy else steps)
    model = pairs.load(folder)
    made = model.write([pair.source for pair in splits.test], beam=1)
    right = 100 * float(np.mean([text == pair.target for text, pair in zip(made, splits.test, strict=True)]))
    return [Row(f"{name}, of {len(made):,} not seen", right, ">=", target, "%")]


def learned_dates(args: Arguments) -> list[Row]:
    return trained(args, "dates", dates(60, 8) if args.toy else dates(6_000, 1_000), 100.0, 1_000)


def learned_sums(args: Arguments) -> list[Row]:
    return trained(args, "sums to 999", sums(60, 8) if args.toy else sums(60_000, 1_000), 99.5, 4_000)


def translation(args: Arguments) -> list[Row]:
    """English to French; also of those sentences alone of which no reference is known as that of another one."""
    splits, model = _translated(args), pairs.load("english-french")
    rows = _translations("english-french", model, splits, args)
    known = {pair.target for pair in splits.train}
    seen = {pair.source for pair in splits.test if pair.target in known}
    new = [pair for pair in splits.test if pair.source not in seen]
    rows += _measures("english-french, no reference known", model, new, "translate", args, {}) if new else []
    return rows


def back(args: Arguments) -> list[Row]:
    """French to English."""
    splits, folder = _translated(args, "tatoeba-back"), args.runs / "french-english"
    if args.toy:
        pairs.train(splits, folder, size="tiny", steps=4)
    return _translations("french-english", pairs.load(folder), splits, args, {"BLEU": (">=", 45.0)})


def _translations(
    name: str, model: pairs.PairModel, splits: Splits[Pair], args: Arguments, targets: Targets = TARGETS
) -> list[Row]:
    """Of the test part, and beside it what needs no network."""
    test = splits.test
    rows = _measures(name, model, test, "translate", args, targets)
    wanted: dict[str, list[str]] = defaultdict(list)
    for pair in test:
        wanted[str(pair.source)].append(pair.target)
    by_words, nearest = _word_by_word(splits.train), _nearest(splits.train)
    for how, write in (("word by word", by_words), ("nearest sentence of training", nearest)):
        made = [write(source) for source in wanted]
        rows += _rows(f"{name} {how}", rated(made, [*wanted.values()], "translate"), {})
    return rows


def pronunciation(args: Arguments) -> list[Row]:
    test = [Pair("cat", "K AE1 T")] if args.toy else registry.dataset("cmu-dictionary").load().test
    return _measures("english-phonemes", pairs.load("english-phonemes", pairs.PRONOUNCE), test, "pronounce", args)


def captions(args: Arguments) -> list[Row]:
    from seqgen.datasets import shapes

    scenes = shapes.Scenes("test", 0, 4 if args.toy else 1000, 64)
    made = pairs.load("shapes", pairs.CAPTION).write([pair.source for pair in scenes], beam=BEAM)
    right = np.array([scenes.scene(i).means(text) for i, text in enumerate(made)])
    alike = np.array([len({thing.color for thing in scenes.scene(i).things}) == 1 for i in range(len(made))])
    alike &= np.array([len(scenes.scene(i).things) == 2 for i in range(len(made))])
    rows = [Row(f"shapes, {len(made):,} scenes, right by meaning", 100 * float(right.mean()), ">=", 97.0, "%")]
    if alike.any():
        rows.append(
            Row(f"of these {alike.sum()} of two things of one color", 100 * float(right[alike].mean()), unit="%")
        )
    return rows


def emoji(args: Arguments) -> list[Row]:
    """Names of emoji in a style that was not learned from, each known from others."""
    splits = _drawn(args)
    if args.toy:
        pairs.train(splits, args.runs / "emoji", domain=pairs.CAPTION, size="tiny", side=16, vary=True, steps=4)
    pictures = [pair.source for pair in splits.test if isinstance(pair.source, Picture)]
    made = pairs.load(args.runs / "emoji", pairs.CAPTION).write(pictures, beam=BEAM)
    alike = _alike(splits.train)
    rows = []
    for name, said, target in (("", made, 40.0), (", by the picture most alike", [*map(alike, pictures)], None)):
        right = 100 * float(np.mean([text == pair.target for text, pair in zip(said, splits.test, strict=True)]))
        rows.append(Row(f"emoji, {len(said):,} of OpenMoji, named right{name}", right, ">=", target, "%"))
    return rows


def padding(args: Arguments) -> list[Row]:
    """What is computed for nothing while it is learned from."""
    splits, codec = _translated(args), pairs.load("english-french").codec
    some = splits.train[:: 1 if args.toy else 4]
    items = Items(in_memory(codec.spec, [codec.encode(pair) for pair in some]), 8 if args.toy else 128)
    return [Row(f"padding among {len(some):,} pairs of Tatoeba", 100 * items.padding, "<=", 20.0, "%")]


def speed(args: Arguments) -> list[Row]:
    """Of the shipped translator, everything compiled; the whole process is in `start_up.py`."""
    model = pairs.load("english-french")
    sources = [str(pair.source) for pair in _translated(args).test][:: 1 if args.toy else 2]
    sources = [source for source in dict.fromkeys(sources)][: 4 if args.toy else SENTENCES]
    one = min((source for source in sources), key=lambda source: abs(len(source) - 40))
    model.write(sources, beam=BEAM), model.write([one], beam=BEAM)
    begin = time.perf_counter()
    model.write([one], beam=BEAM)
    middle = time.perf_counter()
    model.write(sources, beam=BEAM)
    rate = len(sources) / (time.perf_counter() - middle)
    return [
        Row(f"a sentence of {len(one)} characters, beam {BEAM}", middle - begin, "<=", 2.0, "s"),
        Row(f"{len(sources):,} sentences in batches, beam {BEAM}", rate, ">=", 100.0, "sentences/s"),
    ]


PARTS: dict[str, Callable[[Arguments], list[Row]]] = {
    "dates": learned_dates,
    "sums": learned_sums,
    "translation": translation,
    "back": back,
    "pronunciation": pronunciation,
    "captions": captions,
    "emoji": emoji,
    "padding": padding,
    "speed": speed,
}


def _measures(
    name: str,
    model: pairs.PairModel,
    test: Sequence[Pair],
    domain: str,
    args: Arguments,
    targets: Targets = TARGETS,
) -> list[Row]:
    found = scored(model, test, domain, beam=BEAM, most=args.most)
    return _rows(name, found, targets)


def _rows(name: str, found: Iterable[Measured], targets: Targets) -> list[Row]:
    """A row a measure, but for what could not be measured here."""
    rows = []
    for one in found:
        sense, target = targets.get(one.what, ("<=", None))
        if not math.isnan(one.value):
            rows.append(Row(f"{name}: {one.what}", one.value, sense, target, UNITS.get(one.what, "")))
    return rows


def _word_by_word(train: Sequence[Pair]) -> Callable[[str], str]:
    """Of each word the one that stands in most of the targets beside it, by the Dice coefficient; in the same order."""
    both: dict[str, Counter[str]] = defaultdict(Counter)
    here, there = Counter[str](), Counter[str]()
    for pair in train[::4]:
        source, target = set(str(pair.source).lower().split()), set(pair.target.split())
        here.update(source)
        there.update(target)
        for word in source:
            both[word].update(target)
    best = {
        word: max(beside, key=lambda other: 2 * beside[other] / (here[word] + there[other]))
        for word, beside in both.items()
    }
    return lambda source: " ".join(best.get(word.lower(), word) for word in source.split())


def _nearest(train: Sequence[Pair]) -> Callable[[str], str]:
    """What the sentence of training that shares most words says, the shortest of several."""
    holding: dict[str, list[int]] = defaultdict(list)
    sources = [str(pair.source).lower().split() for pair in train]
    for number, words in enumerate(sources):
        for word in set(words):
            holding[word].append(number)

    def write(source: str) -> str:
        shared = Counter[int]()
        for word in sorted(set(source.lower().split()), key=lambda word: len(holding[word]))[:4]:
            shared.update(holding[word])
        length = len(source.split())
        if not shared:
            return train[0].target
        return train[
            max(shared, key=lambda number: (shared[number] / max(len(sources[number]), length), -number))
        ].target

    return write


def _alike(train: Sequence[Pair], side: int = 16) -> Callable[[Picture], str]:
    """What is said of the picture of training whose pixels are nearest, of `side` x `side` of them: finer ones do no better."""

    def seen(source: Any) -> Any:
        return source.fitted(side).pixels.reshape(-1) / np.float32(255)

    known = np.stack([seen(pair.source) for pair in train])
    lengths = (known**2).sum(axis=1)
    return lambda picture: train[int((lengths - 2 * known @ seen(picture)).argmin())].target


def _drawn(args: Arguments) -> Splits[Pair]:
    if not args.toy:
        return registry.dataset("emoji").load()  # type: ignore[no-any-return]
    from seqgen.datasets import shapes

    scenes = shapes.Scenes("test", 0, 8, 16)
    return Splits(scenes, scenes[:4], scenes[4:])


def _translated(args: Arguments, name: str = "tatoeba") -> Splits[Pair]:
    if not args.toy:
        return registry.dataset(name).load()  # type: ignore[no-any-return]
    said = [Pair("He sleeps.", "Il dort."), Pair("She runs.", "Elle court."), Pair("Go home.", "Rentre chez toi.")]
    return Splits(said * 8, said, said)


if __name__ == "__main__":
    use_compile_cache()
    report_parts(__doc__, PARTS, Arguments)
