"""The verb `train` as every domain has it: its options, what they exclude, and what is said when a run ends.

Only the standard library is imported before a verb runs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..files.folders import free_path

if TYPE_CHECKING:
    from ..devices.crew import Crew
    from ..training.outcome import Outcome

SHARDS = 4
FEW = 100  # steps, below which a model has seen too few updates, whatever they were of
NO_BETTER = 0.02  # nats a step
MORE = 10  # minutes that are proposed
_HOW = ("rows", "window", "learning_rate", "dropout", "weight_drop", "embedding_drop", "cell", "precision")


def add_options(train: argparse.ArgumentParser, *, data: str) -> None:
    """The options of all domains; `data` says what DATA may be."""
    train.set_defaults(large=True)
    train.add_argument("data", nargs="?", metavar="DATA", help=data)
    train.add_argument("--out", type=Path, metavar="RUN", help="new folder for the run (runs/NAME)")
    train.add_argument("--resume", type=Path, metavar="RUN", help="continue a run where it stopped")
    train.add_argument("--steps", type=int, help="how long, in steps")
    train.add_argument("--minutes", type=float, help="how long, in minutes (10); with --resume, so many more")
    train.add_argument("--size", metavar="SIZE", help="tiny, small, medium or large (small)")
    train.add_argument("--from", dest="start_from", metavar="MODEL", help="fine-tune this model; scratch for none")
    train.add_argument("--rows", type=int, help="streams read side by side, the batch size (by the size and the data)")
    train.add_argument("--window", type=int, help="steps of back-propagation through time (by the size and the data)")
    train.add_argument("--learning-rate", type=float, help="the highest, after the warmup (by the size)")
    train.add_argument("--dropout", type=float, help="0, for none, up to 1 (by the size)")
    train.add_argument("--weight-drop", type=float, help="the same of the recurrent weights, one mask a window (0)")
    train.add_argument("--embedding-drop", type=float, help="the same of whole symbols that are read (0)")
    train.add_argument("--cell", metavar="CELL", help="of the layers: lstm, multiplicative, mogrifier (lstm)")
    train.add_argument("--seed", type=int, help="of the first weights and the order of the data (0)")
    train.add_argument(
        "--precision", choices=("f32", "bf16"), help="of products while training; bf16 is faster where a machine has it"
    )
    train.add_argument(
        "--distributed",
        metavar="HOW",
        help="share the work with the processes that SLURM, MPI or Kubernetes started (auto), or start N here",
    )
    train.add_argument(
        "--deterministic",
        nargs="?",
        type=int,
        const=SHARDS,
        metavar="SHARDS",
        help=f"the same weights, to the bit, on any number of devices that divides SHARDS ({SHARDS})",
    )
    train.add_argument("--download", action="store_true", help="fetch a data set that is not on this machine")


def run_train(
    args: argparse.Namespace, train: Callable[..., Outcome], resume: Callable[..., Outcome], *own: str
) -> Outcome:
    """Trains or resumes as the options say. Raises UsageError for options that do not go together.

    own: the domain's own options, by the name of `train`'s argument; None where not given, and fixed once a run began.
    """
    names = ("out", "minutes", "size", "start_from", "seed", "deterministic", *_HOW, *own)
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.resume is not None:
        for name in (name for name in given if name != "minutes"):
            option = "from" if name == "start_from" else name.replace("_", "-")
            raise UsageError(f"--{option} is settled when a run begins: leave it out with --resume")
    elif args.data is None:
        raise UsageError("say what to learn from: a file, a folder or a data set; or --resume a run")
    if args.steps is not None and args.minutes is not None:
        raise UsageError("--steps and --minutes both say how long to train: give one")
    from ..machine.cache import use_compile_cache

    use_compile_cache()
    with _crew(args.distributed, given.pop("deterministic", None)) as (crew, leads):
        if args.resume is not None:
            outcome = resume(args.resume, args.data, steps=args.steps, minutes=args.minutes, crew=crew)
        else:
            out = given.pop("out", None) or _free_folder(args.data)
            outcome = train(args.data, out, steps=args.steps, download=args.download, crew=crew, **given)
    if not leads:
        sys.exit(_code(outcome))
    return outcome


@contextlib.contextmanager
def _crew(distributed: str | None, shards: int | None) -> Iterator[tuple[Crew | None, bool]]:
    """The devices that share the work, and whether this process is the one that talks."""
    if distributed is None and shards is None:
        yield None, True
        return
    from ..devices.crew import crew_of
    from ..devices.distributed import joined, leads

    with contextlib.ExitStack() as stack:
        if distributed is not None:
            stack.enter_context(joined(distributed, own_cores=not shards))
        if not leads():
            stack.enter_context(contextlib.redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
            stack.enter_context(contextlib.redirect_stderr(sys.stdout))
        yield crew_of(1 if distributed is None else None, shards or 0), leads()


def tell(outcome: Outcome, domain: str, unit: str, verb: str = "sample") -> int:
    """Says how the run ended and how to go on, with which verb; the exit code."""
    folder = shlex.quote(str(outcome.folder))
    if outcome.signal is not None:
        print(
            f"seqgen: stopped and saved at step {outcome.step} of {outcome.steps}; "
            f"go on with: seqgen {domain} train --resume {folder}",
            file=sys.stderr,
        )
        return _code(outcome)
    why = " (validation no longer improves)" if outcome.stopped_early else ""
    best = f"{outcome.metric} {outcome.best:.4f}" if outcome.metric else f"validation {outcome.best:.4f} nats/{unit}"
    if (
        outcome.characters and unit != "char" and not outcome.metric
    ):  # so that models of words and of characters compare
        best += f", {outcome.best / outcome.characters:.4f} nats/char"
    counting = "" if outcome.floor is None else f"counting {unit}s alone: {outcome.floor:.4f}"
    if counting and outcome.ngram is not None:
        counting += f", up to {outcome.ngram.order} together: {outcome.ngram.nats:.4f}"
    counting = counting and f" ({counting})"
    print(f"seqgen: step {outcome.step} of {outcome.steps}{why}, best {best}{counting}")
    for doubt in _doubts(outcome, unit):
        print(f"seqgen: {doubt}; go on with: seqgen {domain} train --resume {folder} --minutes {MORE}", file=sys.stderr)
    print(f"seqgen: model {outcome.model}, curve {outcome.curve}; go on with: seqgen {domain} {verb} --model {folder}")
    return 0


def _doubts(outcome: Outcome, unit: str) -> Iterator[str]:
    """What whoever trained should know before they judge the model."""
    if outcome.begun == outcome.step:
        yield "the run was finished, and nothing was left to do"
    if outcome.floor is not None and not outcome.metric and outcome.best > outcome.floor - NO_BETTER:
        yield f"the model is no better than counting how frequent each {unit} is"
    elif outcome.ngram is not None and not outcome.metric and outcome.best > outcome.ngram.nats - NO_BETTER:
        yield f"counting which {outcome.ngram.order} {unit}s stand together predicts as well: the model has more to learn"
    if outcome.load > (cores := os.cpu_count() or 1):
        yield (
            f"the machine was busy ({outcome.load:.0f} processes for {cores} cores) when minutes were turned into steps, "
            f"which are {outcome.steps} for good"
        )
    if outcome.begun < outcome.step < FEW:
        yield f"{outcome.step} steps are very few: about {FEW} pass before a new model learns more than frequencies"


def _code(outcome: Outcome) -> int:
    return 128 + outcome.signal if outcome.signal else 0


def _free_folder(data: str) -> Path:
    """runs/NAME after the data, or runs/NAME-2, ... where that is taken."""
    name = Path(data).resolve().stem if data != "-" else "stdin"
    return free_path(Path("runs") / name)
