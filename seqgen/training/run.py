"""The one training loop that every domain's `train` uses: folder, bar, metrics, validation, signals, checkpoints.

A run folder holds config.json, metrics.jsonl, checkpoints/, model/ (the best so far) and curve.svg.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import __version__
from ..batching.encode import augmented, codec_for, encoded
from ..batching.sources import Encoded, check_known
from ..batching.windows import Batch, Evaluation, Windows, evaluation_windows
from ..config import TrainingConfig
from ..devices import distributed
from ..devices.crew import Crew, crew_of
from ..domain import Codec, Domain, Splits
from ..errors import DataError, ModelError, UsageError
from ..heads import in_precision
from ..models.finetuning import begin_from
from ..models.model import Model
from ..models.pretrained import Pretrained, from_pretrained, save_pretrained
from ..nn.context import Params
from . import metrics
from .checkpoint import Checkpoints
from .curve import write_curve
from .divergence import Guard, go_back, pointed, watch
from .optimizer import make_optimizer, total_of, with_total
from .outcome import Outcome
from .progress import Progress
from .run_config import FORMAT, circumstances, read_config, write_config
from .scoring import evaluate
from .signals import GRACE, Caught, Left, catch_signals, until
from .steps import Metrics, TrainState, TrainStep, init_state, make_train_step, place_state, train

CALIBRATION = 5  # steps timed, after the first, to turn minutes into steps
LOG_EVERY = 10  # steps a row of metrics.jsonl
EVALUATE_EVERY = 10  # steps between validations at the least
# Steps between validations for each of their windows, at the least: a window costs a third of a step, so they take a
# tenth of the time, and a short run is for learning.
EVALUATE_SHARE = 3


@dataclass(frozen=True)
class _Run:
    """What stays the same for the length of a run."""

    folder: Path
    domain: Domain[Any]
    codec: Codec[Any]
    model: Model
    training: TrainingConfig
    windows: Windows
    valid: Evaluation
    config: Mapping[str, Any]
    crew: Crew | None

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.folder / "checkpoints", crew=self.crew)

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


def begin(
    folder: Path | str,
    domain: Domain[Any],
    splits: Splits[Any] | Encoded,
    *,
    size: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    training: TrainingConfig | None = None,
    precision: str | None = None,
    start_from: Path | Pretrained | None = None,
    data: Mapping[str, Any] | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """A new run in an unused folder.

    steps, minutes: how long; minutes are turned into steps once, by timing the first ones, so that a resume agrees.
    precision: of products while training, in place of `training`'s.
    start_from: a model to fine-tune, its folder or opened already; its size is kept.
    data: how to find the items again, kept in config.json for `resume`.
    crew: the devices that share the work, of several processes maybe; its shards, if any, are the run's from now on.
    Raises UsageError for a used folder, DataError for data that cannot be learned from, and SystemExit for a signal
    before it is known how many steps the minutes are.
    """
    started = time.perf_counter()
    folder = Path(folder)
    if (steps is None) == (minutes is None):
        raise UsageError("say how long to train: steps, or minutes, one of them")
    _check_length(steps, "steps")
    _check_length(minutes, "minutes")
    if not 0 <= seed < 2**32:
        raise UsageError(f"the seed is {seed}; give a whole number from 0 to 2^32 - 1")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use; name another folder with --out, or continue that run with --resume")
    distributed.agree(0)  # that nobody calls it used once another has begun to
    params: Params | None = None
    if start_from is None:
        codec = codec_for(domain, splits)
        size = size or domain.sizes[min(1, len(domain.sizes) - 1)]
        model = domain.make_model(codec, size)
        training = training or domain.training(size)
    else:
        given = start_from if isinstance(start_from, Pretrained) else from_pretrained(start_from)
        start_from = given.folder
        codec, model, params, size = begin_from(given, domain, splits, size)
        # A trained model wants a gentler touch than a new one.
        usual = domain.training(size)
        training = training or dataclasses.replace(usual, learning_rate=usual.learning_rate / 4)
    if precision is not None:
        training = dataclasses.replace(training, precision=precision)
    if crew is not None and crew.shards:
        training = dataclasses.replace(training, shards=crew.shards)
    coded = encoded(codec, splits)
    config: dict[str, Any] = {
        "format": FORMAT,
        "seqgen": __version__,
        "domain": domain.name,
        "size": size,
        "seed": seed,
        "steps": steps or 0,
        "minutes": minutes,
        "training": training.to_dict(),
        "data": dict(data or {}),
        "data_sha256": coded.fingerprint,
        "codec": codec.to_dict(),
        **model.to_dict(),
        "from": str(start_from) if start_from else None,
        "begun": circumstances(),
    }
    run = _make_run(folder, domain, model, training, coded, splits, seed, config, crew)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; name another folder with --out") from None
    with catch_signals() as caught:
        caught.now("stopping before the first step: nothing was learned yet", safe=True)
        optimizer = make_optimizer(training, steps or 1)
        train_step, state = train_step_of(model, training, run.crew), run.place(run.new_state(optimizer, seed, params))
        if minutes is not None:
            try:
                (steps,) = distributed.agree(_steps_in(60 * minutes, started, run, state, train_step, caught))
            except Left:  # it is not known yet how long the run is, so there is none to resume
                with contextlib.suppress(OSError):
                    folder.rmdir()
                raise SystemExit(128 + max(caught, default=0)) from None
            state = state._replace(opt_state=with_total(state.opt_state, steps))
            config["steps"] = steps
        # Where a run goes back to that diverges at once, and one that was fine-tuned has its weights from; and a place that
        # cannot hold a checkpoint is better found out now.
        guard = pointed(Guard(), 0)
        run.checkpoints.save(state, {"guard": guard._asdict()})
        if distributed.leads():
            write_config(folder, config)
        return _loop(run, state, guard, train_step, int(config["steps"]), started, caught)


def resume(
    folder: Path | str,
    domain: Domain[Any],
    splits: Splits[Any] | Encoded,
    *,
    steps: int | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Goes on from the newest checkpoint, to the same bits as if the run had never stopped.

    steps: a new total, which stretches the schedule; the same as before by default.
    crew: the devices that share the work from now on, which need not be as many as before.
    Raises ModelError for a folder that holds no run, DataError when the data is not the run's.
    """
    started = time.perf_counter()
    folder = Path(folder)
    _check_length(steps, "steps")
    config = read_config(folder)
    if config["domain"] != domain.name:
        raise UsageError(
            f"{folder} is a run of {config['domain']}, not {domain.name}; use the {config['domain']} commands"
        )
    codec, model = domain.load_codec(config["codec"]), Model.from_dict(config)
    training = TrainingConfig.from_dict(config["training"])
    coded = encoded(codec, splits)
    if coded.fingerprint != config["data_sha256"]:
        raise DataError(
            f"the data is not what {folder} was trained on; give the same files, or begin a new run with "
            f"--from {folder}"
        )
    total = steps or int(config["steps"])
    seed = int(config["seed"])
    run = _make_run(folder, domain, model, training, coded, splits, seed, config, crew)
    optimizer = make_optimizer(training, total)
    shapes: TrainState = jax.eval_shape(lambda: run.new_state(optimizer, seed))
    restored, guard, due = run.checkpoints.restore(shapes), Guard(), False
    if restored is not None:
        state, notes = restored
        started -= notes.get("seconds", 0.0)
        guard, due = Guard.from_notes(notes), bool(notes.get("due", False))
    elif config["from"]:
        raise ModelError(f"{folder} has lost its checkpoints, and with them the weights it began from; begin a new run")
    else:
        state = run.place(run.new_state(optimizer, seed))
    if total != total_of(state.opt_state):  # not config's: a run may have been killed after that was written
        # Somebody who asks for more steps wants them: a run that had stopped improving gets its patience back.
        state = state._replace(opt_state=with_total(state.opt_state, total), patience=0 * state.patience)
    if int(state.step) < total:
        config.setdefault("resumed", []).append({"step": int(state.step), **circumstances()})
    config["steps"] = total
    if distributed.leads():
        write_config(folder, config)
    if distributed.leads():
        metrics.truncate(folder / "metrics.jsonl", int(state.step))
    with catch_signals() as caught:
        return _loop(run, state, guard, train_step_of(model, training, run.crew), total, started, caught, due)


@functools.lru_cache(maxsize=4)
def train_step_of(model: Model, training: TrainingConfig, crew: Crew | None) -> TrainStep:
    """A run's step, whose program other runs in this process share; how long a run is, its state says."""
    if training.precision:
        network = dataclasses.replace(model.network, precision=training.precision)
        model = dataclasses.replace(model, network=network, head=in_precision(model.head, training.precision))
    return make_train_step(model.loss, make_optimizer(training, 1), ema=training.ema, crew=crew)


def _check_length(amount: float | None, unit: str) -> None:
    if amount is not None and not 0 < amount < 2**31:  # nor NaN
        raise UsageError(f"a run of {amount} {unit} cannot be; give more than 0 and less than 2^31")


def _make_run(
    folder: Path,
    domain: Domain[Any],
    model: Model,
    training: TrainingConfig,
    data: Encoded,
    splits: Splits[Any] | Encoded,
    seed: int,
    config: Mapping[str, Any],
    crew: Crew | None,
) -> _Run:
    if training.shards:
        crew = crew_of(1, training.shards) if crew is None else dataclasses.replace(crew, shards=training.shards)
    for source in (data.train, data.valid):
        check_known(source, model.network.source, model.network.static)
    augment = augmented(domain, data.codec, splits.train, seed) if isinstance(splits, Splits) else None
    windows = Windows(data.train, training.rows, training.window, seed, augment)
    valid = evaluation_windows(data.valid, training.rows, training.window)
    if crew is not None:
        crew.my_rows(windows.shape[0])  # raises where they cannot be dealt, before there is a folder
    return _Run(folder, domain, data.codec, model, training, windows, valid, config, crew)


def _steps_in(seconds: float, started: float, run: _Run, state: TrainState, train_step: Any, caught: Caught) -> int:
    """How many steps fit into so many seconds: compiled and timed on a copy, which is thrown away."""
    copy = jax.tree.map(jnp.copy, state)
    times = []
    for _, step_metrics in train(copy, until(caught, (run.batch(i, 0) for i in range(CALIBRATION))), train_step):
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


def _evaluation_windows(run: _Run) -> int:
    rows, window = run.windows.shape
    return min(len(run.valid), max(1, run.training.evaluation_steps // (rows * window)))


def _every(run: _Run, steps: int) -> int:
    """Steps between validations."""
    return max(EVALUATE_EVERY, steps // run.training.evaluations, EVALUATE_SHARE * _evaluation_windows(run))


def _loop(
    run: _Run,
    state: TrainState,
    guard: Guard,
    train_step: Any,
    steps: int,
    started: float,
    caught: Caught,
    due: bool = False,
) -> Outcome:
    """due: whether the state is yet to be validated, as one saved in the middle of that is."""
    every = _every(run, steps)
    checkpoints = run.checkpoints
    done, attempt = int(state.step), int(state.attempt)
    saved, nlls, since = time.perf_counter(), [], time.perf_counter()
    rows, window = run.windows.shape

    def going_on() -> Iterator[tuple[TrainState, Metrics]]:
        """The generator holds the state it yielded: after that was replaced, a new one must hold the other."""
        since = guard.dealt
        batches = (run.batch(step, attempt, since) for step in itertools.count(done))
        return train(state, batches, train_step)

    def save() -> None:
        notes = {"seconds": time.perf_counter() - started, "guard": guard._asdict(), "due": due}
        checkpoints.save(state, notes, hold=guard.points)

    if not guard.points:  # of a run that an older version began, or that lost its checkpoints
        guard = pointed(guard, done)
        save()
    states, signal, unit, slow = going_on(), 0, f"{run.domain.unit}s", 0.0
    caught.now(f"stopping when the first step is compiled: step {done} is saved and nothing is lost", safe=True)
    with Progress(steps, done=done, unit=unit, per_step=rows * window, quiet=not distributed.leads()) as bar:
        size = sum(leaf.size for leaf in jax.tree.leaves(state.params))
        bar.say(f"training in {run.folder}: {size:,} parameters, {steps:,} steps of {rows} x {window} {unit}")
        while due or (done < steps and not _exhausted(state, run.training)):
            # Clocks and signals differ from process to process. A validation that may be long in compiling is begun
            # with nothing to lose.
            late = slow > GRACE / 3 if due else time.perf_counter() - saved > run.training.save_seconds
            signal, save_now = distributed.agree(max(caught, default=0), late)
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
    if distributed.leads():
        rows_of_log = metrics.read(run.folder / "metrics.jsonl")
        write_curve(rows_of_log, run.folder / "curve.svg", unit=f"nats/{run.domain.unit}")
    early = done < steps and not signal
    return Outcome(run.folder, done, steps, float(state.best), signal or None, early)


def _exhausted(state: TrainState, training: TrainingConfig) -> bool:
    return training.patience > 0 and int(state.patience) >= training.patience


def _validate(run: _Run, state: TrainState, done: int, bar: Progress, seconds: float, caught: Caught) -> TrainState:
    """Scores the held-out part; a new best is released into model/ at once. Raises Left for a signal before the end."""
    params = state.ema if run.training.ema else state.params
    windows = itertools.islice(run.valid, _evaluation_windows(run))
    loss = evaluate(run.model, params, until(caught, windows), run.crew)
    run.log({"step": done, "valid": loss})
    bar.update(done, valid=loss)
    if not loss < float(state.best):
        return state._replace(patience=state.patience + 1)
    if distributed.leads():
        _release(run, params, done, loss, seconds)
    return state._replace(best=jnp.minimum(state.best, loss), patience=0 * state.patience)


def _release(run: _Run, params: Params, done: int, loss: float, seconds: float) -> None:
    notes = {
        "size": run.config["size"],
        "steps": done,
        "minutes": round(seconds / 60, 2),
        "seed": run.config["seed"],
        "valid": loss,
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
