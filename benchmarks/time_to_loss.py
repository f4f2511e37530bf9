"""Seconds of training until the last tenth of tiny Shakespeare, unseen, costs 1.60 nats a character, beside PyTorch.

Both begin with the same weights, read the same batches and follow the same warmup and cosine; they take turns, and
between turns the held-out text is read once with the state carried on. Only the training is timed, from the first step
on, compilation included. The moment of the target is interpolated between two readings.

Needs tinyshakespeare/input.txt in the folder that SEQGEN_DATA names, or another text by --text.
"""

from __future__ import annotations

import itertools
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from _contenders import entered
from _report import Row, parser, report
from _work import Work, alphabet

OURS, TORCH = ("seqgen f32", "seqgen bf16"), ("torch f32", "torch bf16")
Curve = list[tuple[float, float]]  # seconds of training, held-out nats a character


def learn(works: dict[str, Work], target: float, turn: int, last: int) -> tuple[dict[str, Curve], dict[str, str]]:
    """The held-out loss of each over its own seconds, until it is at the target or `last` steps are done."""
    curves: dict[str, Curve] = {}
    with ExitStack() as stack:
        learning, about = entered(stack, works)
        for contender in learning:
            curves[contender.name] = [(0.0, contender.ask("evaluate").values[0])]
        for done in range(turn, last + turn, turn):
            for contender in list(learning):
                curve = curves[contender.name]
                seconds = curve[-1][0] + contender.ask(f"run {turn}").seconds
                loss = contender.ask("evaluate").values[0]
                curve.append((seconds, loss))
                print(f"{contender.name}: step {done}, {seconds:.1f} s, {loss:.4f} nats/char", file=sys.stderr)
                if not loss > target:
                    learning.remove(contender)
    return curves, about


def reached(curve: Curve, target: float) -> float | None:
    """When the curve first is at the target."""
    for (before, high), (after, low) in itertools.pairwise(curve):
        if low <= target:
            share = (high - target) / (high - low) if high > target else 1.0
            return before + (after - before) * share
    return None


def rows_at(curves: dict[str, Curve], loss: float, aim: float | None) -> list[Row]:
    """The seconds to `loss` of all that came to it, and the ratios to PyTorch's; `aim` is the target of that in f32."""
    what = f"to {loss:.4g} nats/char, 2 x 512"
    times = {name: seconds for name, curve in curves.items() if (seconds := reached(curve, loss)) is not None}
    rows = [Row(f"{what}: {name}", seconds, unit="s") for name, seconds in times.items()]
    ours = [(times[name], name) for name in OURS if name in times]
    for peer in (peer for peer in TORCH if ours and peer in times):
        seconds, name = min(ours)
        target = aim if peer == "torch f32" else None
        rows.append(Row(f"{what}: {name} against {peer}", seconds / times[peer], "<=", target, "x"))
    return rows


def main() -> None:
    options = parser(__doc__)
    data = os.environ.get("SEQGEN_DATA")
    default = Path(data, "tinyshakespeare", "input.txt") if data else None
    options.add_argument("--text", type=Path, default=default, help="what to learn (tiny Shakespeare of SEQGEN_DATA)")
    options.add_argument("--target", type=float, default=1.6, help="nats a character (1.6)")
    options.add_argument("--steps", type=int, default=1000, help="length of the schedule; given up after it (1000)")
    options.add_argument("--turn", type=int, default=25, help="steps between two readings (25)")
    options.add_argument("--seed", type=int, default=0, help="of the first weights (0)")
    options.add_argument("--only", action="append", choices=(*OURS, *TORCH), help="only these; may repeat (all)")
    args = options.parse_args()
    names, work = args.only or [*OURS, *TORCH], Work("train", 2, 512, 64, 128, total=args.steps, seed=args.seed)
    if args.toy:
        args.text, args.target, args.steps, args.turn = Path(__file__), 10.0, 4, 2
        names, work = args.only or ["seqgen f32", "torch f32"], Work("train", 1, 16, 2, 8, total=4)
    if args.text is None:
        options.error("set SEQGEN_DATA, or name a text with --text")
    vocab = len(alphabet(args.text.read_text(encoding="utf-8")))
    works = dict.fromkeys(names, work._replace(text=str(args.text.absolute()), vocab=vocab))
    curves, about = learn(works, args.target, args.turn, args.steps)
    lowest = {name: min(loss for _, loss in curve) for name, curve in curves.items()}
    for name in (name for name, loss in lowest.items() if loss > args.target):
        about[name] += f"; not at {args.target:g} after {args.steps} steps"
    rows = rows_at(curves, args.target, 0.7)
    if lowest and max(lowest.values()) > args.target:
        rows += rows_at(curves, max(lowest.values()), None)
    report(rows, args.json, about, curves)


if __name__ == "__main__":
    main()
