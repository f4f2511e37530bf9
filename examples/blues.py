"""Learns the twelve-bar blues, chords and melody at once, and improvises choruses of its own.

python examples/blues.py --steps 400 --out runs/blues

The experiment of Eck & Schmidhuber (2002, "Finding temporal structure in music: blues improvisation with LSTM recurrent
networks"), whose point was the form: a network of before forgot by the turn-around where it had come from. The choruses to
learn from are made here, in twelve keys, chance picks the notes; on the first and third beat of a bar most belong to the
chord. Both are measured in what the model makes: whether the chord of a bar is the form's, and whether strong beats are
locked to it. Beats are learned from the tonic on, so what is learned of one key is known of all.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqgen import SeqgenError, Splits
from seqgen.domains import music
from seqgen.domains.music import Key, Note, Score, Tempo

FORM = (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0)  # semitones from the tonic to the root of each bar's chord
SEVENTH = (0, 4, 7, 10)
BLUES = (0, 3, 5, 6, 7, 10)  # the scale of the melody
BPM, LOCKED = 100.0, 0.85  # of the notes on strong beats are chosen from the chord
EIGHTH = 30 / BPM
LOW, HIGH = 14, 32  # semitones from the chord's root up to the melody
MELODY, PIANO = 0, 1  # parts
KEY = Key(0.0, -1)  # F, of the choruses that are made


def chorus(random: np.random.Generator) -> Score:
    """Twelve bars of eighths in any key: a seventh chord a bar, above it a melody that walks."""
    tonic = int(random.integers(42, 54))
    notes, at = [], tonic + 24
    for bar, root in enumerate(FORM):
        notes += [Note(8 * EIGHTH * bar, tonic + root + tone, 8 * EIGHTH, part=PIANO) for tone in SEVENTH]
        for eighth in range(8):
            strong = eighth % 4 == 0
            if not strong and random.random() < 0.3:
                continue  # a rest
            locked = strong and random.random() < LOCKED
            tones = {tone % 12 for tone in ([root + tone for tone in SEVENTH] if locked else BLUES)}
            near = [p for p in range(tonic + root + LOW, tonic + root + HIGH) if (p - tonic) % 12 in tones]
            weights = np.exp(-np.abs(np.array(near) - at) / 2.0)
            at = int(random.choice(near, p=weights / weights.sum()))
            notes.append(Note(EIGHTH * (8 * bar + eighth), at, EIGHTH, part=MELODY))
    key = Key(0.0, 0).transposed(tonic)
    return Score(notes, (Tempo(0.0, BPM),), keys=(key,), names=("melody", "piano"))


def measured(choruses: Sequence[Score]) -> tuple[float, float]:
    """The share of bars that have the chord of the form, and of melody notes on strong beats that belong to that chord."""
    form, locked = [], []
    for score in choruses:
        tonic = 7 * score.keys[0].fifths
        struck: dict[tuple[int, int], list[int]] = {}
        for note in score.notes:
            struck.setdefault((note.part, round(note.onset / EIGHTH)), []).append(note.pitch)
        for bar, root in enumerate(FORM):
            wanted = {(tonic + root + tone) % 12 for tone in SEVENTH}
            form.append({pitch % 12 for pitch in struck.get((PIANO, 8 * bar), [])} == wanted)
            strong = [pitch for beat in (0, 4) for pitch in struck.get((MELODY, 8 * bar + beat), [])]
            locked += [pitch % 12 in wanted for pitch in strong]
    return float(np.mean(form)), float(np.mean(locked or [False]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=400, help="how long to train (400)")
    parser.add_argument("--size", default="small", help="tiny, small, medium or large (small)")
    parser.add_argument("--out", type=Path, default=Path("runs/blues"), help="new folder for the run (runs/blues)")
    args = parser.parse_args()

    random = np.random.default_rng(1)
    learned, held = ([chorus(random) for _ in range(count)] for count in (200, 20))
    music.train(Splits(learned, held), args.out, encoding="beats", size=args.size, steps=args.steps)
    made = [one.score for one in music.load(args.out).compose([None] * 20, bars=12, key=KEY, tempo=BPM, seed=1)]
    for name, choruses in (("corpus", learned), ("20 choruses of the model", made)):
        form, locked = measured(choruses)
        print(f"{name}: {form:.1%} of bars have the form's chord, {locked:.1%} of strong beats are chord tones")
    made[0].save(args.out / "blues.mid")
    made[0].plot(args.out / "blues.svg")
    print(f"one of them: {args.out / 'blues.mid'} and {args.out / 'blues.svg'}")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # a used folder: one line says what to do
        raise SystemExit(f"blues: {error}") from None
