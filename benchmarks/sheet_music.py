"""Sheet music that is written as MusicXML and read again: how many pieces keep pitch, onset, length and voice of each note."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from _report import Row, parser, report

from seqgen.domains.music import Note, Score, Tempo, read_musicxml, write_musicxml
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
        read = exact = 0
        for title, piece in pieces:
            read += 1
            if cause := lost(piece):
                print(f"not exact: {title}: {cause}")
            exact += not cause
        rows += [Row(f"{name} read", read), Row(f"{name} exact again", 100 * exact / max(read, 1), ">=", 99.0, "%")]
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


def lost(piece: Score) -> str:
    """What is not the same after writing and reading, in words; nothing where all is."""
    with tempfile.TemporaryDirectory() as folder:
        write_musicxml(piece, Path(folder, "a.musicxml"))
        try:
            again = read_musicxml(Path(folder, "a.musicxml"))
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
