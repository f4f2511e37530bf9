"""The options of `seqgen text sample` that say what a text keeps to. Only the standard library is imported."""

from __future__ import annotations

import argparse
import re
from typing import Any


def add_limits(sample: argparse.ArgumentParser) -> None:
    """The options, see `limits_of`."""
    sample.add_argument("--best-of", type=int, default=1, metavar="K", help="the likeliest of K texts for each (1)")
    sample.add_argument("--match", metavar="REGEX", help="the new text matches it as a whole, such as '[A-Z]+: .*\\n'")
    sample.add_argument("--ban", action="append", metavar="TEXT", help="never write this; may repeat")
    sample.add_argument("--max-repeat", type=int, metavar="N", help="write nothing over N characters twice: no loops")
    sample.add_argument(
        "--max-copy", type=int, metavar="N", help="copy no more than N characters of what it learned from"
    )
    sample.add_argument("--corpus", metavar="DATA", help="for --max-copy: another file, folder or data set")
    penalised = "of characters that were there"
    sample.add_argument("--repetition", type=float, metavar="R", help=f"multiplies the log-probability {penalised} (1)")
    sample.add_argument(
        "--presence", type=float, metavar="NATS", help=f"taken from the log-probability {penalised} (0)"
    )
    sample.add_argument("--frequency", type=float, metavar="NATS", help="the same for each time that they were (0)")


def limits_of(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, by the names that `TextModel.stream` takes."""
    names = ("match", "ban", "max_repeat", "max_copy", "corpus", "repetition", "presence", "frequency")
    limits = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if "ban" in limits:
        limits["ban"] = [unescaped(text) for text in limits["ban"]]
    return limits


def unescaped(text: str) -> str:
    r"""What is typed on a command line, with its escapes read: \n, \t and \\; any other backslash is one.

    >>> unescaped(r"ROMEO:\nBut \\begin \section")
    'ROMEO:\nBut \\begin \\section'
    """
    return re.sub(r"\\[nt\\]", lambda found: {"n": "\n", "t": "\t"}.get(found[0][1], "\\"), text)
