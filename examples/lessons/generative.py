"""A generative LSTM: new names in the manner of a list, `examples/texts/rivers.txt` or one of yours, a name a line.

It learns syntax (what may follow what in a name, and where a name ends) and style (how these names sound), and makes what was
not in the list. Beside it names of the same letters drawn without order, and of what a model finds likeliest in each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from seqgen.domains import text

LIST = Path(__file__).resolve().parent.parent / "texts" / "rivers.txt"


def pairs_known(names: list[str], known: list[str]) -> float:
    """The share of neighbouring letters that also stand side by side in names that are known."""
    seen = {name[i : i + 2].lower() for name in known for i in range(len(name) - 1)}
    found = [name[i : i + 2].lower() in seen for name in names for i in range(len(name) - 1)]
    return float(np.mean(found)) if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, default=LIST, help="names to learn from, one a line")
    parser.add_argument("--steps", type=int, default=300, help="how long to train (300)")
    parser.add_argument("--out", type=Path, default=Path("runs/generative"), help="folder of the run")
    args = parser.parse_args()
    known = args.list.read_text(encoding="utf-8").split("\n")
    outcome = text.train(args.list, args.out, documents="line", size="tiny", steps=args.steps, start_from="scratch")
    drawn = text.load(outcome.folder).samples([""] * 100, length=30, seed=1)
    names = [name for name in drawn if name.strip()]
    letters, random = np.array(list("".join(names).lower() or "a")), np.random.default_rng(1)
    shuffled = ["".join(random.choice(letters, len(name))) for name in names]
    print("new names:", ", ".join([name for name in names if name not in known][:12]))
    print(f"{np.mean([name in known for name in names] or [False]):.1%} of its names stand in the list")
    print(f"letters side by side as in the list: {pairs_known(names, known):.1%}, of the same letters without order "
          f"{pairs_known(shuffled, known):.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
