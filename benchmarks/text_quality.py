"""How well the shipped text model predicts the held-out end of tiny Shakespeare, which it was not trained on.

Static: the weights do not change while reading. One pass in order, state carried; and, to set beside nanoGPT's
figures, windows of 256 characters that each start without context (its first character is given, 256 are scored).
"""

from __future__ import annotations

from pathlib import Path

from _report import Row, parser, report

from seqgen import Example, evaluation_windows, in_memory, registry
from seqgen.domains import text
from seqgen.training import log_probs

WINDOW = 256


def fresh_windows(model: text.TextModel, held_out: str) -> float:
    """Nats a character over consecutive windows that know nothing of what came before them."""
    ids = model.codec.encode(held_out).steps
    windows = [Example(ids[start : start + WINDOW + 1]) for start in range(0, len(ids) - WINDOW, WINDOW)]
    total, count = 0.0, 0
    batches = evaluation_windows(in_memory(model.codec.spec, windows), 16, WINDOW + 1)
    masks = (batch.valid & ~batch.reset for batch in batches)
    for (log_prob, _), counted in zip(log_probs(model.model, model.params, batches), masks, strict=True):
        total -= float(log_prob[counted].sum(dtype="float64"))
        count += int(counted.sum())
    return total / count


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--model", default="shakespeare", help="another text model (shakespeare)")
    args = options.parse_args()
    model = text.load(args.model)
    if args.toy:
        held_out = "First Citizen:\nBefore we proceed any further, hear me speak.\n" * 10
    else:
        held_out = registry.load_dataset("tiny-shakespeare", "text").valid[0]
    score = model.score(held_out)
    folder = Path(text.DOMAIN.shipped or "", args.model)
    size = sum(path.stat().st_size for path in folder.iterdir()) if folder.is_dir() else 0
    report(
        [
            Row("held out, one pass, state carried", score.nats_per_char, "<=", 1.47, "nats/char"),
            Row("the same in bits", score.bits_per_char, unit="bits/char"),
            Row("held out, windows of 256 without context", fresh_windows(model, held_out), unit="nats/char"),
            Row("characters scored", score.characters),
            Row("on disk", size / 1e6, "<=", 10, "MB"),
        ],
        args.json,
    )


if __name__ == "__main__":
    main()
