"""How fast a trained 2 x 512 network makes symbols, beside a PyTorch loop under inference_mode.

Ours is the compiled loop that `seqgen text sample` runs, its symbols brought to the host chunk by chunk. PyTorch's is
the fastest on this machine of nn.LSTM and nn.LSTMCell, on one thread or all. Without PyTorch only ours is timed.
"""

from __future__ import annotations

from _contenders import meet
from _report import Row, parser, report
from _work import Work

# batch: symbols of each row in a turn, the target against PyTorch.
BATCHES: dict[int, tuple[int, float | None]] = {1: (1024, 5.0), 64: (256, 2.5), 256: (128, None)}
OURS, TORCH = ("seqgen f32", "seqgen bf16"), ("torch f32",)


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--only", action="append", choices=(*OURS, *TORCH), help="only these; may repeat (all; toy: f32)"
    )
    options.add_argument("--rounds", type=int, default=5, help="turns of each contender (5)")
    args = options.parse_args()
    rows: list[Row] = []
    about: dict[str, str] = {}
    names = args.only or (["seqgen f32", "torch f32"] if args.toy else [*OURS, *TORCH])
    for batch in [64] if args.toy else BATCHES:
        count, target = BATCHES[batch]
        work = Work("sample", layers=1, units=16, batch=batch) if args.toy else Work("sample", batch=batch)
        count, rounds = (64, 1) if args.toy else (count, args.rounds)
        meeting = meet(dict.fromkeys(names, work), count, rounds, warm=64)
        what = f"2 x 512, batch {batch}"
        rows += meeting.rates(what, batch * count, "symbols/s")
        rows += meeting.ratio(what, meeting.fastest(OURS), TORCH, target)
        about |= {f"{name}, batch {batch}": who for name, who in meeting.about.items()}
    report(rows, args.json, about)


if __name__ == "__main__":
    main()
