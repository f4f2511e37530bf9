"""The CMU Arctic prompts in one voice: 1,092 sentences, 55 minutes, read by a volunteer for voices to learn from, CC0."""

from __future__ import annotations

import hashlib
from pathlib import Path

from seqgen.datasets import downloads
from seqgen.domain import Splits
from seqgen.domains.speech import Clip, read_clips
from seqgen.errors import DataError

DOMAIN = "speech"
ORIGIN = "https://github.com/rhasspy/dataset-voice-kathleen"
LICENCE = "CC0-1.0: dataset-voice-kathleen, recorded by a volunteer; mixed to mono and resampled (SOURCE.md)"
TABLE = "voice_cc0/metadata.csv"
SHA256 = "cbd521b48c90983efb2d2f614ec227e9a2399d8a3af6250498d749908db14e28"  # see `_sum`


def load(*, download: bool = False) -> Splits[Clip]:
    """arctic_b0400 to b0499 are the test part, b0300 to b0399 the validation, the rest is for training.

    Raises DataError where the folder is not on this machine, whatever `download`, or is not whole.

    >>> import contextlib
    >>> with contextlib.suppress(DataError):  # where it is not on this machine
    ...     assert {len(load().valid), len(load().test)} == {100}
    """
    table = downloads.find(TABLE)
    if table is None:
        raise DataError(
            f"the recordings of arctic-voice are not on this machine: get {ORIGIN} and make {TABLE} of it in the folder that "
            "SEQGEN_DATA names, as SOURCE.md beside this data set says"
        )
    if (found := _sum(table)) != SHA256:
        raise DataError(
            f"{table.parent} is damaged or other recordings: its sum is {found}, not {SHA256}; get it again"
        )
    parts: dict[str, list[Clip]] = {"b03": [], "b04": [], "": []}
    for clip in read_clips(table.parent)[0]:
        part = clip.name.removeprefix("arctic_")[:3]
        parts[part if part in parts else ""].append(clip)
    return Splits(parts[""], parts["b03"], parts["b04"])


def _sum(table: Path) -> str:
    """The SHA-256 of every line of the table, each followed by that of its recording."""
    digest = hashlib.sha256()
    try:
        for line in table.read_bytes().splitlines():
            name = line.partition(b"|")[0].decode("ascii", "replace")
            recording = (table.parent / "wavs" / f"{name}.flac").read_bytes()
            digest.update(line + b"\n" + hashlib.sha256(recording).digest())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the recordings of arctic-voice: {error}; get them again") from None
    return digest.hexdigest()
