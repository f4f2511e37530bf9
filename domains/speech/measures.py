"""How near frames are to those of a recording, by the measures of the field (Wu, Watts & King 2016, Merlin)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .sound.frames import Frames

DECIBELS = 10 / np.log(10) * np.sqrt(2)


class Nearness(NamedTuple):
    """distortion: mel-cepstral, dB. hertz: root mean squared error of the pitch where both have one. voicing: share of
    frames whose voicing is wrong.

    >>> Nearness(5.0, 12.0, 0.05).distortion
    5.0
    """

    distortion: float
    hertz: float
    voicing: float


def nearness(made: Sequence[Frames], recorded: Sequence[Frames]) -> Nearness:
    """Over all frames of all clips; of each pair the frames that both have.

    >>> frames = Frames(np.ones((9, 60)), np.full(9, 5.0), np.ones(9, bool), np.zeros(9))
    >>> nearness([frames], [frames._replace(cepstra=frames.cepstra + np.eye(9, 60, 1))])
    Nearness(distortion=6.141851463713754, hertz=0.0, voicing=0.0)
    """
    far, pitches, wrong = [], [], []
    for mine, given in zip(made, recorded, strict=True):
        count = min(len(mine.pitch), len(given.pitch))
        apart = mine.cepstra[:count, 1:] - given.cepstra[:count, 1:]
        far.append(DECIBELS * np.sqrt((apart**2).sum(axis=1)))
        both = mine.voiced[:count] & given.voiced[:count]
        pitches.append((np.exp(mine.pitch[:count]) - np.exp(given.pitch[:count]))[both])
        wrong.append(mine.voiced[:count] != given.voiced[:count])
    tones = np.concatenate([*pitches, np.zeros(0)])
    hertz = float(np.sqrt((tones**2).mean())) if len(tones) else 0.0
    return Nearness(float(np.concatenate(far).mean()), hertz, float(np.concatenate(wrong).mean()))
