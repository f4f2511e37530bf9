"""Writes the lower voices to a tune, three ways, and then two bars of one of them anew.

python examples/harmonise.py                         Auld lang syne
python examples/harmonise.py my_tune.mid             one of your own: MIDI, MusicXML or ABC
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seqgen import SeqgenError
from seqgen.domains import music
from seqgen.domains.music.files import read_score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tune", nargs="?", type=Path, default=Path(__file__).with_name("auld_lang_syne.abc"))
    parser.add_argument("--model", default="bach", help="a shipped name, a run or a model folder")
    parser.add_argument("--particles", type=int, default=32, help="how many ways are tried beside one another (32)")
    parser.add_argument("--out", type=Path, default=Path("harmonise"), help="folder for them (harmonise)")
    args = parser.parse_args()
    model, tune = music.load(args.model), read_score(args.tune)
    args.out.mkdir(parents=True, exist_ok=True)

    # How it goes on counts from the beginning: ways that make the rest of the tune unlikely are given up.
    made = model.harmonise(tune, keep="soprano", count=3, particles=args.particles, seed=1)
    for number, piece in enumerate(made, start=1):
        path = args.out / f"{number}.mid"
        piece.score.save(path)
        piece.score.plot(path.with_suffix(".png"))
        print(f"{path}: {piece.made} notes to {len(tune.notes)} of the tune, {piece.log_prob:.0f} nats")

    # Likelier is not better, but more as usual.
    likeliest = max(made, key=lambda piece: piece.log_prob).score
    (other,) = model.inpaint(likeliest, bars=(3, 4), voices="alto,tenor", particles=args.particles, seed=2)
    other.score.save(args.out / "other.mid")
    print(f"{args.out / 'other.mid'}: {other.made} other notes in bars 3 and 4 of alto and tenor")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # two notes at once, off the grid, no such model
        raise SystemExit(f"harmonise: {error}") from None
