"""`seqgen music ...`: the verbs of music. Only the standard library is imported before a verb runs."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import UsageError
from seqgen.files.folders import free_path
from seqgen.shell import draw_verb, train_verb
from seqgen.shell.commands import Commands, Demo

from . import MODEL
from .formats.guard import MAX_EVENTS

if TYPE_CHECKING:
    from .api import Composition, Likelihood
    from .score import Meter

DEMO_BARS = 16


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_train(verbs.add_parser("train", help="learn from MIDI, MusicXML or ABC files, a folder or a data set"))
    _add_sample(verbs.add_parser("sample", help="compose, or go on from a piece: MIDI, sound and a picture"))
    _add_score(verbs.add_parser("score", help="how likely pieces are: nats per event, note and beat"))
    _add_inspect(verbs.add_parser("inspect", help="what is in files, and which would be used"))


def _add_train(train: argparse.ArgumentParser) -> None:
    train_verb.add_options(train, data="a MIDI, MusicXML or ABC file, a folder of them, or a data set's name")
    train.add_argument("--encoding", help="performance, for any music; grid, for four voices (by the pieces)")
    _add_max_events(train, None)
    train.set_defaults(run=_train)


def _add_sample(sample: argparse.ArgumentParser) -> None:
    draw_verb.add_model(sample, MODEL)
    sample.add_argument("--primer", type=Path, metavar="FILE", help="a piece to go on from, kept in front, whole")
    sample.add_argument("--seconds", type=float, help="how much is new (30)")
    sample.add_argument("--bars", type=int, help="the same in bars, for models of four voices")
    sample.add_argument("--events", type=int, help="the same in events")
    sample.add_argument("--meter", metavar="N/D", help="of the new bars, for the same models (the primer's, or 4/4)")
    draw_verb.add_options(sample, steps="events", temperature=1.0)
    draw_verb.add_seed(sample, "makes the same piece")
    sample.add_argument(
        "--out", type=Path, metavar="NAME.mid", help="MIDI file; NAME.wav, .svg and .png lie beside it (tune.mid)"
    )
    _add_max_events(sample, MAX_EVENTS)
    sample.set_defaults(run=_sample)


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("files", nargs="+", metavar="FILE", help="MIDI, MusicXML or ABC files, or folders of them")
    draw_verb.add_model(score, MODEL)
    _add_max_events(score, MAX_EVENTS)
    score.set_defaults(run=_score)


def _add_inspect(inspect: argparse.ArgumentParser) -> None:
    inspect.add_argument("files", nargs="+", metavar="FILE", help="MIDI, MusicXML or ABC files, or folders of them")
    _add_max_events(inspect, MAX_EVENTS)
    inspect.set_defaults(run=_inspect)


def _add_max_events(parser: argparse.ArgumentParser, default: int | None) -> None:
    parser.add_argument(
        "--max-events", type=int, default=default, metavar="N", help=f"the longest file that is read ({MAX_EVENTS:,})"
    )


def _train(args: argparse.Namespace) -> int:
    from . import api

    outcome = train_verb.run_train(args, api.train, api.resume, "encoding", "max_events")
    return train_verb.tell(outcome, "music", "event")


def _sample(args: argparse.Namespace) -> int:
    if args.out is not None and args.out.suffix.lower() not in (".mid", ".midi"):
        raise UsageError(f"--out names the MIDI file, {args.out} is none; end it in .mid")
    from seqgen.machine.cache import use_compile_cache

    from . import api, files

    use_compile_cache()
    primer = None if args.primer is None else files.read_score(args.primer, args.max_events)
    model, seed = api.load(args.model), draw_verb.pick_seed(args.seed)
    (made,) = model.compose(
        [primer],
        seconds=args.seconds,
        bars=args.bars,
        events=args.events,
        meter=None if args.meter is None else _meter(args.meter),
        **draw_verb.options_of(args),
        seed=seed,
    )
    draw_verb.tell_seed(args.seed, seed)
    for path in _write(made, args.out or free_path(Path("tune"), ".mid")):
        print(f"seqgen: wrote {path}")
    return 0


def _meter(text: str) -> Meter:
    from .score import Meter

    match = re.fullmatch(r"([1-9]\d?)/(1|2|4|8|16)", text)
    if match is None:
        raise UsageError(f"--meter is {text!r}; give a number over 1, 2, 4, 8 or 16, such as 3/4")
    return Meter(0.0, int(match[1]), int(match[2]))


def _write(made: Composition, midi: Path) -> list[Path]:
    """The piece as MIDI, sound and pictures; and a line on what it is."""
    score, wav, svg, png = made.score, *(midi.with_suffix(ending) for ending in (".wav", ".svg", ".png"))
    score.save(midi)
    score.render(wav)
    score.plot(svg)
    score.plot(png)
    share = made.closed / max(made.made, 1)
    print(
        f"seqgen: {score.seconds:.1f} s, {len(score.notes):,} notes, {made.made:,} of them new; "
        f"{made.closed} ({share:.1%}) had to be ended where the piece ends"
    )
    return [midi, wav, svg, png]


def _score(args: argparse.Namespace) -> int:
    from seqgen.files.report import tell_use
    from seqgen.machine.cache import use_compile_cache

    from . import api, files

    use_compile_cache()
    pieces = files.read_pieces(args.files, args.max_events)
    tell_use(pieces.rows, "pieces", "music")
    model = api.load(args.model)
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


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_pieces
    from .inspection import table

    rows = read_pieces(args.files, args.max_events).rows
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
COMMANDS = Commands("music: learn from MIDI files, compose, go on from a primer, score, inspect", add, DEMO, findings)
