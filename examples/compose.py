"""Composes a few pieces at once, scores them, and writes each as MIDI, sound and a picture.

python examples/compose.py                        the model that ships inside
python examples/compose.py runs/my_music          one of your own
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import music


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="bach", help="a shipped name, a run or a model folder")
    parser.add_argument("--count", type=int, default=3, help="how many pieces (3)")
    parser.add_argument("--seconds", type=float, default=20, help="how long each is (20)")
    parser.add_argument("--out", type=Path, default=Path("compose"), help="folder for them (compose)")
    args = parser.parse_args()
    model = music.load(args.model)
    args.out.mkdir(parents=True, exist_ok=True)

    # Many at once cost little more than one; each is the same as if it had been made alone.
    made = model.compose([None] * args.count, seconds=args.seconds, seed=1)
    for number, piece in enumerate((composition.score for composition in made), start=1):
        path = args.out / f"{number}.mid"
        piece.save(path)
        piece.render(path.with_suffix(".wav"))
        piece.plot(path.with_suffix(".png"))
        print(f"{path}: {len(piece.notes)} notes, {piece.seconds:.1f} s")

    # A piece is a value: notes in seconds, which anybody may change.
    lower = made[0].score.transposed(-2).stretched(1.5)
    lower.save(args.out / "slow.mid")
    print(f"{args.out / 'slow.mid'}: the first, two semitones lower and half as long again, {lower.seconds:.1f} s")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # no such model, a damaged one, settings out of range
        raise SystemExit(f"compose: {error}") from None
