"""Writes torch_lstm.json: what torch.nn.LSTM computes for small numbers. Needs torch (the extra `peers`), tests do not.

python tests/oracles/make_torch_vectors.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

LAYERS, INPUTS, UNITS, LENGTHS = 2, 2, 3, (6, 4)


def main() -> None:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)

    def draw(*shape: int) -> torch.Tensor:  # few digits, so that the file holds exactly what was used
        return (torch.randn(*shape) * 0.7).round(decimals=3).requires_grad_()

    lstm = torch.nn.LSTM(INPUTS, UNITS, num_layers=LAYERS, batch_first=True)
    weights = {name: draw(*weight.shape) for name, weight in lstm.named_parameters()}
    rows = len(LENGTHS)
    inputs, hidden, cell = draw(rows, max(LENGTHS), INPUTS), draw(LAYERS, rows, UNITS), draw(LAYERS, rows, UNITS)
    packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, torch.tensor(LENGTHS), batch_first=True)
    outputs, end = torch.func.functional_call(lstm, weights, (packed, (hidden, cell)))
    outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    loss = (outputs**2).sum() + (end[0] * end[1]).sum()
    loss.backward()

    def plain(x: Any) -> Any:
        return [plain(part) for part in x] if isinstance(x, list) else float(f"{x:.9g}")

    given = {"inputs": inputs, "hidden": hidden, "cell": cell}
    data = {
        "lengths": list(LENGTHS),
        "weights": {name: plain(weight.tolist()) for name, weight in weights.items()},
        **{name: plain(x.tolist()) for name, x in given.items()},
        "outputs": plain(outputs.tolist()),
        "end_hidden": plain(end[0].tolist()),
        "end_cell": plain(end[1].tolist()),
        "loss": plain(loss.item()),
        "gradients": {
            "weights": {name: plain(weight.grad.tolist()) for name, weight in weights.items()},
            **{name: plain(x.grad.tolist()) for name, x in given.items()},
        },
    }
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in data.items())
    Path(__file__).with_name("torch_lstm.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
