"""What a package puts behind an entry point of the group `seqgen.commands`: its verbs, standard library only."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Commands(NamedTuple):
    """`seqgen NAME ...`: modules of verbs are imported for `--help`, so they import what they need when they run.

    help: one line for `seqgen --help`.
    add: gives the parser its verbs; each sets `run`, a function of the parsed arguments to an exit code.
    findings: what `seqgen doctor` should tell, as (what, value, remark).
    demo: `(folder, seed)`, makes this domain's part of `seqgen demo`, prints it, returns the files it wrote.
    """

    help: str
    add: Callable[[ArgumentParser], None]
    demo: Callable[[Path, int], list[Path]] | None = None
    findings: Callable[[], list[tuple[str, str, str]]] | None = None
