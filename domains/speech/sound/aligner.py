"""Which stretch of a recording is which phone: a hidden Markov model that learns it from recordings and texts alone.

Three states a phone, left to right, each a diagonal Gaussian over what is heard; pauses between words where there are any.
It begins with phones of even length, and in turns lays them out anew and learns the Gaussians from that (Viterbi training,
Juang & Rabiner 1990).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqgen.errors import DataError, ModelError

from ..clip import PAUSE, Phone
from .listening import WIDTH

Floats = NDArray[np.float32]

STATES = 3  # of a phone: no phone is shorter than 15 ms
TURNS = 10
ENOUGH = 400  # clips that it learns from, of any number
AT_ONCE = 48  # clips
FLOOR = 0.05  # of a value's variance over everything: what no state has less of
UNLIKELY = -1e9
TOO_LITTLE = 30  # frames of a state, below which what it has in common with all the others counts


class Heard(NamedTuple):
    """What is heard, `[T, 39]` every 5 ms, and the phones that are said, pauses where there may be one."""

    frames: Floats
    phones: tuple[Phone, ...]


class Laid(NamedTuple):
    """frames: how many of 5 ms each phone lasts, 0 for a pause that is not made. score: mean log-likelihood of a frame."""

    frames: NDArray[np.int64]
    score: float


@dataclass(frozen=True, eq=False)
class Aligner:
    """Gaussians of the states of phones; `names` with the pause. means, deviations: `[3 phones, 39]`.

    >>> from .listening import heard
    >>> noise = np.random.default_rng(0).standard_normal(8000)
    >>> clip = Heard(heard(noise), (Phone(PAUSE), Phone("S", first=True, last=True), Phone(PAUSE, mark=".")))
    >>> aligner = Aligner.fit([clip] * 3, turns=2)
    >>> int(aligner.align(clip).frames.sum())
    100
    """

    names: tuple[str, ...]
    means: Floats
    deviations: Floats

    @classmethod
    def fit(cls, clips: Sequence[Heard], turns: int = TURNS) -> Aligner:
        """Learned from clips alone. Raises DataError where there are none."""
        if not clips:
            raise DataError("there are no clips to learn from; give some with their texts")
        names = tuple(sorted({PAUSE, *(phone.name for clip in clips for phone in clip.phones)}))
        clips = [clips[number] for number in range(0, len(clips), -(-len(clips) // ENOUGH))]
        everything = np.concatenate([clip.frames for clip in clips])
        mean, variance = everything.mean(axis=0), everything.var(axis=0) + 1e-6
        states = len(names) * STATES
        aligner = cls(names, np.tile(mean, (states, 1)), np.tile(np.sqrt(variance), (states, 1)))
        paths = [_even(clip, names) for clip in clips]
        for _ in range(turns):
            aligner = aligner._learned(clips, paths, mean, variance)
            paths = [path for path, _ in aligner._paths(clips)]
        return aligner

    def align(self, clip: Heard) -> Laid:
        """How long each phone of a clip lasts. Raises DataError for one that is too short for its phones."""
        return self.align_all([clip])[0]

    def align_all(self, clips: Sequence[Heard]) -> list[Laid]:
        """Those of several, side by side."""
        for clip in clips:
            least = STATES * sum(phone.name != PAUSE for phone in clip.phones)
            if len(clip.frames) < least + 2:
                raise DataError(
                    f"the clip lasts {len(clip.frames) * 5} ms, too short for the {len(clip.phones)} sounds of its text; "
                    "check that they belong together"
                )
        found = []
        for clip, (path, score) in zip(clips, self._paths(clips), strict=True):
            owners = np.repeat(np.arange(len(clip.phones)), STATES)
            found.append(Laid(np.bincount(owners[path], minlength=len(clip.phones)), score))
        return found

    def _learned(
        self, clips: Sequence[Heard], paths: Sequence[NDArray[np.int64]], mean: Floats, variance: Floats
    ) -> Aligner:
        states = len(self.means)
        count, total, squares = np.zeros(states), np.zeros((states, WIDTH)), np.zeros((states, WIDTH))
        for begin in range(0, len(clips), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            frames = np.concatenate([clip.frames for clip in clips[part]]).astype(np.float64)
            owners = [
                _states(clip.phones, self.names)[path] for clip, path in zip(clips[part], paths[part], strict=True)
            ]
            state = np.concatenate(owners)
            order = np.argsort(state, kind="stable")
            there, first = np.unique(state[order], return_index=True)
            count += np.bincount(state, minlength=states)
            total[there] += np.add.reduceat(frames[order], first)
            squares[there] += np.add.reduceat(frames[order] ** 2, first)
        # What was hardly heard leans on what all have in common.
        weight = (count + TOO_LITTLE)[:, None]
        means = (total + TOO_LITTLE * mean) / weight
        second = (squares + TOO_LITTLE * (variance + mean**2)) / weight
        deviations = np.sqrt(np.maximum(second - means**2, FLOOR * variance))
        return Aligner(self.names, means.astype(np.float32), deviations.astype(np.float32))

    def _paths(self, clips: Sequence[Heard]) -> Iterator[tuple[NDArray[np.int64], float]]:
        """For each clip which of its phones' states each frame is of, and how likely that is a frame."""
        order = np.argsort([len(clip.frames) for clip in clips], kind="stable")
        found: dict[int, tuple[NDArray[np.int64], float]] = {}
        for begin in range(0, len(order), AT_ONCE):
            group = order[begin : begin + AT_ONCE].tolist()
            found.update(zip(group, _viterbi(self, [clips[number] for number in group]), strict=True))
        return (found[number] for number in range(len(clips)))

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        numbers = {name: np.round(getattr(self, name), 3).tolist() for name in ("means", "deviations")}
        return {"names": list(self.names), **numbers}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Aligner:
        """The aligner that wrote `data`. Raises ModelError for anything else."""
        try:
            names = tuple(map(str, data["names"]))
            means, deviations = (np.array(data[name], np.float32) for name in ("means", "deviations"))
        except (KeyError, TypeError, ValueError):
            names, means, deviations = (), np.zeros(0, np.float32), np.zeros(0, np.float32)
        shape = (len(names) * STATES, WIDTH)
        whole = means.shape == deviations.shape == shape and np.isfinite(means).all() and bool(np.all(deviations > 0))
        if not names or PAUSE not in names or not whole:
            raise ModelError("the aligner of a voice is no aligner; the model is damaged or newer")
        return cls(names, means, deviations)


def _states(phones: Sequence[Phone], names: Sequence[str]) -> NDArray[np.int64]:
    place = {name: number for number, name in enumerate(names)}
    missing = place[PAUSE]  # what was never heard is no better known than silence
    first = np.array([place.get(phone.name, missing) for phone in phones], np.int64) * STATES
    return (first[:, None] + np.arange(STATES)).reshape(-1)


def _even(clip: Heard, names: Sequence[str]) -> NDArray[np.int64]:
    """Phones of even length, and short pauses at both ends alone."""
    said = [number for number, phone in enumerate(clip.phones) if phone.name != PAUSE]
    rests = [number for number in (0, len(clip.phones) - 1) if clip.phones[number].name == PAUSE]
    weights = np.zeros(len(clip.phones))
    weights[said], weights[rests] = 1.0, 0.5
    per_state = np.repeat(weights / STATES, STATES)
    ends = np.cumsum(per_state) / max(per_state.sum(), 1e-9) * len(clip.frames)
    return np.minimum(np.searchsorted(ends, np.arange(len(clip.frames)) + 0.5), len(per_state) - 1)


def _viterbi(aligner: Aligner, clips: Sequence[Heard]) -> list[tuple[NDArray[np.int64], float]]:
    lengths = [len(clip.frames) for clip in clips]
    states = [_states(clip.phones, aligner.names) for clip in clips]
    rows, width, longest = len(clips), max(map(len, states)), max(lengths)
    scale = 1 / aligner.deviations**2
    constant = -0.5 * (aligner.means**2 * scale).sum(axis=1) - np.log(aligner.deviations).sum(axis=1)
    likely = np.full((longest, rows, width), UNLIKELY, np.float32)
    skips = np.full((rows, width), UNLIKELY, np.float32)  # 0: entered from the state before a pause, too
    starts = np.full((rows, width), UNLIKELY, np.float32)
    lasts, at = [], 0
    # One product for all: many small ones would wait for their threads more than they compute.
    frames = np.concatenate([clip.frames for clip in clips])
    every = frames @ (aligner.means * scale).T - 0.5 * frames**2 @ scale.T + constant
    for row, (clip, own) in enumerate(zip(clips, states, strict=True)):
        each, at = every[at : at + lengths[row]], at + lengths[row]
        likely[: lengths[row], row, : len(own)] = each[:, own]
        rests = [phone.name == PAUSE for phone in clip.phones]
        for number in range(2, len(rests)):
            skips[row, number * STATES] = 0 if rests[number - 1] else UNLIKELY
        starts[row, 0] = 0
        ends = [len(own) - 1]
        if len(rests) > 1:
            if rests[0]:
                starts[row, STATES] = 0
            if rests[-1]:
                ends.append(len(own) - 1 - STATES)
        lasts.append(ends)
    score = starts + likely[0]
    back = np.zeros((longest, rows, width), np.int8)
    for frame in range(1, longest):
        best, how = score.copy(), back[frame]
        for step, code in ((1, 1), (1 + STATES, 2)):
            before = score[:, :-step] if code == 1 else score[:, :-step] + skips[:, step:]
            better = before > best[:, step:]
            how[:, step:][better] = code
            np.maximum(best[:, step:], before, out=best[:, step:])
        best += likely[frame]
        on = np.array(lengths) > frame
        score = best if on.all() else np.where(on[:, None], best, score)
    found = []
    for row, length in enumerate(lengths):
        at = max(lasts[row], key=lambda state: score[row, state])
        total = float(score[row, at]) / length
        path = np.zeros(length, np.int64)
        for frame in range(length - 1, -1, -1):
            path[frame] = at
            at -= (0, 1, 1 + STATES)[back[frame, row, at]]
        found.append((path, total))
    return found
