"""The command `seqgen`: parses, runs one verb, and turns what goes wrong into one line and an exit code.

Exit codes: 0 done; 1 it could not be done; 2 the request cannot be met as typed; 130 or 143 stopped by a signal.
"""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import __version__, registry
from ..errors import SeqgenError, UsageError
from ..machine.huge_pages import use_huge_pages
from . import draw_verb, train_verb
from .commands import Commands, Demo


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    for output in (sys.stdout, sys.stderr):
        if hasattr(output, "reconfigure"):  # a terminal that cannot show a character gets a stand-in, not an error
            output.reconfigure(errors="replace" if output is sys.stderr else _STAND_IN)
    try:
        args = _parsed(sys.argv[1:] if arguments is None else arguments)
        if arguments is None and getattr(
            args, "large", False
        ):  # as a program: a caller's process is not ours to replace
            use_huge_pages()
        code = int(args.run(args))
        print(end="", flush=True)  # what a full disk refuses is an error here, and a stack trace at exit
        return code
    except SeqgenError as error:
        print(f"seqgen: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("seqgen: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has seen enough, as in `seqgen ... | head`
        _drop_output()
        return 0
    except OSError as error:
        print(
            f"seqgen: error: {error.filename or 'output'}: {error.strerror or error}; make room or name another place",
            file=sys.stderr,
        )
        if error.filename is None:
            _drop_output()
        return 1


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = build_parser()
    args, unknown = parser.parse_known_args(arguments)
    if not unknown:
        return args
    verb = parser
    for word in arguments:  # down to the one whose options these would be
        for action in verb._actions:
            if isinstance(action, argparse._SubParsersAction):
                verb = action.choices.get(word, verb)
    import difflib  # 15 ms that only a wrong name should cost

    option = unknown[0].partition("=")[0]
    close = difflib.get_close_matches(option, verb._option_string_actions, n=1)
    guess = f"; did you mean {close[0]}?" if close else ""
    verb.error(f"there is no {option!r} here{guess}")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """A ? for each character that a terminal cannot show, and, once, what to do about it."""
    assert isinstance(error, UnicodeEncodeError)
    if not _told:
        _told.append(error.encoding)
        print(
            f"seqgen: this output is {error.encoding}, which lacks some characters: each is written as ?; "
            "PYTHONIOENCODING=utf-8 makes it UTF-8",
            file=sys.stderr,
        )
    return "?" * (error.end - error.start), error.end


_STAND_IN, _told = "seqgen.stand-in", list[str]()
codecs.register_error(_STAND_IN, _stand_in)


def _drop_output() -> None:
    """Python would try to write what is left once more at exit, and complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, with the verbs of every installed domain."""
    parser = argparse.ArgumentParser(
        prog="seqgen", description="Learns to continue sequences and makes new ones: text, music, handwriting."
    )
    parser.add_argument("--version", action="version", version=f"seqgen {__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    demo = verbs.add_parser(
        "demo",
        help="everything at once, with the models that ship inside, and a page that shows it",
        description="Makes something of every kind with the models that ship inside, prints the text, and writes it "
        "all into a folder, with index.html, which shows, plays and draws it in any browser, without a network.",
    )
    demo.add_argument("--out", type=Path, default=Path("seqgen-demo"), metavar="DIR", help="folder (seqgen-demo)")
    demo.add_argument("--seed", type=int, help="another one makes other things of every kind")
    demo.set_defaults(run=_demo)
    for name in registry.commands():
        try:
            commands: Commands = registry.command(name)
        except SeqgenError as error:  # somebody else's package: the rest goes on working without it
            print(f"seqgen: {error}", file=sys.stderr)
            continue
        commands.add(verbs.add_parser(name, help=commands.help, description=commands.help))
    train = verbs.add_parser("train", help="continue a run of any kind: --resume RUN")
    train_verb.add_options(train, data="what the run learns from, where its folder does not say")
    train.set_defaults(run=_train)
    models = verbs.add_parser("models", help="the models that ship inside: what they write, how large, on which terms")
    models.set_defaults(run=_models)
    info = verbs.add_parser("info", help="what a model is and how it was made")
    info.add_argument("model", nargs="?", metavar="MODEL", help="a shipped name, a run or a model folder (all shipped)")
    info.set_defaults(run=_info)
    verify = verbs.add_parser("verify", help="whether the files of a model or a run are as they were written")
    verify.add_argument("model", metavar="MODEL", help="a shipped name, a run or a model folder")
    verify.set_defaults(run=_verify)
    small = verbs.add_parser(
        "compress",
        help="a copy of a model in 8 bits, half as large, and what that costs",
        description="Writes a copy of a model with matrices in 8 bits instead of 16, and prints its size and, on data "
        "that you name, its loss before and after.",
    )
    small.add_argument("model", metavar="MODEL", help="a shipped name, a run or a model folder")
    small.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    small.add_argument(
        "--data", metavar="DATA", help="a file, folder or data set of its kind; what is held out is scored"
    )
    small.set_defaults(run=_compress)
    push = verbs.add_parser(
        "push",
        help="put a model on the Hugging Face hub",
        description="Puts the files of a model, and nothing else, into a repository on the Hugging Face hub, which it "
        "makes if need be. Log in first: hf auth login",
    )
    push.add_argument("model", metavar="MODEL", help="a shipped name, a run or a model folder")
    push.add_argument("repository", metavar="OWNER/NAME", help="where; a new one is private")
    push.add_argument("--public", action="store_true", help="make a new repository public")
    push.set_defaults(run=_push)
    pull = verbs.add_parser(
        "pull",
        help="fetch a model from the Hugging Face hub",
        description="Fetches a model that `seqgen push` put on the Hugging Face hub, checks it, and puts it into a "
        "folder of its own.",
    )
    pull.add_argument("repository", metavar="OWNER/NAME")
    pull.add_argument("--out", type=Path, metavar="DIR", help="a new folder (./NAME)")
    pull.add_argument("--revision", metavar="REV", help="a branch, tag or commit (the newest)")
    pull.set_defaults(run=_pull)
    board = verbs.add_parser(
        "tensorboard",
        help="a run's measurements as files for TensorBoard",
        description="Writes the measurements of a run into its folder tensorboard/, for `tensorboard --logdir RUN`.",
    )
    board.add_argument("folder", type=Path, metavar="RUN", help="a folder that `train --out` made")
    board.add_argument("--follow", action="store_true", help="go on until the run ends")
    board.set_defaults(run=_tensorboard)
    studio = verbs.add_parser(
        "studio",
        help="a page where you play with the models, in the browser",
        description="Opens a page that writes while you watch and lets you step in. The models run in the page itself, "
        "without a network; only this machine can open it. Watch a training: seqgen studio --run runs/poems",
    )
    studio.add_argument("models", nargs="*", metavar="MODEL", help="shipped names, runs or model folders (all shipped)")
    studio.add_argument(
        "--run", dest="watched", type=Path, metavar="RUN", help="watch this training, and stop it from the page"
    )
    studio.add_argument(
        "--ink", type=Path, metavar="DIR", help="keep what is written under `Your hand` here, for handwriting adopt"
    )
    studio.add_argument("--no-open", action="store_true", help="print the address, and open no browser")
    studio.add_argument(
        "--export",
        type=Path,
        metavar="DIR",
        help="write the page and its models as a folder for any web server, or, as FILE.html, as one file that needs none",
    )
    studio.set_defaults(run=_studio)
    again = verbs.add_parser(
        "verify-resume",
        help="whether a killed run goes on to the same bits on this machine",
        description="Trains a tiny model twice: straight, and killed half-way and resumed in a new process; compares "
        "every bit of what both know in the end.",
    )
    again.add_argument("--domain", default="text", metavar="NAME", help="text, music, handwriting (text)")
    again.add_argument("--steps", type=int, default=20, metavar="N", help="of each half (20)")
    again.set_defaults(run=_verify_resume)
    doctor = verbs.add_parser("doctor", help="versions, devices, caches, and what is missing")
    doctor.set_defaults(run=_doctor)
    return parser


def _demo(args: argparse.Namespace) -> int:
    from ..machine.cache import use_compile_cache
    from .demo_page import Section, write_demo_page

    use_compile_cache()
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {args.out}: {error.strerror}; name another folder with --out") from None
    seed = draw_verb.pick_seed(args.seed)
    draw_verb.tell_seed(args.seed, seed)
    sections = []
    for name in registry.commands():
        demo: Demo | None = registry.command(name).demo
        if demo is not None:
            files = demo.make(args.out, seed)
            sections.append(Section(name, demo.about, demo.again, files))
            for path in files:
                print(f"seqgen: wrote {path}", file=sys.stderr)
    print(f"seqgen: wrote {write_demo_page(args.out, sections, seed)}", file=sys.stderr)
    return 0


def _train(args: argparse.Namespace) -> int:
    if args.resume is None:
        words = ", ".join(f"seqgen {name} train" for name in registry.commands())
        raise UsageError(f"say what kind of thing to learn: {words}; or continue a run of any kind with --resume RUN")
    from ..training.run_config import read_config

    domain = read_config(args.resume)["domain"]
    registry.command(domain)  # raises for one that is not installed
    own = build_parser().parse_args([domain, "train"])  # with the domain's own options
    return int(own.run(argparse.Namespace(**{**vars(own), **vars(args)})))


def _models(args: argparse.Namespace) -> int:
    from ..models.shipped import listing

    del args
    print(listing())
    return 0


def _info(args: argparse.Namespace) -> int:
    from ..models.info import describe
    from ..models.shipped import shipped

    for model in [args.model] if args.model else shipped():
        print(describe(model))
    return 0


def _verify(args: argparse.Namespace) -> int:
    from .verify import verify

    return verify(args.model)


def _compress(args: argparse.Namespace) -> int:
    from .compress import compress

    return compress(args.model, args.out, args.data)


def _push(args: argparse.Namespace) -> int:
    from ..models.hub import push

    address = push(args.model, args.repository, public=args.public)
    print(f"seqgen: pushed to {address}", file=sys.stderr)
    return 0


def _pull(args: argparse.Namespace) -> int:
    from ..models.hub import pull

    print(f"seqgen: wrote {pull(args.repository, args.out, revision=args.revision)}", file=sys.stderr)
    return 0


def _tensorboard(args: argparse.Namespace) -> int:
    from .tensorboard import write

    folder = write(args.folder, follow=args.follow)
    print(f"seqgen: wrote {folder}; look at it with: tensorboard --logdir {args.folder}", file=sys.stderr)
    return 0


def _studio(args: argparse.Namespace) -> int:
    if args.export is not None:
        if args.watched is not None:
            raise UsageError("a training is watched while seqgen studio runs: leave out --run, or --export")
        if args.ink is not None:
            raise UsageError("an exported page offers ink as a download: leave out --ink, or --export")
        from .studio.site import export

        print(f"seqgen: wrote {export(args.export, args.models)}", file=sys.stderr)
        return 0
    from .studio.server import serve

    return serve(args.models, run=args.watched, ink=args.ink, show=not args.no_open)


def _verify_resume(args: argparse.Namespace) -> int:
    from .verify_resume import verify_resume

    return verify_resume(args.domain, args.steps)


def _doctor(args: argparse.Namespace) -> int:
    from .doctor import doctor

    del args
    return doctor()


if __name__ == "__main__":
    sys.exit(main())
