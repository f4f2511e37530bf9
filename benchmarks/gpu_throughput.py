"""How fast a training step is on an NVIDIA GPU: through XLA, through cuDNN (SEQGEN_CUDNN=1), and beside PyTorch.

The work of train_throughput.py, and the same check that all do it: their losses. f32 is f32 for all, no TF32. Needs a
GPU that JAX sees (`pip install "jax[cuda13]"`); for PyTorch's rows its CUDA build.
"""

from __future__ import annotations

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # several processes share the GPU

import jax
from _contenders import meet
from _report import Row, parser, report
from _work import Work
from train_throughput import losses

OURS = ("seqgen f32", "seqgen bf16", "seqgen-cudnn f32", "seqgen-cudnn bf16")
TORCH = ("torch f32", "torch bf16")
WORKS = {512: Work("train", device="cuda"), 1024: Work("train", 2, 1024, 256, device="cuda")}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--only", action="append", choices=(*OURS, *TORCH), help="only these; may repeat (all)")
    options.add_argument("--units", action="append", type=int, choices=WORKS, help="only this width; may repeat (all)")
    options.add_argument("--rounds", type=int, default=5, help="turns of each contender (5)")
    options.add_argument("--steps", type=int, default=20, help="training steps of a turn (20)")
    args = options.parse_args()
    names, works = args.only or [*OURS, *TORCH], [WORKS[units] for units in args.units or WORKS]
    if args.toy:  # on the CPU, to show that it runs
        names, args.rounds, args.steps = args.only or ["seqgen f32", "torch f32"], 1, 2
        works = [Work("train", 1, 16, 4, 8, vocab=11)]
    elif not any(device.platform == "gpu" for device in jax.devices()):
        options.error("JAX sees no GPU here; --toy runs a small step on the CPU")
    rows: list[Row] = []
    about: dict[str, str] = {}
    for work in works:
        shape = f"{work.layers} x {work.units}, batch {work.batch}, window {work.window}"
        meeting = meet(dict.fromkeys(names, work), args.steps, args.rounds)
        rows += meeting.rates(shape, args.steps * work.batch * work.window, "tokens/s")
        for precision in ("f32", "bf16"):
            ours = meeting.fastest([name for name in OURS if name.endswith(precision)])
            rows += meeting.ratio(shape, ours, [f"torch {precision}"], None)
        rows += losses(shape, meeting)
        about |= meeting.about
    report(rows, args.json, {"device": jax.devices()[0].device_kind, **about})


if __name__ == "__main__":
    main()
