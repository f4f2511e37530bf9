"""What verbs that make pieces have in common: where these go, as MIDI, sound and pictures."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import UsageError
from seqgen.files.folders import free_path

if TYPE_CHECKING:
    from .score import Score

NOTES = (".mid", ".midi", ".musicxml", ".xml", ".abc")


def add_out(parser: argparse.ArgumentParser) -> None:
    """The options --out and --no-wav."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="NAME.mid",
        help="MIDI, or NAME.musicxml or .abc, which keep chord symbols; NAME.wav, .svg and .png lie beside it; of several "
        "NAME-1.mid, NAME-2.mid, ... (tune.mid)",
    )
    parser.add_argument("--no-wav", action="store_true", help="leave out the sound, 10 MB a minute")


def check_out(args: argparse.Namespace) -> None:
    """Raises UsageError for another file than one of notes."""
    if args.out is not None and args.out.suffix.lower() not in NOTES:
        raise UsageError(f"--out names the file of notes, {args.out} is none; end it in {', '.join(NOTES)}")


def places(args: argparse.Namespace, count: int) -> Iterator[Path]:
    """A file for each of so many pieces."""
    out = args.out or free_path(Path("tune"), ".mid")
    for number in range(1, count + 1):
        yield out if count == 1 else out.with_stem(f"{out.stem}-{number}")


def write(score: Score, notes: Path, sound: bool = True) -> list[Path]:
    """The piece as notes, sound and pictures: their files."""
    paths = [notes, *(notes.with_suffix(ending) for ending in [".wav"] * sound + [".svg", ".png"])]
    for path in paths:
        score.save(path)
    return paths
