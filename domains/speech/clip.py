"""A stretch of speech: what every reader of the domain returns and every writer takes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqgen.errors import DataError
from seqgen.files.wav import wav_bytes

RATE = 16_000  # samples a second that voices have
LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
LONGEST = 3600.0  # seconds
SHOWN = 60.0  # seconds that a notebook plays: of 16 kHz 2.6 MB of page
PAUSE = "_"
MARKS = ("", ",", ".", "?")  # what a pause stands for


class Phone(NamedTuple):
    """A sound of a language, as ARPAbet names it, or a pause.

    stress: 1 primary, 2 secondary, 0 none. first, last: of its word. mark: of a pause, the sign that asks for it.

    >>> Phone("AH", 1, first=True).name
    'AH'
    """

    name: str
    stress: int = 0
    first: bool = False
    last: bool = False
    mark: str = ""


@dataclass(frozen=True, eq=False)
class Clip:
    """Speech, and what is said in it.

    samples: float32 `[N]`, -1 to 1. rate: of them a second. text: what is said. name: of the recording.
    phones: its sounds, pauses among them. ends: seconds at which each ends, where that is known.

    Raises DataError for samples that are no numbers, rates other than 8 to 48 kHz, and beyond an hour.

    >>> Clip(np.zeros(8000), 16_000, "hm").seconds
    0.5
    """

    samples: NDArray[np.float32]
    rate: int = RATE
    text: str = ""
    name: str = ""
    phones: tuple[Phone, ...] = ()
    ends: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        samples = _samples(self.samples)
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise DataError(
                f"sound of {self.rate:,} samples a second is no speech that can be used; give 8,000 to 48,000"
            )
        if len(samples) > LONGEST * self.rate:
            raise DataError(
                f"the clip lasts {len(samples) / self.rate:,.0f} s, more than {LONGEST:,.0f}; cut it into sentences"
            )
        if not np.isfinite(samples).all():
            raise DataError("the clip holds samples that are no numbers; record or export it again")
        object.__setattr__(self, "samples", samples)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate

    def _repr_html_(self) -> str:
        """In a notebook: a player of its first minute, and its text."""
        from base64 import b64encode

        sound = b64encode(wav_bytes(self.samples[: round(SHOWN * self.rate)], self.rate)).decode()
        player = f'<audio controls src="data:audio/wav;base64,{sound}"></audio>'
        return f"<figure>{player}<figcaption>{escape(self.text)}</figcaption></figure>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Clip):
            return NotImplemented
        mine, others = ((clip.rate, clip.text, clip.name, clip.phones, clip.ends) for clip in (self, other))
        return mine == others and np.array_equal(self.samples, other.samples)

    def __hash__(self) -> int:
        return hash((self.rate, self.text, self.name, len(self.samples)))


def _samples(given: ArrayLike) -> NDArray[np.float32]:
    samples = np.asarray(given)
    if samples.ndim != 1 or samples.dtype.kind not in "fiu":
        raise DataError(
            f"samples of the shape {list(samples.shape)} are no sound of one channel; give an array [samples]"
        )
    samples = samples.astype(np.float32)  # a copy
    samples.flags.writeable = False
    return samples
