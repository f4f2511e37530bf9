"""Learns drum grooves and plays new ones, at a tempo of yours.

python examples/drums.py --steps 400 --out runs/drums
python examples/drums.py --data my_grooves --steps 2000 --out runs/mine

Without --data the grooves are made here: kick and snare where rock has them, hi-hats in eighths or sixteenths, louder on
the beat, chance for the rest, a fill at the end. What was learned shows in three shares, of the corpus and of the model.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqgen import SeqgenError, Splits
from seqgen.domains import music
from seqgen.domains.music import DRUMS, Note, Score, Tempo
from seqgen.domains.music.files import read_pieces

KICK, SNARE, HAT, TOM, CRASH = 36, 38, 42, 45, 49
STEP = 0.25  # quarter notes, a sixteenth
BARS = 4


def groove(random: np.random.Generator) -> Score:
    """Four bars, three alike and one with a fill."""
    bpm, every = float(random.integers(80, 140)), int(random.choice([1, 2]))
    kicks = {0, 8, *random.choice([3, 6, 7, 10, 11, 14], size=2, replace=False).tolist()}
    struck = [(0, CRASH, 110)]
    for bar in range(BARS):
        fill = 12 if bar == BARS - 1 else 16  # where it begins
        for step in range(16):
            at = 16 * bar + step
            if step in kicks:
                struck.append((at, KICK, 100))
            if step in (4, 12) or step >= fill:
                struck.append((at, SNARE if step % 2 == 0 else TOM, 110))
            if step % every == 0 and step < fill and at:
                struck.append((at, HAT, 90 if step % 4 == 0 else 60))
    seconds = STEP * 60 / bpm
    notes = [Note(seconds * at, drum, seconds / 2, velocity, DRUMS) for at, drum, velocity in struck]
    return Score(notes, (Tempo(0.0, bpm),), names=("drums",))


def measured(scores: Sequence[Score]) -> str:
    """Shares of bars with a kick on one, of second and fourth beats with a snare, and how much louder hats are on the beat."""
    kicks, backbeats, loud, soft = list[bool](), list[bool](), list[int](), list[int]()
    for score in scores:
        struck = {(round(score.beat_at(note.onset) / STEP), note.pitch): note.velocity for note in score.notes}
        for bar in range(round(score.beat_at(score.seconds) / 4)):
            kicks.append((16 * bar, KICK) in struck)
            backbeats += [(16 * bar + step, SNARE) in struck for step in (4, 12)]
        for (at, drum), velocity in struck.items():
            if drum == HAT:
                (soft if at % 4 else loud).append(velocity)
    louder = np.mean(loud or [0]) - np.mean(soft or [0])
    return (
        f"{np.mean(kicks or [False]):.1%} of bars begin with a kick, {np.mean(backbeats or [False]):.1%} of backbeats have a "
        f"snare, hi-hats are {louder:+.0f} on the beat"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a folder of MIDI files with drums (grooves that are made here)")
    parser.add_argument("--steps", type=int, default=400, help="how long to train (400)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    parser.add_argument("--tempo", type=float, default=100.0, help="of the new grooves, beats a minute (100)")
    parser.add_argument("--out", type=Path, default=Path("runs/drums"), help="new folder for the run (runs/drums)")
    args = parser.parse_args()

    random = np.random.default_rng(1)
    if args.data is None:
        learned = [groove(random) for _ in range(200)]
        music.train(
            Splits(learned, [groove(random) for _ in range(20)]),
            args.out,
            encoding="beats",
            size=args.size,
            steps=args.steps,
        )
    else:  # drums="all" where a program wrote them as a piano and they are not found out
        learned = list(read_pieces([args.data]).scores)
        music.train(args.data, args.out, encoding="beats", drums="guess", size=args.size, steps=args.steps)
    made = [one.score for one in music.load(args.out).compose([None] * 10, bars=BARS, tempo=args.tempo, seed=1)]
    print(f"corpus: {measured(learned)}")
    print(f"10 grooves of the model: {measured(made)}")
    for ending in ("mid", "wav", "svg"):
        made[0].save(args.out / f"drums.{ending}")
    print(f"one of them: {args.out / 'drums.mid'}, .wav and .svg")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder, no file with drums: one line says what to do
        raise SystemExit(f"drums: {error}") from None
