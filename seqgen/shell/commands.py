"""What a package puts behind an entry point of the group `seqgen.commands`: its verbs, standard library only."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


def example(verb: ArgumentParser, *lines: str) -> None:
    """What a verb's --help ends with: commands to copy, each on one line however long it is.

    >>> verb = ArgumentParser("seqgen text score")
    >>> example(verb, "seqgen text score play.txt --adapt")
    >>> verb.format_help().splitlines()[-2:]
    ['example:', '  seqgen text score play.txt --adapt']
    """
    verb.formatter_class = RawDescriptionHelpFormatter
    verb.epilog = "\n".join(["example:", *(f"  {line}" for line in lines)])


class Demo(NamedTuple):
    """A part of `seqgen demo`.

    make: `(folder, seed)`, makes it, prints it, returns the files it wrote.
    about: a sentence for the page: what this is and what made it.
    again: a command line that makes more of it.
    """

    make: Callable[[Path, int], list[Path]]
    about: str
    again: str


class Commands(NamedTuple):
    """`seqgen NAME ...`: modules of verbs are imported for `--help`, so they import what they need when they run.

    help: one line for `seqgen --help`.
    add: gives the parser its verbs; each sets `run`, a function of the parsed arguments to an exit code.
    findings: what `seqgen doctor` should tell, as (what, value, remark).
    demo: this domain's part of `seqgen demo`.
    """

    help: str
    add: Callable[[ArgumentParser], None]
    demo: Demo | None = None
    findings: Callable[[], list[tuple[str, str, str]]] | None = None
