"""How well music is learned, and how sound what is composed is: every figure of docs/music.md.

The shipped model is measured as it is. The rows on Bach's chorales, on given voices and on piano rolls train models of
their own, in --runs, and take what was trained there before; that takes long. Choose parts with --part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import _chorales
import _given
import _piano_rolls
import _songs
import numpy as np
from _ngram import KneserNey
from _report import Row, report_parts
from _sample_measures import longest_note, longest_silence, overlap, pitch_classes, same_bars

from seqgen import DataError, Splits, registry
from seqgen.datasets import downloads
from seqgen.domains import music
from seqgen.domains.music.files import read_pieces
from seqgen.domains.music.grid import fits
from seqgen.domains.music.reports.marks import rates, total
from seqgen.domains.music.voices.filling import PARTICLES
from seqgen.domains.music.voices.leading import RANGES
from seqgen.models.shipped import megabytes

SAMPLES, BARS, TUNES = 20, 16, 20
Pieces = Sequence[music.Score]


class Arguments:
    """What was asked for, and the data it is about, read when it is needed."""

    def __init__(self, toy: bool, runs: Path) -> None:
        self.toy, self.runs = toy, runs

    @property
    def learned(self) -> Splits[music.Score]:
        """What the shipped model learned from, and what was held out."""
        return _toy_chorales() if self.toy else registry.dataset("free-chorales").load()

    @property
    def chorales(self) -> Splits[music.Score]:
        return _toy_chorales() if self.toy else registry.dataset("jsb-chorales").load()


def shipped(args: Arguments) -> list[Row]:
    """Held-out pieces: the model beside one that counts."""
    splits, model = args.learned, music.load()
    streams = [[model.codec.encode(piece).steps.tolist() for piece in part] for part in (splits.train, splits.test)]
    assert isinstance(model.codec, music.Grid)
    counting = KneserNey(streams[0], model.codec.spec.size)
    baseline = float(np.mean([nats for stream in streams[1] for nats in counting.nats(stream)]))
    scores = [model.score(piece) for piece in splits.test]
    events = sum(score.events for score in scores)
    per_event = sum(score.nats for score in scores) / events
    size = megabytes(Path(music.DOMAIN.shipped or "", model.name))
    return [
        Row("shipped model, test pieces", per_event, unit="nats/event"),
        Row("interpolated Kneser-Ney 5-gram, the same events", baseline, unit="nats/event"),
        Row("shipped model below the 5-gram", 100 * (1 - per_event / baseline), ">=", 20, "%"),
        Row(
            "shipped model, a voice in a sixteenth",
            sum(s.nats for s in scores) / sum(s.notes for s in scores),
            unit="nats/note",
        ),
        Row("shipped model, test events", events),
        Row("shipped model on disk", size, "<=", 10, "MB"),
    ]


def samples(args: Arguments) -> list[Row]:
    """What can be wrong with a piece, at the worst of all samples."""
    count = 2 if args.toy else SAMPLES
    made = music.load().compose([None] * count, bars=BARS, seed=0)
    pieces = [one.score for one in made]
    held = [*args.learned.valid, *args.learned.test]
    what = f"worst of {count} samples of {BARS} bars"
    return [
        Row(f"{what}: longest silence", max(map(longest_silence, pieces)), "<=", 3, "s"),
        Row(f"{what}: longest note", max(map(longest_note, pieces)), "<=", 8, "s"),
        Row(f"{what}: the same bar in a row", max(map(same_bars, pieces)), "<=", 4, "bars"),
        Row(
            "pitch classes shared with held-out pieces", overlap(pitch_classes(pieces), pitch_classes(held)), ">=", 0.8
        ),
        Row(
            "the same, each sample by itself, lowest",
            min(overlap(pitch_classes([p]), pitch_classes(held)) for p in pieces),
        ),
        Row("notes ended by force", 100 * sum(m.closed for m in made) / sum(m.made for m in made), "<=", 2, "%"),
    ]


def chorales(args: Arguments) -> list[Row]:
    """Bach's chorales, joint."""
    splits = args.chorales
    toy: dict[str, Any] = {"size": "tiny", "steps": 4} if args.toy else {}
    model = _chorales.train(splits, args.runs / "jsb16", **toy)
    rows = []
    for name, pieces, target in (("validation", splits.valid, 0.40), ("test", splits.test, None)):
        joint, what = _chorales.score(model, pieces), f"JSB-16 {name}"
        by_pitch, by_last = _chorales.by_counting(splits.train, pieces)
        rows += [
            Row(f"{what}, joint", joint.note, "<=", target, "nats/note"),
            Row(f"{what}, held cells", joint.held, unit="nats/note"),
            Row(f"{what}, changed cells", joint.changed, unit="nats/note"),
            Row(f"{what}, markers of beats and bars, included above", joint.markers, unit="nats/note"),
            Row(f"{what}, by each voice's pitches alone", by_pitch, unit="nats/note"),
            Row(f"{what}, by the voice's last pitch", by_last, unit="nats/note"),
        ]
    return rows


def given(args: Arguments) -> list[Row]:
    """Sopranos of Bach's: how likely his lower voices are to models of one size, and what the last of these sings instead."""
    splits, rows, nats, kinds = args.learned, [], [], _given.KINDS
    toy: dict[str, Any] = {"steps": 2} if args.toy else {}
    for name, kind in (dict.fromkeys(kinds, [*kinds.values()][-1]) if args.toy else kinds).items():
        folder = args.runs / f"given-{'any' if kind.any else 'soprano'}-{kind.ahead}"  # of a toy they are one
        model = _given.train(splits, folder, kind, **toy)
        nats.append(_given.nats_a_note(model, splits.test))
        rows.append(Row(f"lower voices, {name}", nats[-1], unit="nats/note"))
    rows += [
        Row("anything given, over the soprano given", nats[1] / nats[0], "<=", 1),
        Row("with a backward pass, below the soprano given", 100 * (1 - nats[2] / nats[0]), ">=", 5, "%"),
    ]
    pieces = splits.test[: 1 if args.toy else TUNES]
    bach = rates(total(pieces, RANGES))
    for leading, end in (("off", "free"), ("soft", "auto")):
        how: dict[str, Any] = {"voice_leading": leading, "end": end, "particles": 2 if args.toy else PARTICLES}
        made = [model.harmonise(piece, seed=seed, **how)[0].score for seed, piece in enumerate(pieces)]
        for name, value in rates(total(made, RANGES)).items():
            target = 2 * bach[name] if name.startswith("parallel") else None
            rows.append(Row(f"{len(pieces)} sopranos harmonised, {leading}, end {end}: {name}", value, "<=", target))
    return rows


def rolls(args: Arguments) -> list[Row]:
    """Piano rolls, the protocol of Bai, Kolter & Koltun (2018)."""
    rows = []
    targets = {
        ("JSB_Chorales", "sigmoid"): 8.10,
        ("Nottingham", "sigmoid"): 3.07,
        ("JSB_Chorales", "NADE"): 5.83,
        ("Nottingham", "NADE"): 2.91,
    }
    for (name, head), target in targets.items():
        if args.toy and name == "Nottingham":
            continue
        recipe = _piano_rolls.RECIPES[name, head]
        splits = _toy_rolls() if args.toy else _piano_rolls.load(_measured(f"poly_music/{name}.mat"))
        if args.toy:
            recipe = recipe._replace(steps=4, units=8)
        result = _piano_rolls.score(_piano_rolls.train(splits, recipe, args.runs / f"{name}-{head}"), splits.test)
        rows += [
            Row(f"{name}, {head} head, test, pooled", result.pooled, "<=", target, "nats/step"),
            Row(f"{name}, {head} head, mean of the pieces' means", result.by_piece, unit="nats/step"),
            Row(f"{name}, {head} head, scored steps", result.steps),
        ]
    return rows


def songs(args: Arguments) -> list[Row]:
    """The model of songs that ships: composers it has not read, every song to symbols and back, and keys."""
    splits = _toy_chorales() if args.toy else registry.dataset("lieder").load()
    model, count = music.load("songs"), 2 if args.toy else 40
    held, kept = _songs.held(model, splits), _songs.kept(model, splits)
    made = [one.score for one in model.compose([None] * count, bars=2 if args.toy else BARS, seed=0)]
    return [
        Row("songs, of composers not learned from", held.note, unit="nats/note"),
        Row("songs, a symbol", held.symbol, unit="nats/symbol"),
        Row("modified Kneser-Ney 5-gram, the same symbols", held.counted, unit="nats/note"),
        Row("songs below the 5-gram", 100 * (1 - held.note / held.counted), ">=", 25, "%"),
        Row("songs read", kept.songs),
        Row("songs that do not come back exact on the grid", kept.wrong, "<=", 0),
        Row("notes that lie off the grid", 100 * kept.moved / kept.notes, unit="%"),
        Row("test songs, notes in the scale of their key", 100 * _songs.in_scale(splits.test), unit="%"),
        Row(f"{count} samples, the same", 100 * _songs.in_scale(made), unit="%"),
    ]


def files(args: Arguments) -> list[Row]:
    """Every readable file of the measurement data, to events and back."""
    if args.toy:
        pieces: Pieces = args.learned.test
    else:
        pieces = read_pieces([downloads.data_folder()]).scores
    wrong = 0
    for piece in pieces:
        codecs: list[music.Performance | music.Beats | music.Grid] = [music.Performance(), music.Beats()]
        codecs += [music.Grid()] if fits(piece) else []
        for codec in codecs:
            wrong += codec.decode(codec.encode(piece).steps) != codec.canonical(piece)
    return [Row("pieces read", len(pieces)), Row("pieces that do not come back exact on the grid", wrong, "<=", 0)]


PARTS: dict[str, Callable[[Arguments], list[Row]]] = {
    "shipped": shipped,
    "samples": samples,
    "chorales": chorales,
    "given": given,
    "rolls": rolls,
    "songs": songs,
    "files": files,
}


def _measured(name: str) -> Path:
    path = downloads.data_folder() / name
    if not path.exists():
        raise DataError(f"{name} is not in the measurement data; name its folder in SEQGEN_DATA")
    return path


def _toy_chorales() -> Splits[music.Score]:
    """Chords that go up and down: something to learn in no time."""

    def piece(start: int) -> music.Score:
        chords = [(start + step % 5, part) for step in range(40) for part in range(4)]
        return music.Score(
            [music.Note(0.6 * (i // 4), 72 - 8 * part + up, 0.6, part=part) for i, (up, part) in enumerate(chords)],
            [music.Tempo(0.0, 100.0)],
        )

    pieces = [piece(start) for start in range(8)]
    return Splits(pieces[:6], pieces[6:7], pieces[7:])


def _toy_rolls() -> Splits[np.ndarray]:
    rolls = [np.random.default_rng(seed).integers(0, 2, (40, 88)).astype(np.uint8) for seed in range(4)]
    return Splits(rolls[:2], rolls[2:3], rolls[3:])


if __name__ == "__main__":
    report_parts(__doc__, PARTS, Arguments)
