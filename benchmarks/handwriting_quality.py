"""How well handwriting is written: every figure of docs/handwriting.md, and its contact sheets with --sheet.

A stranger's reader, tesseract-ocr, judges the lines; without it on this machine its rows are left out. --judge names another
one, a recogniser that has not seen the people write whose hands these are (make_recogniser.py --judge). Ink of the people
behind the hands is UNIPEN's, named by SEQGEN_DATA; without it there is nothing to compare with, and the rest is measured.
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import _people
import _recognition
import _told_apart
import numpy as np
from _mixture import log_density
from _report import Row, parser, report

from seqgen.datasets import unipen
from seqgen.domains import handwriting
from seqgen.domains.handwriting import MODEL, adopting
from seqgen.domains.handwriting.drawing.page import PAPERS, Page
from seqgen.domains.handwriting.drawing.svg import ink_svg, write_svg
from seqgen.domains.handwriting.drawing.trace import trace
from seqgen.domains.handwriting.hands import vector_of
from seqgen.domains.handwriting.pretrained.make_hands import ALIASES, HANDS
from seqgen.domains.handwriting.writing import MOST
from seqgen.errors import DataError

LINES, CHECKED = 40, 200  # read by tesseract; looked through for what goes wrong
LONGEST = 40  # characters
PEOPLE, WORDS = 8, {10: 50, 30: 65, 100: 80}  # of whom hands are adopted, from so many words: a gain of so many percent
TRIES = 4  # of a line that is proof-read
LINE_40 = "The quick brown fox jumps over lazy dogs"


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What was asked for."""

    toy: bool
    model: handwriting.HandwritingModel
    sheet: Path | None
    hands: Sequence[str]
    lines: int
    people: int
    judge: str | None


def written(model: handwriting.HandwritingModel, lines: Sequence[str], hand: str, **how: Any) -> list[handwriting.Ink]:
    return model.write("\n".join(lines), hand=hand, width=LONGEST, **how)


def recognition(args: Arguments) -> list[Row]:
    """What is read of the model's lines, without and with proof-reading, and of lines by the same people."""
    readers = dict(readers_of(args))
    if not readers:
        print("tesseract-ocr is not on this machine, and no judge was named: nothing was read", file=sys.stderr)
        return []
    count, rows = 1 if args.toy else args.lines, []
    texts = {"prose": _people.prose(count), "hard cases": _people.hard(count)}
    for hand in args.hands:
        for what, lines in texts.items():
            people = _people.lines_of(HANDS.get(hand, ""), count, plain=what == "prose")
            made = {tries: written(args.model, lines, hand, seed=1, tries=tries) for tries in (1, TRIES)}
            if args.sheet is not None:
                for tries, inks in made.items():
                    write_svg(inks, args.sheet / f"{hand}_{what.replace(' ', '_')}_{tries}.svg")
            for name, read in readers.items():
                own = rate(read, people, [str(ink.text) for ink in people]) if people else None
                error = f"{hand}, {what}: character error rate by {name}"
                if own is not None:
                    rows.append(Row(f"{error}, the person's own ink", own))
                for tries, times in ((1, 1.3), (TRIES, 1.0)):
                    found, target = rate(read, made[tries], lines), None if own is None else own * times
                    said = "no proof-reading" if tries == 1 else f"best of {tries}"
                    rows.append(Row(f"{error}, {said}", found, "<=", target))
    return rows


def readers_of(args: Arguments) -> Iterator[tuple[str, Callable[[handwriting.Ink], str]]]:
    """Who reads, by name: tesseract at letters like x 40 pixels high, where it is, and the judge that was named."""
    if _recognition.available():
        yield "tesseract", lambda ink: _recognition.read(ink, _recognition.PAGE.x_height)
    if args.judge is not None:
        judge = handwriting.load_reader(args.judge)
        yield "the judge", lambda ink: judge.read(ink).text


def rate(read: Callable[[handwriting.Ink], str], inks: Sequence[handwriting.Ink], lines: Sequence[str]) -> float:
    """Character error rate of a reader; case does not count."""
    return handwriting.cer([read(ink).lower() for ink in inks], [line.lower() for line in lines])


def variety(args: Arguments) -> list[Row]:
    """How much the same line differs from seed to seed, and how many words stand off their line."""
    rows = []
    seeds = range(2 if args.toy else 8)
    for hand in args.hands:
        inks = [written(args.model, [LINE_40], hand, seed=seed)[0] for seed in seeds]
        share = 100 * _people.spread_of_width(inks)
        rows.append(Row(f"{hand}: spread of width of a line in {len(seeds)} seeds", share, ">=", 2, "%"))
        lines = _people.prose(2 if args.toy else args.lines)
        own = _people.lines_of(HANDS.get(hand, ""), len(lines), plain=True)
        off, words = _people.off_line(args.model, written(args.model, lines, hand, seed=2, tries=TRIES))
        theirs = 100 * np.divide(*_people.off_line(args.model, own)) if own else None
        if theirs is not None:
            rows.append(Row(f"{hand}: the person's words off their line", theirs, unit="%"))
        rows.append(Row(f"{hand}: words off their line, best of {TRIES}", 100 * off / words, "<=", theirs, "%"))
    return rows


def likeness(args: Arguments) -> list[Row]:
    """Whether a network that is trained to can tell the hands' ink from the ink of the people behind them.

    It learns from two thirds of the hands and is tested on the others, on other texts.
    """
    count = 2 if args.toy else args.lines
    own = {hand: _people.lines_of(HANDS.get(hand, ""), count, plain=True) for hand in args.hands}
    hands = [hand for hand in own if own[hand]]  # of some there are single words alone
    if len(hands) < 3:
        return []
    people = [own[hand] for hand in hands]
    lines = _people.prose(2 * count)
    some = max(2 * len(hands) // 3, 1)
    made = [
        written(args.model, lines[count:] if number < some else lines[:count], hand, seed=4)
        for number, hand in enumerate(hands)
    ]

    def parts(inks: Sequence[Sequence[handwriting.Ink]]) -> tuple[list[handwriting.Ink], list[handwriting.Ink]]:
        first, second = ([ink for lines in part for ink in lines] for part in (inks[:some], inks[some:]))
        return first, second

    steps = 3 if args.toy else _told_apart.STEPS
    share = 100 * _told_apart.told_apart(parts(made), parts(people), steps)
    halves = [[inks[number::2] for inks in people] for number in (0, 1)]
    null = 100 * _told_apart.told_apart(parts(halves[0]), parts(halves[1]), steps)
    two = handwriting.load("two-hands")
    synthetic = [written(two, lines[:count], hand, seed=4) for hand in two.codec.hands for _ in hands[::2]]
    known = 100 * _told_apart.told_apart(parts(synthetic), parts(people), steps)
    return [
        Row("told from people: pieces of ink told right", share, "<=", 85, "%"),
        Row("people told from people", null, unit="%"),
        Row("synthetic hands told from people", known, ">=", 95, "%"),
    ]


def adoption(args: Arguments) -> list[Row]:
    """How far a vector fitted to so many words of a person nobody learned from comes, of the way to one of all of them."""
    try:
        parts = unipen.load(kind="words", every=2, writers=200)
    except DataError:
        return []
    assert isinstance(parts.test, unipen.Inks)
    wrote = parts.test.characters()
    people = [hand for hand, characters in wrote.items() if characters > 1000][: 1 if args.toy else args.people]
    rounds = 2 if args.toy else adopting.STEPS
    gains: dict[int, list[float]] = {}
    for person in people:
        inks = [parts.test[row] for row in parts.test.rows_of(person)][: 20 if args.toy else 260]
        held, others = inks[::5], [ink for number, ink in enumerate(inks) if number % 5]
        nats = adopting.likelihood(args.model, held)
        whole, nearest = adopting.fitted(args.model, others, rounds)
        before, best = nats(vector_of(nearest, args.model.codec.hands, args.model.params))[0], nats(whole)[0]
        for words in WORDS:
            vector, _ = adopting.fitted(args.model, others[:words], rounds)
            gains.setdefault(words, []).append((before - nats(vector)[0]) / max(before - best, 1e-9))
    return [
        Row(
            f"gain of a hand adopted from {words} words, of that from all",
            100 * float(np.mean(share)),
            ">=",
            least,
            "%",
        )
        for (words, share), least in zip(gains.items(), WORDS.values(), strict=True)
    ]


def accidents(args: Arguments) -> list[Row]:
    """Lines that ran away, stuck at a character, or passed over one, by where the window was."""
    half = 1 if args.toy else CHECKED // 2
    lines = _people.prose(half) + _people.hard(half)
    counts = dict.fromkeys(("ran away", "stuck", "passed over a character"), 0)
    bad = 0
    for number, hand in enumerate(args.hands):
        mine = lines[number :: len(args.hands)]
        for line, ink in zip(mine, written(args.model, mine, hand, seed=2), strict=True):
            weights = trace(args.model, ink).window  # [T, U + 1]
            assert weights is not None
            most = weights.argmax(axis=1)
            stays = np.bincount(most, minlength=len(line) + 1)[: len(line)]
            seen = weights.max(axis=0)[: len(line)]
            wrong = (
                ink.points >= MOST * (len(line) + 1),
                bool(stays.max() > 4 * ink.points / len(line) + 20),
                bool((seen < 0.1 * np.median(seen)).any()),
            )
            for what, happened in zip(counts, wrong, strict=True):
                counts[what] += happened
            bad += any(wrong)
    share = [Row(f"lines of {len(lines)} that went wrong", 100 * bad / len(lines), "<=", 2, "%")]
    return share + [Row(f"of these, {what}", number) for what, number in counts.items()]


def likelihood(args: Arguments) -> list[Row]:
    """The model's own loss on what it wrote, against float64 and SciPy."""
    (ink,) = args.model.write("Exact to the last digit", seed=3)
    ours, scipy = args.model.score(ink).nats, -log_density(args.model, ink)
    return [Row("loss on its own ink, difference to SciPy", abs(ours - scipy) / abs(scipy), "<=", 1e-5)]


def drawing(args: Arguments) -> list[Row]:
    """What a line is as SVG, a point of the model's, and how far paper is from its size as it is written there."""
    inks = written(args.model, _people.prose(2 if args.toy else 8), args.hands[0], seed=2)
    size = sum(len(ink_svg(ink).encode()) for ink in inks) / sum(ink.points for ink in inks)
    off = []
    for paper, (width, height, _) in PAPERS.items():
        said = re.findall(r' (?:width|height)="([0-9.]+)mm"', ink_svg(inks[0], Page(paper=paper)))[:2]
        off += [abs(float(one) - asked) for one, asked in zip(said, (width, height), strict=True)]
    return [
        Row("bytes of SVG, a point", size, "<=", 9),
        Row(f"{len(PAPERS)} sizes of paper, the greatest difference", max(off), "<=", 0.1, "mm"),
    ]


def speed(args: Arguments) -> list[Row]:
    """The whole process, from the shell, once the compiled program is in the cache."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(1 if args.toy else 4):
            start = time.perf_counter()
            command = [str(Path(sys.executable).parent / "seqgen"), "handwriting", "write", LINE_40, "--seed", "1"]
            command += ["--model", args.model.name, "--out", str(Path(folder, "line.svg"))]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
    return [Row("a line of 40 characters, whole process, warm", float(np.median(seconds[1:] or seconds)), "<=", 2, "s")]


PARTS: dict[str, Callable[[Arguments], list[Row]]] = {
    "recognition": recognition,
    "variety": variety,
    "likeness": likeness,
    "adoption": adoption,
    "accidents": accidents,
    "likelihood": likelihood,
    "drawing": drawing,
    "speed": speed,
}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--part", action="append", choices=PARTS, help="only this; may repeat (all)")
    options.add_argument("--model", default=MODEL, help=f"a shipped name, a run or a model folder ({MODEL})")
    options.add_argument("--hand", action="append", metavar="NAME", help="only this; may repeat (all)")
    options.add_argument("--lines", type=int, default=LINES, help=f"of prose and of hard cases, a hand ({LINES})")
    options.add_argument("--people", type=int, default=PEOPLE, help=f"of whom hands are adopted ({PEOPLE})")
    options.add_argument("--sheet", type=Path, metavar="FOLDER", help="draw the lines that are read, a picture a hand")
    options.add_argument("--judge", metavar="MODEL", help="a recogniser, to read the lines as well as tesseract does")
    args = options.parse_args()
    model = handwriting.load(args.model)
    hands = args.hand or [hand for hand in model.codec.hands if hand not in ALIASES][: 1 if args.toy else None]
    asked = Arguments(args.toy, model, args.sheet, hands, args.lines, args.people, args.judge)
    rows = [row for part in args.part or PARTS for row in PARTS[part](asked)]
    report(rows, args.json)


if __name__ == "__main__":
    main()
