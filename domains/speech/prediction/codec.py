"""Clips as frames one after the other, of which each is how far the voice has moved since the last."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import DataError, ModelError
from seqgen.spec import Continuous

from ..clip import Clip
from ..sound.analysis import analysed
from ..sound.frames import ORDERS, Frames, unstacked
from ..sound.vocoder import synthesised

FINEST = 2.0**-8  # of a deviation: what frames are rounded to, so that movements add up to them exactly
FURTHEST = 100.0  # deviations from the mean
SOME = 150  # clips that scales are taken from
LOUDEST, HIGHEST = 2.0, 6.2  # of a frame that was drawn: c0 in ln amplitude; pitch, ln of Hz
LOWEST = 3.7

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SoundCodec:
    """A `seqgen.domain.Codec[Clip]` without texts: a step is what changes from one frame of 10 ms to the next.

    means: of a frame's values; the first step leads there from. scales: the usual size of a value's movement.

    >>> codec = SoundCodec.fit([Clip(np.random.default_rng(0).normal(0, 0.1, 16_000))])
    >>> codec.spec
    Continuous(dim=63)
    """

    means: Floats
    scales: Floats

    @classmethod
    def fit(cls, clips: Sequence[Clip]) -> SoundCodec:
        """Learned from clips, with texts or without. Raises DataError where none has a sound."""
        clips = [clip for clip in clips if len(clip.samples)]
        if not clips:
            raise DataError("there is nothing to learn from: give clips with sound")
        frames = [analysed(clip).stacked() for clip in clips[:: -(-len(clips) // SOME)]]
        every = np.concatenate(frames)
        moves = np.concatenate([np.diff(part, axis=0) for part in frames])
        scales = np.maximum(np.sqrt((moves**2).mean(axis=0)) if len(moves) else 0.0, 0.01 * every.std(axis=0) + 1e-3)
        return cls(np.round(every.mean(axis=0), 5), np.round(scales, 5))

    @property
    def spec(self) -> Continuous:
        """The movements of a frame's values."""
        return Continuous(len(self.means))

    def canonical(self, item: Clip) -> Clip:
        """Its sound as the vocoder makes it."""
        return self.decode(self.encode(item).steps)

    def encode(self, item: Clip) -> Example:
        """The movements of a clip's frames, the first from the mean. Raises DataError for one without sound."""
        if not len(item.samples):
            raise DataError(f"the clip {item.name} has no sound: there is nothing that could go on")
        values = np.clip((analysed(item).stacked() - self.means) / self.scales, -FURTHEST, FURTHEST)
        values = np.round(values / FINEST) * FINEST
        return Example(np.diff(values, axis=0, prepend=0.0).astype(np.float32))

    def frames(self, steps: NDArray[Any]) -> Frames:
        """The frames that movements lead to; what no voice does is bounded."""
        moves = np.nan_to_num(
            np.asarray(steps, np.float64).reshape(-1, len(self.means)), nan=0.0, posinf=0.0, neginf=0.0
        )
        values = np.clip(np.cumsum(np.clip(moves, -1e6, 1e6), axis=0), -FURTHEST, FURTHEST) * self.scales + self.means
        values[:, 0] = np.minimum(values[:, 0], LOUDEST)
        values[:, ORDERS] = np.clip(values[:, ORDERS], LOWEST, HIGHEST)
        return unstacked(values)

    def decode(self, steps: Any) -> Clip:
        """The sound of movements."""
        return Clip(synthesised(self.frames(steps)))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "sound", "means": self.means.tolist(), "scales": self.scales.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SoundCodec:
        """The codec that wrote `data`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "sound", "means": [*means], "scales": [*scales], **others} if (
                not others
                and len(means) == len(scales) == ORDERS + 3
                and all(isinstance(value, int | float) and math.isfinite(value) for value in (*means, *scales))
                and min(scales) > 0
            ):
                return cls(np.array(means, np.float64), np.array(scales, np.float64))
        raise ModelError("the codec of a model of sound is none; the model is damaged or newer")
