"""Learns folk tunes with their chord symbols, lead sheets, and writes a tune to chords of yours.

python examples/lead_sheets.py --steps 400 --chords "Am F C G" --out runs/tunes
python examples/lead_sheets.py --data my_tunes.abc --steps 2000 --out runs/mine

A tune book in ABC, or a folder of ABC and MusicXML, is what people have (--data). Without it the tunes are made here, in
ABC as well: two strains of four bars, each repeated, in keys that folk music likes; chance picks the notes, and on the
first and third beat most belong to the chord. How many do is printed, of the tunes and of what the model writes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqgen import SeqgenError, UsageError
from seqgen.domains import music
from seqgen.domains.music import Chord, Score
from seqgen.domains.music.files import read_pieces

KEYS = {"G": "G C D Em", "D": "D G A Bm", "Am": "Am F C G", "Em": "Em C G D"}  # a key and its chords
LETTERS = "CDEFGABcdefgab"
ROOTS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
LOCKED = 0.85  # of the notes on strong beats are chosen from the chord


def tune(number: int, random: np.random.Generator) -> str:
    """Sixteen bars of eighths, AABB, in ABC."""
    key = str(random.choice(list(KEYS)))
    strains, at = [], 7
    for _ in range(2):
        bars = []
        for chord in random.permutation(KEYS[key].split()):
            root = LETTERS.index(chord[0])
            bar = f'"{chord}"'
            for eighth in range(8):
                locked = eighth % 4 == 0 and random.random() < LOCKED
                near = [place for place in range(14) if not locked or (place - root) % 7 in (0, 2, 4)]
                weights = np.exp(-np.abs(np.array(near) - at) / 1.5)
                at = int(random.choice(near, p=weights / weights.sum()))
                bar += LETTERS[at]
            bars.append(bar)
        strains.append("|:" + "|".join(bars) + ":|")
    return f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/8\nQ:1/4=120\nK:{key}\n" + "\n".join(strains) + "\n"


def tones(chord: Chord) -> set[int]:
    """The pitch classes of a triad."""
    root = ROOTS[chord.symbol[0]] + chord.symbol.count("#") - chord.symbol.count("b")
    return {(root + step) % 12 for step in (0, 3 if chord.symbol[1:2] == "m" else 4, 7)}


def measured(scores: Sequence[Score]) -> str:
    """The share of notes on the first and third beat of a bar that belong to the chord over them."""
    locked = []
    for score in scores:
        for note in score.notes:
            under = [chord for chord in score.chords if chord.time <= note.onset + 1e-6]
            if under and under[-1].symbol[0] in ROOTS and round(4 * score.beat_at(note.onset)) % 8 == 0:
                locked.append(note.pitch % 12 in tones(under[-1]))
    return f"{np.mean(locked or [False]):.1%} of {len(locked):,} notes on strong beats are chord tones"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a tune book in ABC, or a folder of ABC and MusicXML (tunes that are made here)")
    parser.add_argument("--chords", default="Am F C G", help="to write to, a bar each, over and over (Am F C G)")
    parser.add_argument("--steps", type=int, default=400, help="how long to train (400)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    parser.add_argument("--out", type=Path, default=Path("runs/tunes"), help="new folder for the run (runs/tunes)")
    args = parser.parse_args()

    data = args.data
    if data is None:
        random = np.random.default_rng(1)
        data = args.out.with_suffix(".abc")
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_text("\n".join(tune(number, random) for number in range(1, 201)))
    music.train(data, args.out, encoding="beats", size=args.size, steps=args.steps)
    made = music.load(args.out).compose([None] * 10, bars=8, chords=args.chords, seed=1)
    print(f"what it learned from: {measured(read_pieces([data]).scores)}")
    print(f"10 tunes of the model to {args.chords}: {measured([one.score for one in made])}")
    for file in (args.out / f"tune.{ending}" for ending in ("abc", "musicxml", "mid", "svg")):
        try:
            made[0].score.save(file)
            print(f"one of them: {file}")
        except UsageError as error:  # after few steps a model writes more voices than a tune in ABC has
            print(f"not as {file.suffix}: {error}")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder, no such file, a chord that is none: one line says what to do
        raise SystemExit(f"lead_sheets: {error}") from None
