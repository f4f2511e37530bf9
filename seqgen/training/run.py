"""A run on any domain's data, begun or gone on with. Every `train` ends here.

A run folder holds config.json, metrics.jsonl, checkpoints/, model/ (the best so far) and curve.svg.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

import jax
import numpy as np

from .. import __version__
from ..batching.encode import augmented, codec_for, encoded, read_named
from ..batching.items import EvaluationItems, Items
from ..batching.sources import Encoded
from ..batching.windows import Evaluation, Windows, evaluation_windows
from ..config import TrainingConfig
from ..counting.floors import counting_floor, ngram_floor
from ..devices import distributed, stopping
from ..devices.crew import Crew, crew_of
from ..devices.signals import Left, catch_signals
from ..domain import Domain, Splits
from ..errors import DataError, ModelError, UnknownName, UsageError, pick
from ..models.finetuning import carried, settled
from ..models.kinds import model_from_dict
from ..models.pretrained import open_model
from ..models.trainable import Trainable
from ..nn.cells import PLAIN
from ..nn.network import Network
from . import metrics
from .divergence import Guard, pointed
from .loop import Run, loop, steps_in
from .optimizer import make_optimizer, total_of, with_total
from .outcome import Outcome
from .run_config import FORMAT, circumstances, read_config, write_config
from .scoring import characters_a_step
from .steps import TrainState

MINUTES = 10  # where nobody said how long
SCRATCH = "scratch"  # in place of a model to begin from: none
CONTEXT = 1024  # steps that a row of a validation has at the least
_OWN = ("rows", "window", "learning_rate", "precision")  # settings of `How` that go before those of a size
DROPS = ("dropout", "weight_drop", "embedding_drop")  # and those that go before the networks' own

Data = str | os.PathLike[str] | Splits[Any] | Encoded  # items, or the name of a file, a folder or a data set


class How(TypedDict, total=False):
    """How to train: what every domain's `train` takes, and all of it may be left out.

    size: one of the domain's sizes, the second smallest if none is named.
    steps, minutes: how long, one of them; 10 minutes when neither is given. Minutes are turned into steps once, by timing
    the first ones, so that a resume agrees.
    seed: of the first weights and the order of the data; 0.
    start_from: a model to fine-tune, by name or folder; it keeps its size and how it reads. "scratch" for none; where none
    of it, size, cell and training are given, a domain may name one, and that is said.
    training: rows, window, learning rate and the like, in place of the size's own.
    rows, window, learning_rate, precision: in place of `training`'s, each by itself; precision is "f32" or, faster where
    the machine has it, "bf16".
    dropout, weight_drop, embedding_drop: in place of the network's own.
    cell: of the layers, "lstm", "multiplicative" or "mogrifier".
    crew: the devices that share the work, of several processes maybe (docs/scale.md); its shards, if any, are the run's.
    """

    size: str | None
    steps: int | None
    minutes: float | None
    seed: int
    start_from: str | os.PathLike[str] | None
    training: TrainingConfig | None
    rows: int | None
    window: int | None
    learning_rate: float | None
    dropout: float | None
    weight_drop: float | None
    embedding_drop: float | None
    cell: str | None
    precision: str | None
    crew: Crew | None


def begin(
    folder: str | os.PathLike[str],
    domain: Domain[Any],
    data: Data,
    settings: Mapping[str, Any] = {},
    *,
    download: bool = False,
    **how: Unpack[How],
) -> Outcome:
    """A new run in an unused folder; `how` as in `How`.

    data: a name is kept in config.json for `resume`, with the settings; download: fetch a data set of this name.
    settings: how the domain reads, in place of the defaults of `Reading.settings`.
    Raises UsageError for a used folder and what else cannot be met, DataError for data that cannot be learned from,
    ModelError for `start_from`, and SystemExit for a signal before it is known how many steps the minutes are.
    """
    for word in how.keys() - How.__annotations__.keys():
        raise TypeError(str(UnknownName("keyword", word, How.__annotations__)))
    folder, steps, minutes, seed = Path(folder), how.get("steps"), how.get("minutes"), how.get("seed", 0)
    if steps is None and minutes is None:
        minutes = MINUTES
    elif steps is not None and minutes is not None:
        raise UsageError("say how long to train: steps, or minutes, one of them")
    _check_length(steps, "steps")
    _check_length(minutes, "minutes")
    load = _load(minutes)
    if not 0 <= seed < 2**32:
        raise UsageError(f"the seed is {seed}; give a whole number from 0 to 2^32 - 1")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use; name another folder with --out, or continue that run with --resume")
    distributed.agree(0)  # that nobody calls it used once another has begun to
    settings = {**domain.reading.settings, **settings}
    size, start_from, crew = how.get("size"), how.get("start_from"), how.get("crew")
    given, splits, asked = None, None, settings
    where: dict[str, Any] = {}
    free = size is None and how.get("training") is None and how.get("cell") is None
    if start_from is None and free and domain.begin_from is not None:
        splits, where = _found(domain, data, settings, download)
        start_from = domain.begin_from(splits, settings) if isinstance(splits, Splits) else None
        if start_from is not None:
            print(
                f"seqgen: begins from {start_from}, which reads this better than counting would; --from scratch does not",
                file=sys.stderr,
            )
    if start_from == SCRATCH:
        start_from = None
    if start_from is not None:
        if size is not None:
            raise UsageError("a fine-tuned model keeps its size: leave out --size, or --from")
        codec, given = open_model(domain, start_from)
        settings = settled(domain, codec, os.fspath(start_from), settings)
        size = str(given.training.get("size", [*domain.sizes][-1]))
    size = size or [*domain.sizes][:2][-1]
    pick("size", size, domain.sizes)  # before anything is read
    if splits is None or settings != asked:  # a model settles how it is read
        splits, where = _found(domain, data, settings, download)
    started = time.perf_counter()
    if given is None:
        codec = codec_for(domain, splits, settings)
        domain = domain.of(codec)
        model, usual, params = domain.sizes[size].model(codec), domain.sizes[size].training, None
    else:
        codec, model, params = carried(domain, codec, given, splits, settings)
        domain = domain.of(codec)
        usual = domain.sizes[size].training
        # A trained model wants a gentler touch than a new one.
        usual = dataclasses.replace(usual, learning_rate=usual.learning_rate / 4)
    if drops := {name: how[name] for name in DROPS if how.get(name) is not None}:  # type: ignore[literal-required]
        model = _with_drops(model, drops)
    if (cell := how.get("cell")) is not None:
        if given is not None:
            raise UsageError("a fine-tuned model keeps its cells: leave out --cell, or --from")
        model = _with_cell(model, cell)
    coded = encoded(codec, splits)
    training = how.get("training") or _fitted(domain, usual, coded)
    own: dict[str, Any] = {name: how[name] for name in _OWN if how.get(name) is not None}  # type: ignore[literal-required]
    training = dataclasses.replace(training, **own)
    training = dataclasses.replace(training, evaluation_rows=_evaluation_rows(model, training, coded))
    if crew is not None and crew.shards:
        training = dataclasses.replace(training, shards=crew.shards)
    config: dict[str, Any] = {
        "format": FORMAT,
        "seqgen": __version__,
        "domain": domain.name,
        "size": size,
        "seed": seed,
        "steps": steps or 0,
        "minutes": minutes,
        "training": training.to_dict(),
        "data": where,
        "data_sha256": coded.fingerprint,
        "codec": codec.to_dict(),
        **_written(model),
        "from": str(given.folder) if given else None,
        "begun": circumstances(),
    }
    run = _make_run(folder, domain, model, training, coded, splits, seed, config, crew, load)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; name another folder with --out") from None
    with catch_signals() as caught:
        caught.now("stopping before the first step: nothing was learned yet", safe=True)
        state = run.place(run.new_state(make_optimizer(training, steps or 1), seed, params))
        if minutes is not None:
            try:
                (steps,) = distributed.agree(steps_in(60 * minutes, started, run, state, caught))
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
        return loop(run, state, guard, int(config["steps"]), started, caught)


def resume(
    folder: str | os.PathLike[str],
    domain: Domain[Any],
    data: Data | None = None,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    crew: Crew | None = None,
) -> Outcome:
    """Goes on from the newest checkpoint, to the same bits as if the run had never stopped.

    data: only needed when the run did not read it by a name; a new name is read as the run's was.
    steps: a new total, which stretches the schedule; the same as before by default. minutes: so many from here on.
    crew: the devices that share the work from now on, which need not be as many as before.
    Raises ModelError for a folder that holds no run, UsageError where the data is not known, DataError when it is not
    the run's.
    """
    folder = Path(folder)
    if steps is not None and minutes is not None:
        raise UsageError("say how long to train: steps, or minutes, one of them")
    _check_length(steps, "steps")
    _check_length(minutes, "minutes")
    load = _load(minutes)
    config = read_config(folder)
    if config["domain"] != domain.name:
        raise UsageError(
            f"{folder} is a run of {config['domain']}, not {domain.name}; use the {config['domain']} commands"
        )
    where = config["data"]
    if data is None:
        data = str(where.get("name", "-"))
        if data == "-":
            raise UsageError(f"{folder} does not know where its data is; give it again")
    settings = {name: where.get(name, default) for name, default in domain.reading.settings.items()}
    splits, _ = _found(domain, data, settings)
    started = time.perf_counter()
    codec, model = domain.load_codec(config["codec"]), _model_of(config)
    domain = domain.of(codec)
    training = TrainingConfig.from_dict(config["training"])
    coded = encoded(codec, splits)
    if coded.fingerprint != config["data_sha256"]:
        raise DataError(
            f"the data is not what {folder} was trained on; give the same files, or begin a new run with "
            f"--from {folder}"
        )
    total = steps or int(config["steps"])
    seed = int(config["seed"])
    run = _make_run(folder, domain, model, training, coded, splits, seed, config, crew, load)
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
    with catch_signals() as caught:
        if minutes is not None:
            caught.now("stopping before the first step: nothing is lost", safe=True)
            try:
                (more,) = distributed.agree(steps_in(60 * minutes, time.perf_counter(), run, state, caught))
            except Left:
                raise SystemExit(128 + max(caught, default=0)) from None
            total = int(state.step) + more
        if total != total_of(state.opt_state):  # not config's: a run may have been killed after that was written
            # Somebody who asks for more steps wants them: a run that had stopped improving gets its patience back.
            state = state._replace(opt_state=with_total(state.opt_state, total), patience=0 * state.patience)
        if int(state.step) < total:
            config.setdefault("resumed", []).append({"step": int(state.step), **circumstances()})
        config["steps"] = total
        if distributed.leads():
            write_config(folder, config)
            metrics.truncate(folder / "metrics.jsonl", int(state.step))
            stopping.forget(folder)
        return loop(run, state, guard, total, started, caught, due)


def _found(
    domain: Domain[Any], data: Data, settings: Mapping[str, Any], download: bool = False
) -> tuple[Splits[Any] | Encoded, dict[str, Any]]:
    """The data, and what config.json keeps of where it is: nothing for items that came without a name."""
    if isinstance(data, (Splits, Encoded)):
        return data, {}
    name = os.fspath(data)
    kept = os.path.abspath(name) if os.path.exists(name) else name
    return read_named(domain, name, settings, download=download), {"name": kept, **settings}


def _fitted(domain: Domain[Any], usual: TrainingConfig, data: Encoded) -> TrainingConfig:
    """A size's own settings, for as much data as there is."""
    fit = domain.fit_training
    return usual if fit is None else fit(usual, int(np.sum(data.train.lengths)))


def _evaluation_rows(model: Trainable, training: TrainingConfig, data: Encoded) -> int:
    """Few enough rows that what each forgets at its beginning counts for little; 0 where items are rows anyway."""
    steps = int(np.sum(data.valid.lengths))
    if training.evaluation_rows or model.whole or not steps or any(c is not None for c in data.valid.condition(0)):
        return training.evaluation_rows
    return max(1, min(training.rows, steps // CONTEXT))


def _with_drops(model: Trainable, drops: Mapping[str, float]) -> Trainable:
    """All of its networks with this dropout: some models have two."""
    parts = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
    networks = {name: part for name, part in parts.items() if all(hasattr(part, drop) for drop in drops)}
    if not networks:
        raise UsageError("this kind of model has no dropout to set; leave it out")
    changed = {name: dataclasses.replace(network, **drops) for name, network in networks.items()}
    return dataclasses.replace(model, **changed)  # type: ignore[type-var]


def _with_cell(model: Trainable, cell: str) -> Trainable:
    """Layers of another cell, as many and as wide."""
    layer, network = pick("cell", cell, PLAIN), getattr(model, "network", None)
    if not isinstance(network, Network) or not isinstance(network.layers, int) or network.window:
        raise UsageError("the layers of this kind of model are not all alike; leave the cell out")
    layers = (layer(network.units),) * network.layers
    return dataclasses.replace(model, network=dataclasses.replace(network, layers=layers, units=Network.units))  # type: ignore[type-var]


def _written(model: Trainable) -> dict[str, Any]:
    """A model in config.json: one of sequences as its network and head, as ever; of another kind as one entry."""
    settings = model.to_dict()
    return {"model": settings} if "kind" in settings else settings


def _model_of(config: Mapping[str, Any]) -> Trainable:
    return model_from_dict(config.get("model") or {name: config[name] for name in ("network", "head")})


def _load(minutes: float | None) -> float:
    """How many processes wanted to run in the last minute, before this one wanted much; 0 where nothing will be timed."""
    return os.getloadavg()[0] if minutes is not None and hasattr(os, "getloadavg") else 0.0


def _check_length(amount: float | None, unit: str) -> None:
    if amount is not None and not 0 < amount < 2**31:  # nor NaN
        raise UsageError(f"a run of {amount} {unit} cannot be; give more than 0 and less than 2^31")


def _make_run(
    folder: Path,
    domain: Domain[Any],
    model: Trainable,
    training: TrainingConfig,
    data: Encoded,
    splits: Splits[Any] | Encoded,
    seed: int,
    config: Mapping[str, Any],
    crew: Crew | None,
    load: float = 0.0,
) -> Run:
    if training.shards:
        crew = crew_of(1, training.shards) if crew is None else dataclasses.replace(crew, shards=training.shards)
    for source in (data.train, data.valid):
        model.check(source)
    augment = augmented(domain, data.codec, splits.train, seed) if isinstance(splits, Splits) else None
    windows: Windows | Items
    valid: Evaluation | EvaluationItems
    if model.whole:
        windows, valid = Items(data.train, training.rows, seed, augment), EvaluationItems(data.valid, training.rows)
    else:
        windows = Windows(data.train, training.rows, training.window, seed, augment)
        rows = training.evaluation_rows or training.rows
        valid = evaluation_windows(data.valid, rows, max(1, training.rows * training.window // rows))
    if crew is not None:
        crew.my_rows(windows.shape[0])  # raises where they cannot be dealt, before there is a folder
    held_out = splits.valid if isinstance(splits, Splits) else ()
    floor = None if model.whole else counting_floor(data)
    ngram = None if model.whole else functools.partial(ngram_floor, data)
    told = floor, load, characters_a_step(data), ngram
    return Run(folder, domain, data.codec, model, training, windows, valid, held_out, config, crew, *told)
