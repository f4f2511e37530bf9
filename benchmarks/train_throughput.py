"""How fast a training step is beside PyTorch, Flax and Keras: forward, backward, clip and Adam, embedding and softmax.

All begin with the same weights and see the same batches, so their losses show that they do the same work. A contender
that is not installed, or that this machine cannot run, is named with the reason and left out: `pip install .[peers]`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection
from typing import NamedTuple

from _contenders import Contender, Meeting, meet
from _report import Row, measured, parser, report
from _work import Work

OURS = ("seqgen f32", "seqgen bf16")
TORCH = ("torch f32", "torch bf16")
AUTODIFF = ("flax f32", "keras f32")
SHAPE = "2 x 512, batch 64, window 128"
LARGE = 2048  # a square product that any library does well


class Arguments(NamedTuple):
    """What was asked for. steps: of a turn."""

    toy: bool
    rounds: int
    steps: int
    only: Collection[str]

    def sized(self, work: Work) -> Work:
        if not self.toy:
            return work
        return work._replace(layers=1, units=16, batch=4, window=min(work.window // 16, 16), vocab=11)

    def wanted(self, *names: str) -> list[str]:
        return [name for name in names if not self.only or name in self.only]


Found = tuple[list[Row], dict[str, str]]


def contest(args: Arguments, work: Work, *names: str, steps: int | None = None) -> tuple[Meeting, float]:
    """The contenders on one piece of work, and how many positions of it a turn was."""
    work, steps = args.sized(work), steps or args.steps
    meeting = meet(dict.fromkeys(args.wanted(*names), work), steps, args.rounds, warm=1 if args.toy else 2)
    return meeting, steps * work.batch * work.window


def symbols(args: Arguments) -> Found:
    """The shape that most targets are about, the losses, and the share of what the machine can multiply."""
    work = Work("train")
    meeting, tokens = contest(args, work, *OURS, *TORCH, *AUTODIFF)
    best = meeting.fastest(OURS)
    rows = meeting.rates(SHAPE, tokens, "tokens/s")
    for label, ours, peer, target in (
        ("best precision", best, "torch f32", 1.4),
        ("best precision", best, "torch bf16", 1.0),
        ("f32", "seqgen f32", "torch f32", 1.0),
        ("best precision", best, "flax f32", 2.0),
        ("best precision", best, "keras f32", 2.0),
        ("f32", "seqgen f32", "flax f32", 1.3),
    ):
        rows += meeting.ratio(f"{SHAPE}, {label}", ours, [peer], target)
    rows += losses(SHAPE, meeting)
    return rows + share(args, work, meeting, tokens), meeting.about


def losses(what: str, meeting: Meeting) -> list[Row]:
    """That they all did the same work: their mean losses over the last turn, after as many steps for each."""
    found = {name: statistics.mean(turns[-1].values) for name, turns in meeting.turns.items()}
    rows = [Row(f"{what}: loss of the last turn, {name}", loss, unit="nats") for name, loss in found.items()]
    if len(found) > 1:
        apart = max(found.values()) - min(found.values())
        rows.append(Row(f"{what}: largest difference of losses", apart, "<=", 0.02, "nats"))
    return rows


def share(args: Arguments, work: Work, steps: Meeting, tokens: float) -> list[Row]:
    """How much of the machine's matrix-product rate a whole step reaches: the highest rate that anybody shows."""
    rows: list[Row] = []
    work = args.sized(work)
    shapes = [Work("product", units=LARGE, batch=LARGE, window=LARGE)] if not args.toy else []
    shapes.append(Work("product", units=work.units, batch=work.batch, window=4 * work.units))
    for name, target in (("seqgen f32", 75), ("seqgen bf16", 55)):
        if name not in steps.turns:
            continue
        precision, rates = name.split()[1], []
        for shape in shapes:
            flops = 2 * shape.batch * shape.units * shape.window
            turns = max(1, round(2e10 / flops)) if not args.toy else 2
            meeting = meet(
                {each: shape for each in (name, f"torch {precision}") if each in steps.turns}, turns, args.rounds
            )
            what = f"product {shape.batch} x {shape.units} x {shape.window}"
            found = meeting.rates(what, turns * flops / 1e9, "GFLOP/s")
            rows += found
            rates += [row.reached for row in found]
        reached = [100 * work.flops * tokens / each / 1e9 / max(rates) for each in steps.seconds(name)]
        rows.append(measured(f"{SHAPE}: {name}, share of the fastest product", reached, ">=", target, "%"))
    return rows


def small(args: Arguments) -> Found:
    return against_best(args, "1 x 128, batch 32, window 64", Work("train", 1, 128, 32, 64), 100)


def long(args: Arguments) -> Found:
    return against_best(args, "3 x 256, batch 64, window 256", Work("train", 3, 256, 64, 256), None)


def against_best(args: Arguments, what: str, work: Work, steps: int | None) -> Found:
    meeting, tokens = contest(args, work, *OURS, *TORCH, *AUTODIFF, steps=None if args.toy else steps)
    ratio = meeting.ratio(what, meeting.fastest(OURS), TORCH, 1.0)
    return meeting.rates(what, tokens, "tokens/s") + ratio + losses(what, meeting), meeting.about


def mixture(args: Arguments) -> Found:
    what = "mixture density, 3 x 400, 20 components, batch 32, window 256"
    meeting, points = contest(args, Work("train", 3, 400, 32, 256, components=20), *OURS, "torch f32")
    ratios = meeting.ratio(f"{what}, best precision", meeting.fastest(OURS), ["torch f32"], 1.3)
    ratios += meeting.ratio(f"{what}, f32", "seqgen f32", ["torch f32"], None)
    return meeting.rates(what, points, "points/s") + ratios + losses(what, meeting), meeting.about


def pairs(args: Arguments) -> Found:
    """An encoder and a decoder with attention; PyTorch's is `_torch_pairs`."""
    what, work = "2 x 512 each side, batch 64, 30 in, 30 out", Work("pairs", window=30, vocab=4000)
    meeting, tokens = contest(args, work, *OURS, *TORCH)
    best = meeting.fastest(OURS)
    rows = meeting.rates(what, tokens, "targets/s")
    rows += meeting.ratio(f"{what}, f32", "seqgen f32", ["torch f32"], 1.2)
    rows += meeting.ratio(f"{what}, best precision of each", best, TORCH, 1.2)
    return rows + losses(what, meeting), meeting.about


def memory(args: Arguments) -> Found:
    """What a model and two steps add to a process that has only imported its library."""
    what, work = "2 x 512, batch 64, window 1024", args.sized(Work("train", window=1024))
    added, about = {}, {}
    for name in args.wanted(*OURS, "torch f32"):
        with Contender(name, work) as contender:  # one after another: they would not all fit
            about[name] = contender.told
            if contender.absent is None:
                added[name] = (contender.ask("run 2").peak - contender.idle) / 1e6
    rows = [Row(f"{what}: memory, {name}", size, unit="MB") for name, size in added.items()]
    if "torch f32" in added:
        for name in (name for name in OURS if name in added):
            ratio = added[name] / max(added["torch f32"], 1e-6)
            rows.append(Row(f"{what}: memory, {name} against torch f32", ratio, "<=", 1.0, "x"))
    return rows, about


def windows(args: Arguments) -> Found:
    """Whether the time for a position stays the same when windows grow."""
    rows: list[Row] = []
    about: dict[str, str] = {}
    lengths = (4, 16) if args.toy else (64, 256, 1024, 4096)
    for name in args.wanted(*OURS):
        works = {f"{name}:{length}": args.sized(Work("train", batch=16))._replace(window=length) for length in lengths}
        # Every turn has as many positions: a short window takes more steps.
        steps = {key: args.steps * lengths[-1] // work.window for key, work in works.items()}
        meeting = meet(works, steps, args.rounds, warm=1)
        about |= meeting.about
        medians = []
        for key, work in works.items():
            times = [1e6 * each / (steps[key] * work.batch * work.window) for each in meeting.seconds(key)]
            rows.append(measured(f"2 x 512, batch 16, {name}: window {work.window}", times, unit="us/token"))
            medians.append(rows[-1].reached)
        spread = 100 * (max(medians) / min(medians) - 1)
        rows.append(Row(f"2 x 512, batch 16, {name}: slowest window over fastest", spread, "<=", 15, "% more"))
    return rows, about


PARTS: dict[str, Callable[[Arguments], Found]] = {
    "symbols": symbols,
    "small": small,
    "long": long,
    "mixture": mixture,
    "pairs": pairs,
    "memory": memory,
    "windows": windows,
}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--part", action="append", choices=PARTS, help="only this; may repeat (all; toy: the first)")
    options.add_argument(
        "--only", action="append", choices=(*OURS, *TORCH, *AUTODIFF), help="only these; may repeat (all; toy: f32)"
    )
    options.add_argument("--rounds", type=int, default=5, help="turns of each contender (5)")
    options.add_argument("--steps", type=int, default=3, help="training steps of a turn (3); of the longest window")
    args = options.parse_args()
    asked = Arguments(args.toy, args.rounds, args.steps, args.only or ())
    parts = args.part or list(PARTS)
    if args.toy:  # a compilation takes seconds whatever the size: few of them
        asked = Arguments(True, 1, 3, args.only or ("seqgen f32", "torch f32", *AUTODIFF))
        parts = args.part or ["symbols"]
    rows: list[Row] = []
    about: dict[str, str] = {}
    for part in parts:
        found, who = PARTS[part](asked)
        rows += found
        about |= who
    report(rows, args.json, about)


if __name__ == "__main__":
    main()
