"""What a voice's networks say of phones, as frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .clip import PAUSE, Phone
from .codec import VoiceCodec
from .sound.frames import Frames

LONGEST_PHONE = 60  # frames
LIVELINESS = 0.7  # how much of the movement that a mean lacks is given back
SIDE_BY_SIDE = 16  # sentences


def lasting(means: np.ndarray) -> list[int]:
    """Whole numbers of frames, of which each begins where, all in all, it should: what is rounded off is carried on.

    >>> lasting(np.array([1.4, 1.4, 1.4, 0.2]))
    [1, 2, 1, 1]
    """
    found, behind = [], 0.0
    for mean in np.clip(np.nan_to_num(means, nan=1.0), 0.0, LONGEST_PHONE).tolist():
        count = max(1, round(mean + behind))
        behind = min(max(behind + mean - count, -1.0), 1.0)
        found.append(count)
    return found


def spoken(
    codec: VoiceCodec,
    model: Any,
    params: Any,
    sentences: Sequence[Sequence[Phone]],
    counts: Sequence[Sequence[int]] | None = None,
    liveliness: float = LIVELINESS,
) -> list[tuple[Frames, list[int]]]:
    """The frames of phones, and how many of them each lasts: as long as the model expects where `counts` does not say."""
    found = []
    for begin in range(0, len(sentences), SIDE_BY_SIDE):
        part = slice(begin, begin + SIDE_BY_SIDE)
        steps = [codec.steps(phones) for phones in sentences[part]]
        if counts is None:
            own = [lasting(means) for means in model.durations(params, steps)]
        else:
            own = [list(map(int, lasts)) for lasts in counts[part]]
        for rendered, lasts, phones in zip(model.render(params, steps, own), own, sentences[part], strict=True):
            frames = codec.frames(rendered.means, liveliness)
            silent = np.repeat([phone.name == PAUSE for phone in phones], lasts)
            found.append((frames._replace(voiced=frames.voiced & ~silent), lasts))
    return found
