"""The one training loop: bar, metrics, validation, signals, checkpoints, the best model so far."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..batching.items import EvaluationItems, Items
from ..batching.windows import Batch, Evaluation, Windows
from ..config import TrainingConfig
from ..counting.floors import Floor
from ..devices import distributed, stopping
from ..devices.crew import Crew
from ..devices.signals import GRACE, Caught, Left, until
from ..domain import Codec, Domain, Metric
from ..models.pretrained import save_pretrained
from ..models.trainable import Trainable
from ..nn.context import Params
from . import metrics
from .checkpoint import Checkpoints
from .curve import write_curve
from .divergence import Guard, go_back, pointed, watch
from .optimizer import make_optimizer
from .outcome import Outcome
from .progress import Progress
from .scoring import evaluate
from .steps import Metrics, TrainState, TrainStep, init_state, make_train_step, place_state, train

CALIBRATION = 5  # steps timed, after the first, to turn minutes into steps
LOG_EVERY = 10  # steps a row of metrics.jsonl
EVALUATE_EVERY = 10  # steps between validations at the least
# Steps between validations for each of their windows, at the least: a window costs a third of a step, so they take a
# tenth of the time, and a short run is for learning.
EVALUATE_SHARE = 3


@dataclass(frozen=True)
class Run:
    """What stays the same for the length of a run."""

    folder: Path
    domain: Domain[Any]
    codec: Codec[Any]
    model: Trainable
    training: TrainingConfig
    windows: Windows | Items
    valid: Evaluation | EvaluationItems
    held_out: Sequence[Any]  # items, where there are some
    config: Mapping[str, Any]
    crew: Crew | None
    floor: float | None = None  # see `Outcome`, as of `load`
    load: float = 0.0
    characters: float | None = None
    ngram: Callable[[], Floor | None] | None = None  # asked once, at the end

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.folder / "checkpoints", crew=self.crew)

    @property
    def metric(self) -> Metric[Any] | None:
        """The domain's, where there are items to judge by."""
        return self.domain.metric if self.held_out else None

    @property
    def train_step(self) -> TrainStep:
        return train_step_of(self.model, self.training, self.crew)

    def new_state(self, optimizer: Any, seed: int, params: Params | None = None) -> TrainState:
        return init_state(self.model, optimizer, jax.random.key(seed), self.windows.shape[0], params)

    def place(self, state: TrainState) -> TrainState:
        return place_state(self.crew, state) if self.crew else state

    def batch(self, step: int, attempt: int, since: int = 0) -> Batch:
        if self.crew is None:
            return self.windows.batch(step, attempt, since=since)
        return self.crew.deal(self.windows.batch(step, attempt, self.crew.my_rows(self.windows.shape[0]), since))

    def log(self, row: Mapping[str, Any]) -> None:
        if distributed.leads():
            metrics.append(self.folder / "metrics.jsonl", row)


@functools.lru_cache(maxsize=4)
def train_step_of(model: Trainable, training: TrainingConfig, crew: Crew | None) -> TrainStep:
    """A run's step, whose program other runs in this process share; how long a run is, its state says."""
    if training.precision:
        model = model.in_precision(training.precision)
    return make_train_step(model.loss, make_optimizer(training, 1), ema=training.ema, crew=crew)


def steps_in(seconds: float, started: float, run: Run, state: TrainState, caught: Caught) -> int:
    """How many steps fit into so many seconds: compiled and timed on a copy, which is thrown away."""
    copy = jax.tree.map(jnp.copy, state)
    times = []
    for _, step_metrics in train(copy, until(caught, (run.batch(i, 0) for i in range(CALIBRATION))), run.train_step):
        float(step_metrics.nll)
        times.append(time.perf_counter())
    once = time.perf_counter()
    evaluate(run.model, state.params, until(caught, itertools.islice(run.valid, 2)), run.crew)
    first = time.perf_counter() - once
    once = time.perf_counter()
    evaluate(run.model, state.params, until(caught, itertools.islice(run.valid, 2)), run.crew)
    window = (time.perf_counter() - once) / min(2, len(run.valid))
    step, left = float(np.median(np.diff(times))), seconds - (time.perf_counter() - started) - first
    # As `_every` has it: a fixed number of validations, or in a short run one every so many steps.
    fixed = (left - run.training.evaluations * window * _evaluation_windows(run)) / step
    # However slow starting is, half the time is for learning.
    return max(1, round(max(fixed, left / (step + window / EVALUATE_SHARE), seconds / 2 / step)))


def _evaluation_windows(run: Run) -> int:
    rows, window = run.valid.shape if isinstance(run.valid, Evaluation) else run.windows.shape
    return min(len(run.valid), max(1, run.training.evaluation_steps // (rows * window)))


def _every(run: Run, steps: int) -> int:
    """Steps between validations."""
    return max(EVALUATE_EVERY, steps // run.training.evaluations, EVALUATE_SHARE * _evaluation_windows(run))


def loop(
    run: Run,
    state: TrainState,
    guard: Guard,
    steps: int,
    started: float,
    caught: Caught,
    due: bool = False,
) -> Outcome:
    """due: whether the state is yet to be validated, as one saved in the middle of that is."""
    every = _every(run, steps)
    checkpoints = run.checkpoints
    done, attempt = int(state.step), int(state.attempt)
    begun = done
    saved, nlls, since = time.perf_counter(), [], time.perf_counter()
    rows, window = run.windows.shape

    def going_on() -> Iterator[tuple[TrainState, Metrics]]:
        """The generator holds the state it yielded: after that was replaced, a new one must hold the other."""
        since = guard.dealt
        batches = (run.batch(step, attempt, since) for step in itertools.count(done))
        return train(state, batches, run.train_step)

    def save() -> None:
        notes = {"seconds": time.perf_counter() - started, "guard": guard._asdict(), "due": due}
        checkpoints.save(state, notes, hold=guard.points)

    if not guard.points:  # of a run that an older version began, or that lost its checkpoints
        guard = pointed(guard, done)
        save()
    states, signal, unit, slow = going_on(), 0, f"{run.domain.unit}s", 0.0
    word = stopping.Word(run.folder)
    caught.now(f"stopping when the first step is compiled: step {done} is saved and nothing is lost", safe=True)
    with Progress(steps, done=done, unit=unit, per_step=rows * window, quiet=not distributed.leads()) as bar:
        size = sum(leaf.size for leaf in jax.tree.leaves(state.params))
        bar.say(f"training in {run.folder}: {size:,} parameters, {steps:,} steps of {rows} x {window} {unit}")
        while due or (done < steps and not _exhausted(state, run.training)):
            # Clocks and signals differ from process to process. A validation that may be long in compiling is begun
            # with nothing to lose.
            late = slow > GRACE / 3 if due else time.perf_counter() - saved > run.training.save_seconds
            asked = word.heard() if distributed.leads() else 0
            signal, save_now = distributed.agree(max(caught, default=asked), late)
            if signal or save_now:
                save()
                saved = time.perf_counter()
            if signal:
                break
            if due:
                caught.now("stopping: the validation is left, and made anew after a resume", safe=bool(save_now))
                try:
                    state = _validate(run, state, done, bar, time.perf_counter() - started, caught)
                except Left:
                    continue
                caught.now("stopping: what is done is saved")
                states, guard, due, slow = going_on(), pointed(guard, done), False, 0.0
                save()
                saved = since = time.perf_counter()
                continue
            once = time.perf_counter()
            state, step_metrics = next(states)
            done += 1
            slow = max(slow, time.perf_counter() - once)
            caught.now("stopping: the step in hand is finished and saved")
            nlls.append(float(step_metrics.nll))
            # A gradient that is no number has already spoilt the weights: no checkpoint may be made of them.
            guard, trouble = watch(guard, nlls[-1], float(step_metrics.grad_norm), attempt)
            if trouble:
                state, guard = go_back(run.folder, checkpoints, state, guard, trouble, bar.say)
                done, attempt = int(state.step), int(state.attempt)
                states, saved, nlls, since = going_on(), time.perf_counter(), [], time.perf_counter()
                continue
            bar.update(done, loss=nlls[-1])
            if done % LOG_EVERY == 0 or done == steps:
                rate = len(nlls) / max(time.perf_counter() - since, 1e-9)
                row = {
                    "step": done,
                    "nll": float(np.mean(nlls)),
                    "grad_norm": float(step_metrics.grad_norm),
                    "steps_per_s": round(rate, 3),
                }
                run.log(row)
                nlls, since = [], time.perf_counter()
            due = done % every == 0 or done == steps
    ngram = run.ngram() if run.ngram and not signal and distributed.leads() else None
    if distributed.leads():
        rows_of_log = metrics.read(run.folder / "metrics.jsonl")
        counting = {} if run.floor is None else {"counting alone": run.floor}
        if ngram is not None:
            counting[f"{ngram.order}-grams"] = ngram.nats
        write_curve(rows_of_log, run.folder / "curve.svg", unit=f"nats/{run.domain.unit}", floors=counting)
    early, metric = done < steps and not signal, run.metric
    best = float(state.best) if metric is None or metric.lower else -float(state.best)
    name = "" if metric is None else metric.name
    return Outcome(
        run.folder,
        done,
        steps,
        best,
        signal or None,
        early,
        name,
        begun,
        run.floor,
        run.load,
        run.domain.unit,
        run.characters,
        ngram,
    )


def _exhausted(state: TrainState, training: TrainingConfig) -> bool:
    return training.patience > 0 and int(state.patience) >= training.patience


def _validate(run: Run, state: TrainState, done: int, bar: Progress, seconds: float, caught: Caught) -> TrainState:
    """Scores the held-out part; a new best is released into model/ at once. Raises Left for a signal before the end."""
    params = state.ema if run.training.ema else state.params
    windows = itertools.islice(run.valid, _evaluation_windows(run))
    loss = evaluate(run.model, params, until(caught, windows), run.crew)
    judged: dict[str, float] = {}
    rank = loss  # the lower the better
    if (metric := run.metric) is not None:
        whole = jax.tree.map(np.asarray, params)  # on every device
        figure = float(metric.of(run.codec, run.model, whole, run.held_out[: metric.most]))
        judged, rank = {metric.name: figure}, figure if metric.lower else -figure
    run.log({"step": done, "valid": loss, **judged})
    bar.update(done, valid=loss)
    for name, figure in judged.items():
        bar.say(f"step {done}: {name} {figure:.4f}, {loss:.4f} nats/{run.domain.unit}")
    # Of two that are as good by the metric, nothing wrong say, the likelier one: it is as good by more.
    if not (float(np.float32(rank)), float(np.float32(loss))) < (float(state.best), float(state.nats)):
        return state._replace(patience=state.patience + 1)
    if distributed.leads():
        _release(run, params, done, {"valid": loss, **judged}, seconds)
    nats = jnp.where(True, loss, state.nats)  # where the old one lies, on however many devices
    return state._replace(best=jnp.minimum(state.best, rank), nats=nats, patience=0 * state.patience)


def _release(run: Run, params: Params, done: int, figures: Mapping[str, float], seconds: float) -> None:
    notes = {
        "size": run.config["size"],
        "steps": done,
        "minutes": round(seconds / 60, 2),
        "seed": run.config["seed"],
        **figures,
        "data": _told(run.config["data"]),
        "settings": run.config["training"],
    }
    save_pretrained(
        run.folder / "model",
        domain=run.domain.name,
        codec=run.codec.to_dict(),
        model=run.model,
        params=params,
        training=notes,
    )


def _told(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a model says of its data: the name, not where on somebody's machine it was."""
    return {**data, "name": Path(str(data["name"])).name} if "name" in data else dict(data)
