"""`seqgen speech ...`: the verbs of speech. Only the standard library is imported before one runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.errors import DataError, UsageError
from seqgen.shell import train_verb
from seqgen.shell.commands import Commands, Demo

from . import VOICE

if TYPE_CHECKING:
    from .clip import Clip
    from .files import Use


# Of words that the voice learned, so that no model of pronunciations is waited for.
SAID = (
    "Nobody has ever said these words before.",
    "What would you like to hear from me?",
    "I could say this all day and all night.",
    "There is more to say than we have time for.",
)
FOLDER = "recordings with their texts, as for train"


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, help: str, example: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=help, epilog=f"example: seqgen speech {name} {example}")

    _add_train(verb("train", "learn a voice from recordings with their texts", "recordings --minutes 30"))
    _add_say(verb("say", "say a text", '"The quick brown fox." --out fox.wav'))
    _add_continue(
        verb("continue", "go on from a clip, without a text", "one.wav --model runs/recordings --out more.wav")
    )
    _add_align(verb("align", "which sound of a recording is when", "one.wav --text 'It was one.' --picture one.png"))
    _add_score(verb("score", "how near a voice comes to recordings", "held_out --voice runs/recordings"))
    inspect = verb("inspect", "what is in a folder of recordings, and what would not be used", "recordings")
    inspect.add_argument("data", metavar="FOLDER", help=FOLDER)
    inspect.add_argument("--language", default="en", help="of the texts, as for train (en)")
    inspect.set_defaults(run=_inspect)


def _add_train(train: argparse.ArgumentParser) -> None:
    train_verb.add_options(train, data="a folder: metadata.csv and wavs/, or NAME.wav and NAME.txt; or a data set")
    train.add_argument(
        "--network", help="synthesis, which says texts, or prediction, which goes on from clips (synthesis)"
    )
    train.add_argument(
        "--language",
        help="of the texts: en, or as espeak-ng calls it: de, fr, es, ... (en; others need seqgen[espeak])",
    )
    train.set_defaults(run=_train)


def _add_say(say: argparse.ArgumentParser) -> None:
    say.add_argument("text", metavar="TEXT", help="what to say, - for standard input")
    _add_voice(say)
    say.add_argument("--out", type=Path, default=Path("speech.wav"), metavar="NAME.wav", help="the sound (speech.wav)")
    say.add_argument("--speed", type=float, default=1.0, help="so many times as fast (1)")
    say.add_argument("--pitch", type=float, default=1.0, help="so many times as high (1)")
    say.add_argument("--lively", type=float, default=0.7, help="0 for likeliest and flat to 1 (0.7)")
    say.add_argument("--picture", type=Path, metavar="NAME.png", help="a spectrogram with the phones under it, too")
    say.set_defaults(run=_say)


def _add_continue(go_on: argparse.ArgumentParser) -> None:
    go_on.add_argument("file", metavar="FILE", help="a recording")
    go_on.add_argument("--model", required=True, metavar="RUN", help="a run of train --network prediction")
    go_on.add_argument("--out", type=Path, default=Path("continued.wav"), metavar="NAME.wav", help="(continued.wav)")
    go_on.add_argument("--seconds", type=float, default=3.0, help="how much is made (3)")
    go_on.add_argument("--temperature", type=float, default=0.5, help="0 for likeliest to 1, as learned (0.5)")
    go_on.add_argument("--seed", type=int, default=0, help="another seed, another way to go on (0)")
    go_on.add_argument("--picture", type=Path, metavar="NAME.png", help="a spectrogram, too")
    go_on.set_defaults(run=_continue)


def _add_align(align: argparse.ArgumentParser) -> None:
    align.add_argument("file", metavar="FILE", help="a recording")
    align.add_argument("--text", help="what is said in it (in NAME.txt beside it)")
    _add_voice(align)
    align.add_argument("--picture", type=Path, metavar="NAME.png", help="a spectrogram with the phones under it")
    align.set_defaults(run=_align)


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("data", metavar="FOLDER", help=f"{FOLDER}; or a data set, its test part")
    _add_voice(score)
    score.set_defaults(run=_score)


def _add_voice(parser: argparse.ArgumentParser) -> None:
    known = f"a voice by name, a run or a model folder ({VOICE})"
    parser.add_argument("--voice", "--model", default=VOICE, metavar="VOICE", help=known)


def _train(args: argparse.Namespace) -> int:
    from . import api
    from .presets import DOMAIN

    outcome = train_verb.run_train(args, api.train, api.resume, "network", "language")
    from .prediction.api import predicts

    verb = "continue FILE" if outcome.signal is None and predicts(outcome.model) else "say TEXT"
    return train_verb.tell(outcome, DOMAIN.name, DOMAIN.unit, verb)


def _say(args: argparse.Namespace) -> int:
    from seqgen.machine.cache import use_compile_cache

    from .api import load
    from .formats.wav import write_wav

    _check_out(args.out)
    text = sys.stdin.read() if args.text == "-" else args.text
    use_compile_cache()
    clip = load(args.voice).say(text, speed=args.speed, pitch=args.pitch, lively=args.lively)
    write_wav(args.out, clip.samples, clip.rate)
    print(f"{args.out}: {clip.seconds:.1f} s")
    return _picture(args, clip)


def _check_out(out: Path) -> None:
    if out.suffix.lower() != ".wav":
        raise UsageError(f"--out names the sound, {out} is none; end it in .wav")


def _continue(args: argparse.Namespace) -> int:
    from seqgen.machine.cache import use_compile_cache

    from .clip import Clip
    from .files import prepared
    from .formats.sound import read_sound
    from .formats.wav import write_wav
    from .prediction.api import load_sound

    _check_out(args.out)
    sound = read_sound(args.file)
    use_compile_cache()
    given = Clip(prepared(sound, args.file), sound.rate, name=Path(args.file).stem)
    how = {"seconds": args.seconds, "temperature": args.temperature, "seed": args.seed}
    clip = load_sound(args.model).continued(given, **how)
    write_wav(args.out, clip.samples, clip.rate)
    print(f"{args.out}: {clip.seconds:.1f} s, from {given.seconds:.1f} s on made")
    return _picture(args, clip)


def _align(args: argparse.Namespace) -> int:
    from seqgen.machine.cache import use_compile_cache

    from .api import load
    from .clip import Clip
    from .formats.sound import read_sound

    beside = Path(args.file).with_suffix(".txt")
    if args.text is None and not beside.is_file():
        raise UsageError(f"say what is said in {args.file}: with --text, or in {beside}")
    from seqgen.files.reading import read_text

    text = read_text(beside).strip() if args.text is None else args.text
    sound = read_sound(args.file)
    use_compile_cache()
    clip = load(args.voice).align(Clip(sound.samples, sound.rate, text, Path(args.file).stem))
    begin = 0.0
    for phone, end in zip(clip.phones, clip.ends, strict=True):
        print(f"{begin:8.2f} {end:8.2f}  {phone.name}{phone.stress or ''}")
        begin = end
    return _picture(args, clip)


def _picture(args: argparse.Namespace, clip: Clip) -> int:
    if args.picture is not None:
        from .showing.spectrogram import write_picture

        write_picture(args.picture, [clip])
        print(args.picture, file=sys.stderr)
    return 0


def _score(args: argparse.Namespace) -> int:
    from seqgen import registry
    from seqgen.machine.cache import use_compile_cache

    from .api import load
    from .files import read_clips
    from .prediction.api import load_sound, predicts
    from .presets import DOMAIN

    use_compile_cache()
    goes_on = predicts(args.voice)
    voice = None if goes_on else load(args.voice)
    if Path(args.data).exists():
        clips, uses = read_clips(
            args.data, texts=not goes_on, language=voice.codec.language if voice is not None else "en"
        )
        _tell(uses)
    else:
        clips = list(registry.load_dataset(args.data, DOMAIN.name).test)
    if not clips:
        raise DataError(f"{args.data} has no test part; name a folder")
    if voice is None:
        nats, still, frames = load_sound(args.voice).score(clips)
        print(f"of {len(clips):,} clips, {frames:,} frames of 10 ms: {nats:.2f} nats a frame")
        print(f"who only knows how far frames usually move from the last: {still:.2f} nats")
        return 0
    found = voice.score(clips)
    distortion, hertz, voicing = found.nearness
    print(f"of {len(clips):,} clips, {found.frames:,} frames of 10 ms, their durations given:")
    print(f"mel-cepstral distortion {distortion:.2f} dB, pitch {hertz:.1f} Hz, voicing errors {voicing:.1%}")
    print(f"durations {found.durations:.2f} frames of 5 ms a phone; {found.nats:.2f} nats a frame")
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from .files import read_clips

    clips, uses = read_clips(args.data, language=args.language)
    seconds = sorted(clip.seconds for clip in clips)
    rates = sorted({clip.rate for clip in clips})
    words = sum(len(clip.text.split()) for clip in clips)
    print(
        f"{len(clips):,} clips, {sum(seconds) / 60:.1f} minutes, {seconds[0]:.1f} to {seconds[-1]:.1f} s, {words:,} words"
    )
    print(f"samples a second: {', '.join(f'{rate:,}' for rate in rates)}")
    _tell(uses, 1 << 30)
    return 0


def _tell(uses: list[Use], most: int = 10) -> None:
    unused = [use for use in uses if not use.used]
    for use in unused[:most]:
        print(f"not used: {use.name}: {use.reason}", file=sys.stderr)
    if len(unused) > most:
        print(f"and {len(unused) - most:,} more", file=sys.stderr)


def demo(folder: Path, seed: int) -> list[Path]:
    """A sentence in the shipped voice."""
    from .api import load
    from .formats.wav import write_wav

    clip, out = load().say(SAID[seed % len(SAID)]), folder / "speech.wav"
    write_wav(out, clip.samples, clip.rate)
    return [out]


DEMO = Demo(
    demo,
    "A sentence, by networks that learned a volunteer's voice from 50 minutes of reading.",
    'seqgen speech say "Your own words." --out words.wav',
)
COMMANDS = Commands(
    "say a text in a voice that is learned from recordings: train, say, continue, align, score, inspect", add, DEMO
)
