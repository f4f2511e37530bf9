"""Lets a text model write in several moods and letter by letter, and asks it how likely a sentence is.

python examples/sample_text.py                       the model that ships inside
python examples/sample_text.py runs/my_book          one of your own
"""

from __future__ import annotations

import argparse

from seqgen import SeqgenError
from seqgen.domains import text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="shakespeare", help="a shipped name, a run or a model folder")
    parser.add_argument("--prompt", default="ROMEO:", help="what to go on from (ROMEO:)")
    parser.add_argument("--length", type=int, default=200, help="new characters (200)")
    parser.add_argument("--sentence", default="To be, or not to be, that is the question:", help="what to score")
    args = parser.parse_args()
    model = text.load(args.model)

    for temperature in (0.0, 0.5, 0.8, 1.1):  # 0 writes the likeliest letter each time and soon goes in circles
        print(f"--- temperature {temperature}")
        print(model.sample(args.prompt, length=args.length, temperature=temperature, seed=1), "\n")

    print("--- as it is written, up to the first empty line")
    print(args.prompt, end="")
    for [piece] in model.stream([args.prompt], length=args.length, temperature=0.7, seed=2, stop="\n\n"):
        print(piece, end="", flush=True)

    print("\n\n--- how likely: bits a character, forwards, in capitals and backwards")
    for sentence in (args.sentence, args.sentence.upper(), args.sentence[::-1]):
        print(f"{model.score(sentence).bits_per_char:5.2f}  {sentence}")


if __name__ == "__main__":
    try:
        main()
    except SeqgenError as error:  # no such model, a damaged one, settings out of range
        raise SystemExit(f"sample_text: {error}") from None
