"""`seqgen music ...`: the verbs of music. Only the standard library is imported before a verb runs."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import DataError, UsageError
from seqgen.shell import draw_verb, train_verb
from seqgen.shell.commands import Commands, Demo, example

from . import MIN_P, MODEL, TEMPERATURE, writing
from .drums import HOW
from .formats.guard import MAX_EVENTS
from .reports.verb import add_report
from .signs import MODES, Key, key_named
from .voices import verbs as given

if TYPE_CHECKING:
    from .composition import Composition
    from .likelihood import Likelihood
    from .score import Meter, Score

DEMO_BARS = 16
STILL = 8.0  # seconds without anything new: longer than any note in the chorales


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_train(verbs.add_parser("train", help="learn from MIDI, MusicXML or ABC files, a folder or a data set"))
    _add_sample(verbs.add_parser("sample", help="compose, or go on from a piece: MIDI, sound and a picture"))
    _add_score(verbs.add_parser("score", help="how likely pieces are: nats per event, note and beat"))
    given.add_harmonise(verbs.add_parser("harmonise", help="write the other voices to a tune"))
    given.add_inpaint(verbs.add_parser("inpaint", help="write some bars of some voices anew"))
    _add_convert(verbs.add_parser("convert", help="a piece from one format to another: MIDI, MusicXML, ABC"))
    add_report(
        verbs.add_parser("report", help="what a harmony teacher would mark in samples, and what they copy"), MODEL
    )
    _add_inspect(verbs.add_parser("inspect", help="what is in files, and which would be used"))


def _add_train(train: argparse.ArgumentParser) -> None:
    train_verb.add_options(train, data="a MIDI, MusicXML or ABC file, a folder of them, or a data set's name")
    train.add_argument("--encoding", help="beats, performance, grid, chorale, given or roll (what suits the pieces)")
    _add_reading(train, None)
    example(train, "seqgen music train my_midi_folder --minutes 30 --out runs/mine")
    train.set_defaults(run=_train)


def _add_sample(sample: argparse.ArgumentParser) -> None:
    draw_verb.add_model(sample, MODEL)
    sample.add_argument(
        "--primer",
        type=Path,
        metavar="FILE",
        nargs="+",
        default=[],
        help="a piece to go on from, kept in front, whole; or several, and a new piece for each",
    )
    sample.add_argument("--count", type=int, default=1, metavar="N", help="how many pieces, or for each primer (1)")
    sample.add_argument("--seconds", type=float, help="how much is new (30)")
    sample.add_argument("--bars", type=int, help="the same in bars, for all models but those of performances")
    sample.add_argument("--events", type=int, help="the same in events")
    sample.add_argument("--meter", metavar="N/D", help="of the new bars, for the same models (the primer's, or 4/4)")
    sample.add_argument("--tempo", type=float, metavar="BPM", help="of the new bars, for models of beats (the model's)")
    sample.add_argument(
        "--chords",
        metavar="SYMBOLS",
        help="of the new bars, for models of beats: 'Am F C G' a bar each, or 'Am F | C' (the model's)",
    )
    given.add_voice_leading(sample, "off")
    sample.add_argument(
        "--key", metavar="TONIC", help="such as C, Bb or F#, for models that know keys (the primer's, or any)"
    )
    sample.add_argument("--mode", choices=MODES, help="of that key (major)")
    sample.add_argument(
        "--end",
        choices=("free", "tonic"),
        default="free",
        help="as the model ends, or drawn until a piece ends on its tonic chord, for the same models and with --bars (free)",
    )
    draw_verb.add_options(sample, steps="events", temperature=TEMPERATURE, min_p=MIN_P)
    draw_verb.add_seed(sample, "makes the same piece")
    writing.add_out(sample)
    _add_max_events(sample, MAX_EVENTS)
    example(
        sample,
        "seqgen music sample --bars 16 --key D --mode minor --end tonic --out chorale.mid",
        "seqgen music sample --model songs --primer chorale.mid --bars 8 --out more.musicxml",
    )
    sample.set_defaults(run=_sample)


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("files", nargs="+", metavar="FILE", help="MIDI, MusicXML or ABC files, or folders of them")
    draw_verb.add_model(score, MODEL)
    _add_reading(score, "guess")
    example(score, "seqgen music score chorale.mid")
    score.set_defaults(run=_score)


def _add_convert(convert: argparse.ArgumentParser) -> None:
    convert.add_argument("files", nargs="+", metavar="FILE", help="MIDI, MusicXML or ABC files, or folders of them")
    convert.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="NAME",
        help="NAME.mid, NAME.musicxml or NAME.abc, also .wav, .svg or .png; of several pieces NAME-1.mid, NAME-2.mid, ...",
    )
    _add_reading(convert, "channel10")
    example(convert, "seqgen music convert chorale.mid --out chorale.musicxml")
    convert.set_defaults(run=_convert)


def _add_inspect(inspect: argparse.ArgumentParser) -> None:
    inspect.add_argument("files", nargs="+", metavar="FILE", help="MIDI, MusicXML or ABC files, or folders of them")
    _add_reading(inspect, "guess")
    example(inspect, "seqgen music inspect chorale.mid my_midi_folder")
    inspect.set_defaults(run=_inspect)


def _add_reading(parser: argparse.ArgumentParser, drums: str | None) -> None:
    """What can be said of files; `drums`: the usual way, or None: a run's."""
    parser.add_argument(
        "--drums",
        choices=HOW,
        default=drums,
        help="which parts are drums: of channel 10 only, all, or also those that look like a drum kit (guess)",
    )
    _add_max_events(parser, None if drums is None else MAX_EVENTS)


def _add_max_events(parser: argparse.ArgumentParser, default: int | None) -> None:
    parser.add_argument(
        "--max-events", type=int, default=default, metavar="N", help=f"the longest file that is read ({MAX_EVENTS:,})"
    )


def _train(args: argparse.Namespace) -> int:
    from . import api

    outcome = train_verb.run_train(args, api.train, api.resume, "encoding", "max_events", "drums")
    return train_verb.tell(outcome, "music", "event")


def _sample(args: argparse.Namespace) -> int:
    writing.check_out(args)
    from seqgen.machine.cache import use_compile_cache

    from . import api, files

    use_compile_cache()
    primers: list[Score | None] = [files.read_score(path, args.max_events) for path in args.primer] or [None]
    model, seed = api.load(args.model), draw_verb.pick_seed(args.seed)
    made = [
        piece
        for primer in primers  # one by one: each goes on in its own meter
        for piece in model.compose(
            [primer] * args.count,
            seconds=args.seconds,
            bars=args.bars,
            events=args.events,
            meter=None if args.meter is None else _meter(args.meter),
            voice_leading=args.voice_leading,
            key=_key(args.key, args.mode),
            tempo=args.tempo,
            chords=args.chords,
            end=args.end,
            **draw_verb.options_of(args),
            seed=seed,
        )
    ]
    if not all(piece.made for piece in made):
        raise DataError(
            f"{args.model} wrote no note: give a higher --temperature than {args.temperature:g}, another --seed or more "
            "--seconds, or train it longer"
        )
    draw_verb.tell_seed(args.seed, seed)
    for piece, place in zip(made, writing.places(args, len(made)), strict=True):
        if not piece.whole:
            print(
                "seqgen: the piece is shorter than asked: the model wrote note upon note and hardly went on in time; train it "
                "longer, or give a lower --temperature",
                file=sys.stderr,
            )
        held = piece.longest_hold
        if held > max(STILL, piece.new / 3):
            print(
                f"seqgen: one chord is held for {held:.1f} s; the likeliest note each time is often the same one again: "
                "try a higher --temperature",
                file=sys.stderr,
            )
        for path in _write(piece, place, sound=not args.no_wav):
            print(f"seqgen: wrote {path}")
    return 0


def _key(tonic: str | None, mode: str | None) -> Key | None:
    if tonic is None and mode is not None:
        raise UsageError("--mode says how a key is: give --key too, such as --key D --mode minor")
    return None if tonic is None else key_named(tonic, mode or "major")


def _meter(text: str) -> Meter:
    from .score import Meter

    match = re.fullmatch(r"([1-9]\d?)/(1|2|4|8|16)", text)
    if match is None:
        raise UsageError(f"--meter is {text!r}; give a number over 1, 2, 4, 8 or 16, such as 3/4")
    return Meter(0.0, int(match[1]), int(match[2]))


def _write(made: Composition, midi: Path, sound: bool = True) -> list[Path]:
    """The piece as MIDI, sound and pictures; and a line on what it is."""
    score = made.score
    paths = writing.write(score, midi, sound)
    share = made.closed / max(made.made, 1)
    print(
        f"seqgen: {score.seconds:.1f} s, {len(score.notes):,} notes, {made.made:,} of them new; "
        f"{made.closed} ({share:.1%}) had to be ended where the piece ends"
    )
    return paths


def _score(args: argparse.Namespace) -> int:
    from seqgen.files.report import tell_use
    from seqgen.machine.cache import use_compile_cache

    from . import api, files

    use_compile_cache()
    model = api.load(args.model)
    pieces = files.read_pieces(args.files, args.max_events, model.codec.encode, drums=args.drums)
    tell_use(pieces.rows, "pieces", "music")
    files.tell_drums(pieces.rows)
    told = []
    for name, piece in zip(pieces.names, pieces.scores, strict=True):
        told.append(model.score(piece))
        print(f"{_rates(told[-1])}  {name}")
    if len(told) > 1:
        print(f"{_rates(sum(told[1:], told[0]))}  all {len(told)} pieces")
    return 0 if told else 1


def _rates(score: Likelihood) -> str:
    return (
        f"{score.nats_per_event:.4f} nats/event  {score.nats_per_note:.4f} nats/note  "
        f"{score.nats_per_beat:.4f} nats/beat  ({score.events:,} events)"
    )


def _convert(args: argparse.Namespace) -> int:
    from seqgen.files.report import tell_use

    from . import files

    pieces = files.read_pieces(args.files, args.max_events, drums=args.drums, shortest=1)
    unused = [row for row in pieces.rows if not row.used]
    if unused:
        tell_use(pieces.rows, "pieces", "music")
    for number, piece in enumerate(pieces.scores, 1):
        place = args.out if len(pieces.rows) == 1 else args.out.with_stem(f"{args.out.stem}-{number}")
        piece.save(place)
        print(f"seqgen: wrote {place}: {len(piece.notes):,} notes of {pieces.names[number - 1]}")
    return 0 if pieces.scores else 1


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_pieces
    from .inspection import table

    rows = read_pieces(args.files, args.max_events, drums=args.drums).rows
    print(table(rows))
    print(f"{sum(row.used for row in rows)} of {len(rows)} pieces would be used")
    return 0


def demo(folder: Path, seed: int) -> list[Path]:
    """A chorale by the shipped model: MIDI, sound and a picture."""
    from . import api

    (made,) = api.load().compose(bars=DEMO_BARS, seed=seed)
    return _write(made, folder / "music.mid")


def findings() -> list[tuple[str, str, str]]:
    """What makes the sound of WAV files."""
    from .showing.sound import which_sound

    try:
        return [("sound", which_sound(), "")]
    except UsageError as error:
        return [("sound", "silent", str(error))]


DEMO = Demo(
    demo,
    f"{DEMO_BARS} bars for four voices, by a network that learned from chorales, a sixteenth note after the other.",
    "seqgen music sample --bars 8 --out tune.mid",
)
COMMANDS = Commands(
    "music: learn from MIDI files, compose, go on from a primer, score, convert, inspect", add, DEMO, findings
)
