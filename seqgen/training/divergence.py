"""What tells that a run goes wrong, and how it goes back: to an earlier step, a lower learning rate, other batches.

Going back and skipping batches is how PaLM got past its spikes (Chowdhery et al. 2022, section 5.1), lowering the rate
how OPT did (Zhang et al. 2022, section 2.5). All of it follows from the losses and steps alone, never from the clock,
so a run that is killed and resumed goes back when, where and how the undisturbed one does.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax

from ..devices import distributed
from ..errors import TrainingError
from . import metrics
from .checkpoint import Checkpoints
from .steps import TrainState

WINDOW = 50  # losses whose median is judged: many healthy runs have spikes that pass by themselves
LEARNED = 10.0  # mean differences of successive losses: less than that is not much to lose
MEMORY = 0.01  # weight of the newest difference in that mean
LOWER = 0.5  # factor of the learning rate
ROLL_BACKS = 5  # in a run


class Guard(NamedTuple):
    """What the guard remembers of a run; plain numbers, kept in every checkpoint's notes.

    recent: the last WINDOW losses. first, low: their first and lowest median. spread: the mean difference of a loss
    and the one before. points: the steps of the last two checkpoints to go back to, older first; only such as fall due
    by counting steps. dealt: the step to which the last roll-back went, where an epoch of the data dealt anew begins.
    """

    recent: tuple[float, ...] = ()
    first: float | None = None
    low: float | None = None
    spread: float = 0.0
    points: tuple[int, ...] = ()
    dealt: int = 0

    @classmethod
    def from_notes(cls, notes: Mapping[str, Any]) -> Guard:
        """As a checkpoint's notes have it; blank where they have none."""
        kept: dict[str, Any] = dict(notes.get("guard", {}))
        for name in ("recent", "points"):  # JSON has no tuples
            kept[name] = tuple(kept.get(name, ()))
        return cls(**kept)


def watch(guard: Guard, loss: float, norm: float, attempt: int) -> tuple[Guard, str | None]:
    """The guard after one more step's loss and gradient norm, and what is wrong, if anything is; attempt: roll-backs so far.

    Wrong is what is no number, and a spike: the median of the last WINDOW losses was lower than the first one by LEARNED or
    more, and now is above it: all that was learned in this run is lost. Neither depends on the unit of the loss or its
    sign. A model that is trained on first loses some of what it knew, and that is no spike.
    A spike that ROLL_BACKS did not help against is left alone: the best model so far is safe from it.
    """
    if not math.isfinite(loss + norm):
        return guard, "the loss or its gradient is no longer a number"
    recent = (*guard.recent, loss)[-WINDOW:]
    if len(recent) < WINDOW:
        return guard._replace(recent=recent), None
    level = statistics.median(recent)
    if guard.first is None or guard.low is None:
        spread = statistics.fmean(abs(one - other) for one, other in itertools.pairwise(recent))
        return guard._replace(recent=recent, first=level, low=level, spread=spread), None
    if attempt < ROLL_BACKS and guard.low + LEARNED * guard.spread < guard.first < level:
        return guard, f"the loss rose from {guard.low:.3f} to {level:.3f}"
    spread = guard.spread + MEMORY * (abs(loss - recent[-2]) - guard.spread)
    return guard._replace(recent=recent, low=min(guard.low, level), spread=spread), None


def pointed(guard: Guard, step: int) -> Guard:
    """The guard when the checkpoint of this step is made, to which the run may go back."""
    return guard._replace(points=(*guard.points, step)[-2:])


def way_back(guard: Guard, step: int) -> int:
    """To which step: the last point unless it is so fresh that the trouble may be in it."""
    older, newer = guard.points[0], guard.points[-1]
    return newer if step - newer >= WINDOW else older


def rolled_back(point: TrainState, now: TrainState) -> TrainState:
    """The state of a point as the run goes on from there: slower, with other batches, what is released not forgotten."""
    return point._replace(
        attempt=now.attempt + 1,
        lr_scale=now.lr_scale * LOWER,
        best=now.best,
        nats=now.nats,
        carry=jax.tree.map(
            lambda leaf: leaf - leaf, point.carry
        ),  # zeros where it lies, for nobody to read: the data is dealt anew from here, and each row begins with a reset
    )


def go_back(
    folder: Path, checkpoints: Checkpoints, now: TrainState, guard: Guard, trouble: str, say: Callable[[str], None]
) -> tuple[TrainState, Guard]:
    """The state from which a run in trouble goes on, saved already, and told in one line and in metrics.jsonl.

    Raises TrainingError where that has not helped ROLL_BACKS times.
    """
    done, attempt = int(now.step), int(now.attempt) + 1
    restored = checkpoints.restore(now, until=way_back(guard, done)) if attempt <= ROLL_BACKS else None
    if restored is None:
        raise TrainingError(
            f"{trouble} at step {done}, and {attempt - 1} roll-backs did not help; look for broken values in the data, "
            f"or begin again with a smaller size or, in Python, training=TrainingConfig(learning_rate=...); "
            f"what {folder} has saved is good"
        )
    point, notes = restored
    state, step = rolled_back(point, now), int(point.step)
    guard = Guard.from_notes(notes)._replace(points=(step,), dealt=step)
    checkpoints.save(state, {**notes, "guard": guard._asdict()}, hold=guard.points)
    rate = float(state.lr_scale)
    row = {"step": step, "rolled_back_from": done, "trouble": trouble, "attempt": attempt, "lr_scale": rate}
    if distributed.leads():
        metrics.truncate(folder / "metrics.jsonl", step)
        metrics.append(folder / "metrics.jsonl", row)
    say(
        f"{trouble} at step {done}: going on from step {step} with {rate:g} of the learning rate and other batches "
        f"(roll-back {attempt} of {ROLL_BACKS})"
    )
    return state, guard
