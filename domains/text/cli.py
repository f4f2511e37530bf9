"""`seqgen text ...`: the verbs of text. Only the standard library is imported before a verb runs."""

from __future__ import annotations

import argparse
import itertools
import shlex
import sys
from pathlib import Path

from seqgen.cli import pick_seed, tell_seed
from seqgen.commands import Commands
from seqgen.errors import UsageError

MODEL = "shakespeare"
MODEL_HELP = f"a shipped name, a run or a model folder ({MODEL})"


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_train(verbs.add_parser("train", help="learn from a file, a folder, standard input or a data set"))
    _add_sample(verbs.add_parser("sample", help="write new text, shown as it comes"))
    _add_score(verbs.add_parser("score", help="how likely a text is: nats and bits per character, perplexity"))


def _add_train(train: argparse.ArgumentParser) -> None:
    train.add_argument("data", nargs="?", metavar="DATA", help="a text file, a folder of them, - or a data set's name")
    train.add_argument("--out", type=Path, metavar="RUN", help="new folder for the run (runs/NAME)")
    train.add_argument("--resume", type=Path, metavar="RUN", help="continue a run where it stopped")
    train.add_argument("--steps", type=int, help="how long, in steps")
    train.add_argument("--minutes", type=float, help="how long, in minutes (10)")
    train.add_argument("--size", metavar="SIZE", help="tiny, small, medium or large (small)")
    train.add_argument("--from", dest="start_from", metavar="MODEL", help="fine-tune this model")
    train.add_argument("--seed", type=int, help="of the first weights and the order of the data (0)")
    train.add_argument("--encoding", help="of the files, such as latin-1 (utf-8)")
    train.add_argument("--download", action="store_true", help="fetch a data set that is not on this machine")
    train.set_defaults(run=_train)


def _add_sample(sample: argparse.ArgumentParser) -> None:
    sample.add_argument("--model", default=MODEL, metavar="MODEL", help=MODEL_HELP)
    sample.add_argument("--prompt", default="", help="text to go on from, in any script")
    sample.add_argument("--length", type=int, default=500, help="new characters (500)")
    sample.add_argument(
        "--temperature", type=float, default=0.8, help="0 likeliest, 1 as learned, more is wilder (0.8)"
    )
    sample.add_argument("--top-k", type=int, default=0, help="only the k likeliest characters (all)")
    sample.add_argument("--top-p", type=float, default=1.0, help="only the likeliest that reach probability p (all)")
    sample.add_argument("--min-p", type=float, default=0.0, help="only those this fraction as likely as the likeliest")
    sample.add_argument("--stop", action="append", default=[], metavar="TEXT", help="end before this text; may repeat")
    sample.add_argument("--seed", type=int, help="the same seed writes the same text")
    sample.set_defaults(run=_sample)


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("file", metavar="FILE", help="a text file, or - for standard input")
    score.add_argument("--model", default=MODEL, metavar="MODEL", help=MODEL_HELP)
    score.add_argument("--encoding", default="utf-8", help="of the file, such as latin-1 (utf-8)")
    score.set_defaults(run=_score)


def _train(args: argparse.Namespace) -> int:
    if args.resume is not None:
        fixed = {
            "--out": args.out,
            "--minutes": args.minutes,
            "--size": args.size,
            "--from": args.start_from,
            "--seed": args.seed,
            "--encoding": args.encoding,
        }
        for flag, value in fixed.items():
            if value is not None:
                raise UsageError(f"{flag} is settled when a run begins: leave it out with --resume")
    elif args.data is None:
        raise UsageError("say what to learn from: a text file, a folder, - or a data set; or --resume a run")
    elif args.steps is not None and args.minutes is not None:
        raise UsageError("--steps and --minutes both say how long to train: give one")
    from seqgen.cache import use_compile_cache

    from . import api

    use_compile_cache()
    if args.resume is not None:
        outcome = api.resume(args.resume, args.data, steps=args.steps)
    else:
        outcome = api.train(
            args.data,
            args.out or _free_folder(args.data),
            size=args.size,
            steps=args.steps,
            minutes=args.minutes,
            seed=args.seed or 0,
            start_from=args.start_from,
            encoding=args.encoding or "utf-8",
            download=args.download,
        )
    run = shlex.quote(str(outcome.folder))
    if outcome.signal is not None:
        print(
            f"seqgen: stopped and saved at step {outcome.step} of {outcome.steps}; "
            f"go on with: seqgen text train --resume {run}",
            file=sys.stderr,
        )
        return 128 + outcome.signal
    why = " (validation no longer improves)" if outcome.stopped_early else ""
    print(f"seqgen: step {outcome.step} of {outcome.steps}{why}, best validation {outcome.best:.4f} nats/char")
    print(f"seqgen: model {outcome.model}, curve {outcome.curve}; write with: seqgen text sample --model {run}")
    print(api.load(outcome.folder).sample(length=300, temperature=0.8, seed=args.seed or 0))
    return 0


def _free_folder(data: str) -> Path:
    """runs/NAME after the data, or runs/NAME-2, ... where that is taken."""
    name = Path(data).resolve().stem if data != "-" else "stdin"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(path for path in (Path("runs") / name for name in names) if not path.exists())


def _sample(args: argparse.Namespace) -> int:
    from seqgen.cache import use_compile_cache

    from . import api

    use_compile_cache()
    model, seed = api.load(args.model), pick_seed(args.seed)
    pieces = model.stream(
        [args.prompt],
        length=args.length,
        temperature=args.temperature,
        top_k=args.top_k,
        top_p=args.top_p,
        min_p=args.min_p,
        stop=args.stop,
        seed=seed,
    )
    tell_seed(args.seed, seed)
    for (piece,) in itertools.chain([[model.codec.canonical(args.prompt)]], pieces):
        print(piece, end="", flush=True)
    print()
    return 0


def _score(args: argparse.Namespace) -> int:
    from seqgen.cache import use_compile_cache

    from . import api
    from .files import read_text

    use_compile_cache()
    text = read_text(args.file, args.encoding)
    score = api.load(args.model).score(text)
    print(
        f"{score.nats_per_char:.4f} nats/char  {score.bits_per_char:.4f} bits/char  "
        f"perplexity {score.perplexity:.3f}  ({score.characters:,} characters, static, one pass, state carried)"
    )
    return 0


def demo(folder: Path, seed: int) -> list[Path]:
    """A page of text by the shipped model, on the terminal and in text.txt."""
    from . import api

    path = folder / "text.txt"
    parts = []
    for (piece,) in api.load().stream([""], length=1500, temperature=0.8, seed=seed):
        parts.append(piece)
        print(piece, end="", flush=True)
    print()
    path.write_text("".join(parts) + "\n", encoding="utf-8")
    return [path]


COMMANDS = Commands("characters: learn a text, write more of it, score it", add, demo)
