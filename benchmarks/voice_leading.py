"""What a harmony teacher would mark: in chorales by the shipped model, by itself and steered, and in tunes it harmonises.

The tunes are sopranos of Bach's chorales, the test part of bach-cc0, which the shipped model has not seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from _report import Row, parser, report

from seqgen import registry
from seqgen.domains import music
from seqgen.domains.music.reports.marks import rates, total
from seqgen.domains.music.voices.leading import RANGES

LEADING = ("off", "soft", "strict")
Pieces = Sequence[music.Score]


def corpora(args: argparse.Namespace) -> list[Row]:
    """What it learned from, and Bach."""
    rows = []
    for name in ("js-fakes", "bach-cc0"):
        splits = registry.dataset(name).load()
        rows += _rows(name, [*splits.train, *splits.valid, *splits.test])
    return rows


def samples(args: argparse.Namespace) -> list[Row]:
    """Pieces from nothing."""
    rows = []
    for leading in LEADING:
        made = music.load(args.model).compose([None] * args.count, bars=args.bars, seed=0, voice_leading=leading)
        rows += _rows(f"samples, {leading}", [one.score for one in made])
    return rows


def harmonised(args: argparse.Namespace) -> list[Row]:
    """Sopranos with new lower voices, beside the true ones."""
    model = music.load(args.model)
    pieces = registry.dataset("bach-cc0").load().test[: args.tunes]
    rows = _rows(f"{args.tunes} of Bach's, as written", pieces)
    for leading, end in (("off", "free"), ("soft", "free"), ("soft", "auto")):
        made = [
            model.harmonise(piece, voice_leading=leading, end=end, particles=args.particles, seed=seed)[0].score
            for seed, piece in enumerate(pieces)
        ]
        rows += _rows(f"their sopranos harmonised, {leading}, end {end}", made)
    return rows


def toy(args: argparse.Namespace) -> list[Row]:
    """A bar, to see that it runs."""
    model = music.load(args.model)
    made = model.compose([None], bars=1, voice_leading="soft")[0].score
    return _rows("toy", [made, model.harmonise(made, particles=2)[0].score])


PARTS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "corpora": corpora,
    "samples": samples,
    "harmonised": harmonised,
}


def _rows(what: str, scores: Pieces) -> list[Row]:
    return [Row(f"{what}: {name}", value) for name, value in rates(total(scores, RANGES)).items()]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--part", action="append", choices=PARTS, help="only this; may repeat (all)")
    options.add_argument("--model", default="bach", help="a model of four voices (bach)")
    options.add_argument("--count", type=int, default=40, help="pieces that are sampled (40)")
    options.add_argument("--bars", type=int, default=16, help="how long each is (16)")
    options.add_argument("--tunes", type=int, default=20, help="tunes that are harmonised (20)")
    options.add_argument("--particles", type=int, default=32, help="of each (32)")
    args = options.parse_args()
    report(toy(args) if args.toy else [row for part in args.part or PARTS for row in PARTS[part](args)], args.json)


if __name__ == "__main__":
    main()
