"""What verbs have in common that draw from a model: which model, how it is drawn from, and from which seed.

Only the standard library is imported before a verb runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any


def add_model(parser: argparse.ArgumentParser, usual: str) -> None:
    """The option --model, also of verbs that only score."""
    named = f"a shipped name, a run or a model folder ({usual})"
    parser.add_argument("--model", default=usual, metavar="MODEL", help=named)


def add_options(parser: argparse.ArgumentParser, *, steps: str, temperature: float, min_p: float = 0.0) -> None:
    """The options of drawing among symbols, see `options_of`; steps: what these are called; temperature, min_p: the usual ones."""
    how = f"0 likeliest, 1 as learned, more is wilder ({temperature:g})"
    parser.add_argument("--temperature", type=float, default=temperature, help=how)
    parser.add_argument("--top-k", type=int, default=0, help=f"only the k likeliest {steps} (all)")
    parser.add_argument("--top-p", type=float, default=1.0, help="only the likeliest that reach probability p (all)")
    least = f"only those at least this fraction as likely as the likeliest ({min_p:g})"
    parser.add_argument("--min-p", type=float, default=min_p, help=least)


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options of drawing, by the names that a model's methods take them by."""
    return {name: getattr(args, name) for name in ("temperature", "top_k", "top_p", "min_p")}


def add_seed(parser: argparse.ArgumentParser, makes: str) -> None:
    """The option --seed; makes: what the same one does, such as "writes the same text"."""
    parser.add_argument("--seed", type=int, help=f"the same seed {makes}")


def pick_seed(asked: int | None) -> int:
    """The seed asked for, or a new one; `tell_seed` names it, once nothing else is wrong with the request."""
    return int.from_bytes(os.urandom(3), "big") if asked is None else asked


def tell_seed(asked: int | None, seed: int) -> None:
    """Says how the same can be had again, to somebody who asked for no seed."""
    if asked is None:
        print(f"seqgen: --seed {seed} makes the same again", file=sys.stderr)
