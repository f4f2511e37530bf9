"""How long the network that translates takes beside PyTorch's, of which ten minutes are the measure: English to French.

Both begin with the same weights and read the same batches of Tatoeba under the same schedule, in turns; that they have
the same loss after as many steps shows that they do the same. All of the training is timed, compilation included. No
dropout: no two libraries drop the same.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from _contenders import entered
from _pair_work import Pairs, save
from _report import Row, parser, report
from _work import Work

from seqgen import registry
from seqgen.batching.items import Items
from seqgen.batching.sources import in_memory
from seqgen.domains.pairs import Pair
from seqgen.domains.pairs.codec import PairCodec

OURS, TORCH = ("seqgen f32", "seqgen bf16"), ("torch f32", "torch bf16")
AIM, APART = 0.83, 0.02


def write_batches(file: Path, toy: bool, rows: int, steps: int) -> int:
    """The first batches of a training; how many symbols a side may have."""
    said = [Pair("He sleeps.", "Il dort."), Pair("She runs fast.", "Elle court."), Pair("Go home.", "Rentre chez toi.")]
    train = said * 8 if toy else registry.dataset("tatoeba").load().train
    codec = PairCodec.fit(train)
    items = Items(in_memory(codec.spec, [codec.encode(pair) for pair in train]), rows)

    def batch(step: int) -> Pairs:
        batch = items.batch(step)
        return Pairs(batch.source, _lengths(batch.source_valid), batch.targets, _lengths(batch.valid))

    save(file, map(batch, range(min(steps, items.per_epoch))))
    return max(codec.spec.size, codec.symbols)


def _lengths(valid: Any) -> Any:
    return valid.sum(axis=1, dtype=np.int32)


def learn(
    works: Mapping[str, Work], seconds: float, turn: int, last: int
) -> tuple[dict[str, float], dict[str, list[float]], dict[str, str]]:
    """The seconds of each and the losses of its steps, until the slowest has had `seconds`, or did `last` steps."""
    taken: dict[str, float] = {}
    nats: dict[str, list[float]] = {}
    with ExitStack() as stack:
        learning, about = entered(stack, works)
        for contender in learning:
            taken[contender.name], nats[contender.name] = 0.0, []
        for done in range(turn, last + 1, turn):
            for contender in learning:
                answer = contender.ask(f"run {turn}")
                taken[contender.name] += answer.seconds
                nats[contender.name] += answer.values
                loss = statistics.mean(answer.values)
                print(f"{contender.name}: step {done}, {taken[contender.name]:.1f} s, {loss:.4f} nats", file=sys.stderr)
            if max(taken.values(), default=seconds) >= seconds:
                break
    return taken, nats, about


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=10, help="of the slowest (10)")
    options.add_argument("--steps", type=int, default=5000, help="length of the schedule; given up after it (5000)")
    options.add_argument("--turn", type=int, default=25, help="steps of a turn (25)")
    options.add_argument("--only", action="append", choices=(*OURS, *TORCH), help="only these; may repeat (f32)")
    args = options.parse_args()
    work = Work("pairs", 1, 512, 128, total=args.steps)
    if args.toy:
        args.steps, args.turn, work = 4, 2, Work("pairs", 1, 16, 4, total=4)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "batches.npz")
        vocab = write_batches(file, args.toy, work.batch, args.steps)
        works = dict.fromkeys(args.only or (OURS[0], TORCH[0]), work._replace(text=str(file), vocab=vocab))
        seconds, nats, about = learn(works, 60 * args.minutes, args.turn, args.steps)
    what = f"English to French, 1 x 512, {max(map(len, nats.values()), default=0):,} steps"
    rows = [Row(f"{what}: {name}", each, unit="s") for name, each in seconds.items()]
    losses = {name: statistics.mean(steps[-args.turn :]) for name, steps in nats.items()}
    rows += [Row(f"{what}: loss of the last turn, {name}", loss, unit="nats") for name, loss in losses.items()]
    for ours, peer in zip(OURS, TORCH, strict=True):
        if ours in seconds and peer in seconds:
            rows.append(Row(f"{what}: {ours} against {peer}", seconds[ours] / seconds[peer], "<=", AIM, "x"))
    if len(losses) > 1:
        apart = max(losses.values()) - min(losses.values())
        rows.append(Row(f"{what}: largest difference of losses", apart, "<=", APART, "nats"))
    report(rows, args.json, about)


if __name__ == "__main__":
    main()
