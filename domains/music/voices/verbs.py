"""The verbs about given voices: `seqgen music harmonise` and `inpaint`."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from seqgen.errors import UsageError
from seqgen.shell import draw_verb
from seqgen.shell.commands import example

from .. import MODEL, TEMPERATURE, writing
from ..formats.guard import MAX_EVENTS

if TYPE_CHECKING:
    from .filling import Filled


def add_harmonise(parser: argparse.ArgumentParser) -> None:
    _add_piece(parser, "a tune: MIDI, MusicXML or ABC, one part, or the highest of several; or four voices")
    parser.add_argument(
        "--keep",
        default="soprano",
        metavar="VOICES",
        help="soprano, alto, tenor, bass, or several: soprano,bass (soprano)",
    )
    parser.add_argument(
        "--end",
        choices=("auto", "tonic", "free"),
        default="auto",
        help="on the tonic chord in root position; auto: where the tune's last note belongs to it; free: as the model ends",
    )
    parser.add_argument(
        "--chords",
        metavar="CHORDS",
        help="to follow: 'G D Em C', a bar each, or 'G D | Em C', bars by lines, over and over",
    )
    _add_how(parser)
    example(parser, "seqgen music harmonise tune.abc --keep soprano --out full.mid")
    parser.set_defaults(run=_harmonise)


def add_inpaint(parser: argparse.ArgumentParser) -> None:
    _add_piece(parser, "a piece for four voices, a part each: MIDI or MusicXML")
    parser.add_argument(
        "--bars",
        required=True,
        metavar="A-B",
        help="which are written anew, counted from 1 as in the picture of the piece",
    )
    parser.add_argument("--voices", default="soprano,alto,tenor,bass", metavar="VOICES", help="in which voices (all)")
    _add_how(parser)
    example(parser, "seqgen music inpaint full.mid --bars 5-8 --voices alto,tenor --out new.mid")
    parser.set_defaults(run=_inpaint)


def add_voice_leading(parser: argparse.ArgumentParser, usual: str) -> None:
    """The option --voice-leading."""
    parser.add_argument(
        "--voice-leading",
        choices=("off", "soft", "strict"),
        default=usual,
        help="parallel fifths and octaves, wide leaps, crossings: as the model has them, as rare as in Bach, or hardly ever "
        f"({usual})",
    )


def _add_piece(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("file", metavar="FILE", help=what)
    draw_verb.add_model(parser, MODEL)


def _add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=1, metavar="N", help="how many pieces (1)")
    parser.add_argument(
        "--particles", type=int, default=32, metavar="N", help="how many ways are tried beside one another (32)"
    )
    add_voice_leading(parser, "soft")
    parser.add_argument(
        "--temperature",
        type=float,
        default=TEMPERATURE,
        help=f"0 likeliest, 1 as learned, more is wilder ({TEMPERATURE:g})",
    )
    draw_verb.add_seed(parser, "makes the same piece")
    writing.add_out(parser)
    parser.add_argument(
        "--max-events",
        type=int,
        default=MAX_EVENTS,
        metavar="N",
        help=f"the longest file that is read ({MAX_EVENTS:,})",
    )


def _how(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    names = ("count", "particles", "voice_leading", "temperature")
    return {"seed": seed, **{name: getattr(args, name) for name in names}}


def _harmonise(args: argparse.Namespace) -> int:
    model, score, seed = _opened(args)
    return _write(
        args, seed, model.harmonise(score, keep=args.keep, end=args.end, chords=args.chords, **_how(args, seed))
    )


def _inpaint(args: argparse.Namespace) -> int:
    match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", args.bars)
    if match is None:
        raise UsageError(f"--bars is {args.bars!r}; give a bar or two, such as 5 or 5-8")
    bars = int(match[1]), int(match[2] or match[1])
    model, score, seed = _opened(args)
    return _write(args, seed, model.inpaint(score, bars=bars, voices=args.voices, **_how(args, seed)))


def _opened(args: argparse.Namespace) -> Any:
    writing.check_out(args)
    from seqgen.machine.cache import use_compile_cache

    from .. import api, files

    use_compile_cache()
    score = files.read_score(args.file, args.max_events)
    return api.load(args.model), score, draw_verb.pick_seed(args.seed)


def _write(args: argparse.Namespace, seed: int, made: list[Filled]) -> int:
    draw_verb.tell_seed(args.seed, seed)
    for piece, place in zip(made, writing.places(args, len(made)), strict=True):
        if piece.moved:
            print(f"seqgen: moved by {piece.moved:+d} semitones into the voice's range, and back when it was done")
        paths = writing.write(piece.score, place, sound=not args.no_wav)
        print(
            f"seqgen: {piece.score.seconds:.1f} s, {len(piece.score.notes):,} notes, {piece.made:,} of them new; "
            f"{piece.log_prob:.1f} nats, {piece.log_evidence:.1f} of them for what was given"
        )
        for path in paths:
            print(f"seqgen: wrote {path}")
    return 0
