"""What all contenders of a speed benchmark do: the same first weights, the same batches, the same numbers for Adam."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
RATE, CLIP, WARMUP, FINAL = 2e-3, 1.0, 100, 0.02
GENERATED = 8  # windows of generated data, then they come again
HELD_OUT, HELD_OUT_ROWS, HELD_OUT_WINDOW = 0.1, 16, 256


class Work(NamedTuple):
    """One job. kind: "train", "pairs" (see `_pair_work`), "sample", or "product", a matrix product [batch, units] x
    [units, window].

    components: of a mixture density over pen offsets; 0 for a softmax over `vocab` symbols.
    text: a file to learn from, all but its last tenth; generated symbols without one.
    total: steps of a warmup and a cosine; 0 for a constant rate.
    device: "cpu" or "cuda"; Flax and Keras take part on the CPU only.
    """

    kind: str
    layers: int = 2
    units: int = 512
    batch: int = 64
    window: int = 128
    vocab: int = 65
    components: int = 0
    precision: str = "f32"
    text: str = ""
    total: int = 0
    seed: int = 0
    device: str = "cpu"

    @property
    def inputs(self) -> int:
        """Width of what the first layer reads: an embedding as wide as the layers, or an offset."""
        return 2 if self.components else self.units

    @property
    def outputs(self) -> int:
        return 6 * self.components or self.vocab

    @property
    def flops(self) -> int:
        """Of a position of a training step: multiplications and additions, forward, and twice that backward."""
        layers = 4 * self.units * (self.inputs + self.units + 2 * self.units * (self.layers - 1))
        return 6 * (layers + self.units * self.outputs)


def first_weights(work: Work) -> dict[str, Any]:
    """table [V, E]; layers: (input [D, 4 H], hidden [H, 4 H], bias [4 H]), gates i, f, g, o; head: (kernel, bias)."""
    random = np.random.default_rng(work.seed)

    def normal(*shape: int, scale: float) -> Floats:
        return random.standard_normal(shape, np.float32) * np.float32(scale)

    def orthogonal(size: int) -> Floats:
        q, r = np.linalg.qr(normal(size, size, scale=1))
        return q * np.sign(np.diag(r))

    layers, below = [], work.inputs
    for _ in range(work.layers):
        hidden = np.concatenate([orthogonal(work.units) for _ in range(4)], axis=1)
        bias = np.zeros(4 * work.units, np.float32)
        bias[work.units : 2 * work.units] = 1
        layers.append((normal(below, 4 * work.units, scale=below**-0.5), hidden, bias))
        below = work.units
    scale = (0.1 if work.components else 1) * work.units**-0.5
    head = normal(work.units, work.outputs, scale=scale), np.zeros(work.outputs, np.float32)
    return {"table": normal(work.vocab, work.units, scale=0.1), "layers": layers, "head": head}


class Window(NamedTuple):
    """inputs and targets: int32 `[B, T]`, or float32 `[B, T, 2]`; fresh: the state starts anew before it."""

    inputs: NDArray[Any]
    targets: NDArray[Any]
    fresh: bool


class Streams:
    """Rows read side by side, window after window; from the start again after the last."""

    def __init__(self, rows: NDArray[Any], window: int) -> None:
        self.rows, self.window = rows, min(window, rows.shape[1] - 1)
        self.count: int = (rows.shape[1] - 1) // self.window

    def __getitem__(self, step: int) -> Window:
        number = step % self.count
        here = slice(number * self.window, (number + 1) * self.window)
        return Window(self.rows[:, :-1][:, here], self.rows[:, 1:][:, here], number == 0)


def alphabet(text: str) -> str:
    return "".join(sorted(set(text)))


def streams(work: Work) -> Streams:
    """What is learned from."""
    if not work.text:
        return Streams(_generated(work), work.window)
    ids = _ids(work)
    return Streams(_side_by_side(ids[: len(ids) - int(len(ids) * HELD_OUT)], work.batch), work.window)


def held_out(work: Work) -> Streams:
    """The last tenth of the text, read once with the state carried on."""
    ids = _ids(work)
    return Streams(_side_by_side(ids[len(ids) - int(len(ids) * HELD_OUT) :], HELD_OUT_ROWS), HELD_OUT_WINDOW)


def rate(work: Work, step: int) -> float:
    """The learning rate, as `seqgen.training.optimizer` has it."""
    if not work.total:
        return RATE
    warm = min(WARMUP, work.total // 10)
    progress = min(max((step - warm) / max(work.total - warm, 1), 0), 1)
    cosine = FINAL + (1 - FINAL) * 0.5 * (1 + float(np.cos(np.pi * progress)))
    return RATE * min((step + 1) / max(warm, 1), cosine)


def _ids(work: Work) -> NDArray[np.int32]:
    text = Path(work.text).read_text(encoding="utf-8")
    known = {letter: number for number, letter in enumerate(alphabet(text))}
    return np.fromiter((known[letter] for letter in text), np.int32, len(text))


def _side_by_side(ids: NDArray[Any], rows: int) -> NDArray[Any]:
    return ids[: len(ids) // rows * rows].reshape(rows, -1)


def _generated(work: Work) -> NDArray[Any]:
    """Something that can be learned: four symbols may follow each, or a hand that turns slowly."""
    random = np.random.default_rng(work.seed + 1)
    length = GENERATED * work.window + 1
    if work.components:
        angle = np.cumsum(random.standard_normal((work.batch, length)) * 0.3, axis=1)
        offsets = np.stack([np.cos(angle), np.sin(angle)], axis=-1) + 0.1 * random.standard_normal((*angle.shape, 2))
        return offsets.astype(np.float32)
    follow = random.integers(work.vocab, size=(work.vocab, 4))
    rows = np.zeros((work.batch, length), np.int32)
    for at in range(1, length):
        rows[:, at] = follow[rows[:, at - 1], random.integers(4, size=work.batch)]
    return rows
