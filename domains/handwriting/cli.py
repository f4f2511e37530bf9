"""`seqgen handwriting ...`: the verbs of handwriting. Only the standard library is imported before a verb runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import DataError, UsageError
from seqgen.files.folders import free_path
from seqgen.shell import draw_verb, train_verb
from seqgen.shell.commands import Commands, Demo, example

from . import MODEL, convert, page_options
from .recognition import verb as read_verb

if TYPE_CHECKING:
    from .drawing.page import Page
    from .ink import Ink

DEMO_HANDS = ("oak", "larch")
DEMO_TEXTS = (  # halves of two lines, a hand each
    (
        "No one has ever written this,\nand no one will again.",
        "The ink was never in a bottle,\nthe pen never in a hand.",
    ),
    (
        "Dear reader, all I know is where\na pen might want to go.",
        "I never saw a word as such,\nand yet I wrote you four.",
    ),
    (
        "Rain on the roof since half past six.\nThe kettle sings.",
        "I meant to write you long ago,\nand now there is time.",
    ),
    (
        "Milk, bread, two lemons, salt,\nand something for the cat.",
        "Back at seven. If it snows,\nstart the fire without me.",
    ),
    (
        "The sea was loud, the boat was small,\nthe map was drawn by heart.",
        "We sailed at 5 and came at last\nto where the paper ends.",
    ),
)


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_train(verbs.add_parser("train", help="learn from a file of ink, a folder, IAM-OnDB or a data set"))
    _add_write(verbs.add_parser("write", help="a text by hand: SVG, PNG or ink"))
    _add_continue(verbs.add_parser("continue", help="go on from ink, with a text or without"))
    _add_adopt(verbs.add_parser("adopt", help="a hand of one's own: fitted to samples of it, a small file"))
    read_verb.add(verbs.add_parser("read", help="what ink says: its text, and how much of it is read wrong"))
    _add_score(verbs.add_parser("score", help="how likely ink is: nats per point and per line"))
    convert.add(verbs.add_parser("convert", help="ink from one format to another"))
    _add_inspect(verbs.add_parser("inspect", help="what is in files of ink, and which lines would be used"))


def _add_train(train: argparse.ArgumentParser) -> None:
    train_verb.add_options(train, data="a file of ink, a folder of them, IAM-OnDB's folder, or a data set's name")
    train.add_argument(
        "--network",
        help="synthesis, to write texts; recognition, to read them; prediction, to continue ink (by the ink)",
    )
    example(train, "seqgen handwriting train my_ink --minutes 60 --out runs/mine")
    train.set_defaults(run=_train)


def _add_write(write: argparse.ArgumentParser) -> None:
    write.add_argument("text", nargs="?", metavar="TEXT", help="what to write")
    write.add_argument("--file", metavar="FILE", help="a text file to write instead, - for standard input")
    write.add_argument(
        "--width", type=int, default=40, help="characters of a line; longer ones are wrapped, on paper by their mm (40)"
    )
    hand = "whose hand (the first): a name that `seqgen info MODEL` has, a mixture as oak:0.6,birch:0.4, or an adopted one's file"
    write.add_argument("--hand", metavar="NAME", help=hand)
    write.add_argument(
        "--tries", type=int, default=4, metavar="N", help="proof-read: the best of N a line, 1 does not (4)"
    )
    write.add_argument(
        "--prime", type=Path, metavar="INK", help="write on in the manner of this ink, a file's first line"
    )
    _add_making(write)
    write.add_argument(
        "--unknown",
        default="compose",
        metavar="WAY",
        help="characters that the model has not learned: compose them of a letter and a mark where that can be done, "
        "replace them and say so, or error (compose)",
    )
    write.add_argument("--explain", action="store_true", help="pictures of what the model looked at, beside the output")
    example(
        write,
        'seqgen handwriting write "Dear reader, hello!" --hand larch --out hello.svg',
        'seqgen handwriting write "Thank you" --out note.json',
        "seqgen handwriting write --file letter.txt --paper a4 --color navy",
    )
    write.set_defaults(run=_write)


def _add_continue(go_on: argparse.ArgumentParser) -> None:
    go_on.add_argument("ink", type=Path, metavar="INK", help="a file of ink, its first line")
    go_on.add_argument("--text", help="what to write next, for models that know texts")
    go_on.add_argument("--points", type=int, default=400, help="how many are new, for models that do not (400)")
    _add_making(go_on)
    example(go_on, 'seqgen handwriting continue note.json --text "for all" --out more.svg')
    go_on.set_defaults(run=_continue)


def _add_making(parser: argparse.ArgumentParser) -> None:
    """What `write` and `continue` have in common: the model, how it draws, and how that is shown."""
    draw_verb.add_model(parser, MODEL)
    parser.add_argument("--prime-text", metavar="TEXT", help="what the given ink says, where its file does not tell")
    parser.add_argument("--bias", type=float, default=1.0, help="0 as varied as the ink it learned, more is neater (1)")
    draw_verb.add_seed(parser, "writes the same ink")
    parser.add_argument("--out", type=Path, metavar="FILE", help=page_options.OUT)
    page_options.add(parser.add_argument_group("the page"))
    convert.add_plotter(parser)


def _add_adopt(adopt: argparse.ArgumentParser) -> None:
    adopt.add_argument("samples", nargs="+", metavar="SAMPLE", help="files of somebody's ink, or folders of them")
    adopt.add_argument(
        "--texts", type=Path, metavar="FILE", help="what the samples say, a line each; else it is proposed"
    )
    adopt.add_argument("--out", type=Path, default=Path("mine.style"), metavar="FILE", help="NAME.style (mine.style)")
    adopt.add_argument(
        "--tune",
        type=Path,
        metavar="FOLDER",
        help="of 60 words or more: have the whole model learn from them, too, and write it here if that is better still",
    )
    draw_verb.add_model(adopt, MODEL)
    example(adopt, "seqgen handwriting adopt my_ink --texts said.txt --out mine.style")
    adopt.set_defaults(run=_adopt)


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("files", nargs="+", metavar="FILE", help="files of ink, or folders of them")
    draw_verb.add_model(score, MODEL)
    example(score, "seqgen handwriting score note.json")
    score.set_defaults(run=_score)


def _add_inspect(inspect: argparse.ArgumentParser) -> None:
    inspect.add_argument("files", nargs="+", metavar="FILE", help="files of ink, or folders of them")
    example(inspect, "seqgen handwriting inspect note.json my_ink")
    inspect.set_defaults(run=_inspect)


def _train(args: argparse.Namespace) -> int:
    from . import api

    outcome = train_verb.run_train(args, api.train, api.resume, "network")
    if (outcome.model / "config.json").exists():
        from .recognition.reader import reads
        from .trial import trouble

        if reads(outcome.model):
            return train_verb.tell(outcome, "handwriting", "character", "read FILE")
        model = api.load(outcome.model)
        if found := trouble(model):
            print(f"seqgen: this model does not write yet: {found}; train it longer or on more lines", file=sys.stderr)
        if not model.codec.alphabet:
            return train_verb.tell(outcome, "handwriting", "point", "continue INK")
    return train_verb.tell(outcome, "handwriting", "point", "write TEXT")


def _write(args: argparse.Namespace) -> int:
    if (args.text is None) == (args.file is None):
        raise UsageError("say what to write: TEXT or --file, one of them")
    if args.prime is None and args.prime_text is not None:
        raise UsageError("--prime-text is what the ink of --prime says: give both, or neither")
    page = page_options.page_of(args)
    out = _out(args.out, page)
    from seqgen.files.reading import read_text
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .saving import save
    from .wrap import paragraphs_of

    use_compile_cache()
    text = args.text if args.file is None else read_text(args.file)
    prime = None if args.prime is None else _first(args.prime, args.prime_text)
    model, seed = api.load(args.model), draw_verb.pick_seed(args.seed)
    text = _known(text, model.codec.alphabet, args.unknown)
    width = page_options.width(text, args.width, page)
    paragraphs = paragraphs_of(text, width)
    wanted = [line for lines in paragraphs for line in lines]
    page_options.check_room(wanted, page, out)
    if args.unknown == "error":  # what can be composed, too
        model.codec.check("".join(wanted))
    settings = {"hand": args.hand, "bias": args.bias, "prime": prime, "width": width, "tries": args.tries}
    inks = model.write(text, seed=seed, **settings)
    draw_verb.tell_seed(args.seed, seed)
    written = iter(inks)
    paths = save([[next(written) for _ in lines] for lines in paragraphs], out, page, convert.plotter(args))
    if args.explain:
        from .drawing.explain import explain

        paths += explain(model, next(ink for ink in inks if ink.strokes), out)
    for path in paths:
        print(f"seqgen: wrote {path}")
    return 0


def _continue(args: argparse.Namespace) -> int:
    page = page_options.page_of(args)
    out = _out(args.out, page)
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .saving import save

    use_compile_cache()
    ink = _first(args.ink, args.prime_text)
    model, seed = api.load(args.model), draw_verb.pick_seed(args.seed)
    made = model.go_on(ink, args.text, points=args.points, bias=args.bias, seed=seed)
    draw_verb.tell_seed(args.seed, seed)
    paths = save([made], out, page, convert.plotter(args))
    given = model.codec.canonical(ink).points  # as the model takes them
    print(f"seqgen: wrote {', '.join(map(str, paths))}: {given} points of the ink given, {made.points - given} new")
    return 0


def _adopt(args: argparse.Namespace) -> int:
    from .adopt_verb import run

    return run(args.samples, args.texts, args.model, args.out, args.tune)


def _first(path: Path, text: str | None) -> Ink:
    """The first line of a file of ink, in x-heights."""
    from dataclasses import replace

    from .files import in_x_heights, read_ink

    ink = next((ink for ink in in_x_heights(read_ink(path)) if ink.strokes), None)
    if ink is None:
        raise DataError(f"{path} has no ink in it; give a file with a line")
    return ink if text is None else replace(ink, text=text)


def _out(path: Path | None, page: Page) -> Path:
    """Where to write: the file asked for, or writing.svg, writing-2.svg, ... where that is taken; on paper one .pdf."""
    if path is None:
        return free_path(Path("writing"), ".svg" if page.size is None else ".pdf")
    from .saving import kind_of

    kind_of(path)
    return path


def _known(text: str, alphabet: str, way: str) -> str:
    """The text as the model can write it; says on stderr what is written otherwise."""
    from seqgen.files.report import printable

    from .replacements import replaced

    made, others = replaced(text, alphabet, way)
    if others:
        named = ", ".join(
            f"{printable(old)} as {new!r}" if new else f"no {printable(old)}" for old, new in others.items()
        )
        print(f"seqgen: written otherwise: {named} (--unknown error refuses them)", file=sys.stderr)
    return made


def _score(args: argparse.Namespace) -> int:
    from seqgen.files.report import tell_use
    from seqgen.machine.cache import use_compile_cache

    from . import api
    from .files import in_x_heights, read_inks

    use_compile_cache()
    model = api.load(args.model)
    found = read_inks(args.files, model.check)
    tell_use(found.rows, "lines", "handwriting", found.unread)
    nats = points = 0.0
    for name, ink in zip(found.names, in_x_heights(found.inks), strict=True):
        score = model.score(ink)
        nats, points = nats + score.nats, points + score.points
        print(f"{score.nats_per_point:.4f} nats/point  {score.nats:.1f} nats/line  ({score.points:,} points)  {name}")
    if len(found.inks) > 1:
        print(f"{nats / points:.4f} nats/point  {nats / len(found.inks):.1f} nats/line  all {len(found.inks)} lines")
    return 0 if found.inks else 1


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_inks
    from .inspection import table

    found = read_inks(args.files)
    print(table(found.rows))
    files = f"; {found.unread} of the files cannot be read" if found.unread else ""
    print(f"{len(found.inks)} of {len(found.rows) - found.unread} lines would be used{files}")
    return 0


def demo(folder: Path, seed: int) -> list[Path]:
    """Four lines by the shipped model, in the hands it knows."""
    from . import api
    from .drawing.page import Page
    from .drawing.svg import write_svg

    model, path = api.load(), folder / "handwriting.svg"
    text = DEMO_TEXTS[seed % len(DEMO_TEXTS)]
    hands = [hand if hand in model.codec.hands else None for hand in DEMO_HANDS]
    inks = [
        ink for half, hand in zip(text, hands, strict=True) for ink in model.write(half, hand=hand, seed=seed, tries=4)
    ]
    write_svg(inks, path, Page(pen=0.4, color="navy"))
    return [path]


DEMO = Demo(
    demo,
    "Four lines in two hands. The text was given; where the pen goes, a network drew from its own odds, point by point.",
    'seqgen handwriting write "Dear Ann," --hand larch --out letter.svg',
)
COMMANDS = Commands(
    "handwriting: learn from ink, write a text by hand, continue, adopt a hand, read, score, convert, inspect",
    add,
    DEMO,
)
