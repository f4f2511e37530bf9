"""Sheet music that is written as MusicXML and read again: how many pieces keep pitch, onset, length and voice of each note.

The highest voices of the pieces, where they sing one note at a time, also as ABC.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from _report import Row, parser, report

from seqgen.domains.music import Note, Score, Tempo, read_musicxml
from seqgen.domains.music.files import read_score
from seqgen.errors import DataError

NEAR = 2e-3  # seconds: more than half of the 1/480 of a quarter note that times which are no fraction move by


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--every", type=int, default=1, help="of the songs and chorales, each so many'th (1, all)")
    args = options.parse_args()
    sources = {"a scale": iter([("scale", scale())])}
    if not args.toy and (folder := os.environ.get("SEQGEN_DATA")):
        sources = {"CC0 songs": songs(Path(folder), args.every), "CC0 chorales": chorales(Path(folder), args.every)}
    rows = []
    for name, pieces in sources.items():
        read = exact = tunes = kept = 0
        for title, piece in pieces:
            read += 1
            if cause := lost(piece, "a.musicxml"):
                print(f"not exact: {title}: {cause}")
            exact += not cause
            if tune := highest(piece):
                tunes += 1
                if cause := lost(tune, "a.abc"):
                    print(f"not exact as ABC: {title}: {cause}")
                kept += not cause
        rows += [
            Row(f"{name} read", read),
            Row(f"{name} exact again", 100 * exact / max(read, 1), ">=", 99.0, "%"),
            Row(f"{name}: highest voices of one note at a time", tunes),
            Row(f"{name}: these exact again as ABC", 100 * kept / max(tunes, 1), ">=", 99.0, "%"),
        ]
    report(rows, args.json)


def scale() -> Score:
    return Score([Note(0.25 * i, 60 + i, 0.25) for i in range(12)])


def songs(folder: Path, every: int) -> Iterator[tuple[str, Score]]:
    """Those that can be read; the others are named."""
    with (
        zipfile.ZipFile(folder / "openscore_lieder" / "lieder_mxl.zip") as archive,
        tempfile.TemporaryDirectory() as spare,
    ):
        for name in [name for name in archive.namelist() if name.endswith(".mxl")][::every]:
            path = Path(spare, "song.mxl")
            path.write_bytes(archive.read(name))
            try:
                yield name, read_musicxml(path)
            except DataError as error:
                print(f"not read: {name}: {error}")


def chorales(folder: Path, every: int) -> Iterator[tuple[str, Score]]:
    """Voices in quarter notes, here at 100 a minute."""
    for piece in json.loads((folder / "bach_cc0" / "chorales.json").read_text(encoding="utf-8"))[::every]:
        notes = [
            Note(0.6 * onset, pitch, 0.6 * length, part=part)
            for part, voice in enumerate(piece["voices"])
            for onset, length, pitch in voice
        ]
        yield piece["title"], Score(notes, [Tempo(0.0, 100.0)])


def highest(piece: Score) -> Score | None:
    """The first part alone; None where it sings two notes at once."""
    notes = [note for note in piece.notes if note.part == 0]
    if not notes or any(after.onset < note.end - NEAR for note, after in pairwise(notes)):
        return None
    return replace(piece, notes=notes, names=())


def lost(piece: Score, name: str) -> str:
    """What is not the same after writing and reading a file of this name, in words; nothing where all is."""
    with tempfile.TemporaryDirectory() as folder:
        piece.save(Path(folder, name))
        try:
            again = read_score(Path(folder, name))
        except DataError as error:
            return str(error).removeprefix(folder)
    before, after = (sorted(score.notes, key=lambda n: (n.part, n.pitch, n.onset)) for score in (piece, again))
    if len(before) != len(after):
        return f"{len(after)} notes of {len(before)}"
    for one, other in zip(before, after, strict=True):
        same = (one.part, one.pitch) == (other.part, other.pitch)
        if not (same and abs(one.onset - other.onset) < NEAR and abs(one.end - other.end) < NEAR):
            twice = any(o.part == one.part and o.pitch == one.pitch and o.onset < one.onset < o.end for o in before)
            overlap = any(
                n.part == one.part and n.pitch == one.pitch and one.onset <= n.onset < one.end and n != one
                for n in before
            )
            why = (
                "a pitch is struck again in its voice while it sounds" if twice or overlap else "other times or voices"
            )
            return f"{why}, at {one.onset:.2f} s"
    return ""


if __name__ == "__main__":
    main()
